use super::*;

#[test]
fn a_folder_that_is_mounted_keeps_its_place() {
    let cases = [
        ("/repo", "/repo", "/repo/a/b", Some("/inside/a/b")),
        ("/repo/web", "/repo", "/repo/web/src", Some("/inside/web/src")),
        ("/repo", "/repo/web", "/repo/web/src", Some("/inside/src")),
        ("/repo", "/repo/web", "/repo/api", None),
        ("/repo", "/repo", "/repo", None),
        ("/repo/web", "/repo", "/repo/api", Some("/inside/api")),
        ("/repo/web", "/repo", "/repo", Some("/inside")),
        ("/repo", "/repo", "/repository/a", None),
        ("/repo", "/repo", "/elsewhere", None),
    ];
    for (opened, source, folder, expected) in cases {
        let found = mapped(Path::new(opened), (Path::new(source), "/inside"), Path::new(folder));
        assert_eq!(found.as_deref(), expected, "{opened} {source} {folder}");
    }
}
