use super::*;

#[test]
fn display_names_are_plain() {
    let cases = [
        ("/home/me/shop-api", "shop-api"),
        ("/home/me/My Project (2)", "my-project-2"),
        ("/srv/--x__y--", "x-y"),
        ("/srv/日本", "workspace"),
        ("/", "workspace"),
    ];
    for (folder, name) in cases {
        assert_eq!(display_name(Path::new(folder)), name, "{folder}");
    }
}

#[test]
fn identity_depends_on_user_and_folder() {
    let first = SandboxId::derive(1000, Path::new("/srv/a"));
    assert_eq!(first, SandboxId::derive(1000, Path::new("/srv/a")));
    assert_ne!(first, SandboxId::derive(1001, Path::new("/srv/a")));
    assert_ne!(first, SandboxId::derive(1000, Path::new("/srv/b")));
    assert_eq!(first.as_str().len(), 12);
    assert_eq!(first.volume_name("cache"), format!("cloister-{}-cache", first.as_str()));
}

#[test]
fn what_comes_from_elsewhere_is_no_path() {
    let own = SandboxId::derive(1000, Path::new("/home/dev/shop"));
    let cases =
        [(own.as_str(), true), ("", false), ("../../secret", false), ("0123456789AB", false), ("0123456789a", false)];
    for (text, is_one) in cases {
        assert_eq!(SandboxId::is_one(text), is_one, "{text}");
    }
}
