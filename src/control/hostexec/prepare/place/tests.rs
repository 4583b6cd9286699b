use super::*;

#[test]
fn paths_of_the_sandbox_have_a_place_below_the_workspace_or_none() {
    let place = |target: &str| Place { target: target.to_owned(), source: "/src".into(), agents_write: true };
    let cases = [
        ("/workspaces/web", "/workspaces/web", Some(".")),
        ("/workspaces/web", "/workspaces/web/", Some(".")),
        ("/workspaces/web", "/workspaces/web//", Some(".")),
        ("/workspaces/web", "/workspaces/web/a/b", Some("a/b")),
        // never an absolute path, which openat2 would refuse
        ("/workspaces/web", "/workspaces/web//etc", Some("etc")),
        ("/workspaces/web", "/workspaces/web2", None),
        ("/workspaces/web", "/workspaces", None),
        ("/workspaces/web", "/etc", None),
        ("/workspaces/web", "in/../..", Some("in/../..")),
        ("/workspaces/web", "", Some(".")),
        ("/", "/a", Some("a")),
    ];
    for (target, path, below) in cases {
        assert_eq!(place(target).below(path), below.map(Path::new), "{target} {path}");
    }
}
