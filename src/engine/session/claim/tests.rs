use super::*;
use crate::engine::state::tests::receipt;

#[test]
fn a_folder_belongs_to_one_sandbox_at_a_time() {
    let of = |id: &str, state: State, mount: Option<&str>| Receipt {
        name: id.to_owned(),
        state,
        mount: mount.map(str::to_owned),
        ..receipt(id)
    };
    let receipts = [
        of("own", State::Running, Some("/home/a/web")),
        of("stopped", State::Stopped, Some("/home/a/web")),
        of("api", State::Running, Some("/home/b/api")),
        of("new", State::Starting, Some("/home/c/new")),
        of("none", State::Running, None),
    ];
    let cases = [
        ("/home/a/web", None),
        ("/home/b/api", Some("api")),
        ("/home/b/api/deep", Some("api")),
        ("/home/b", Some("api")),
        ("/home/b/api-2", None),
        ("/home/c/new", Some("new")),
        ("/home/d", None),
    ];
    for (mount, expected) in cases {
        let found = overlapping(&receipts, "own", mount).map(|other| other.name.as_str());
        assert_eq!(found, expected, "{mount}");
    }
}

/// A link stands for a bind mount here: the kernel says of both that it is the same folder.
#[test]
fn a_folder_under_another_name_is_the_same_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    rustix::fs::mkdir(path("web"), rustix::fs::Mode::RWXU).unwrap();
    rustix::fs::mkdir(path("web/in"), rustix::fs::Mode::RWXU).unwrap();
    rustix::fs::mkdir(path("api"), rustix::fs::Mode::RWXU).unwrap();
    rustix::fs::symlink(path("web"), path("again")).unwrap();
    let cases = [
        ("again", "web", true),
        ("web", "again", true),
        ("again/in", "web", true),
        ("web/in", "again", true),
        ("web", "again/in", false),
        ("api", "again", false),
        ("api", "none", false),
        ("none", "api", false),
    ];
    for (inner, outer, lies) in cases {
        assert_eq!(lies_in(&path(inner), &path(outer)), lies, "{inner} in {outer}");
    }
}
