#![expect(clippy::disallowed_methods, reason = "adapter: tests make folders")]

use super::*;

#[test]
fn folders_are_made_and_links_are_not_followed() {
    let root = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("there")).unwrap();
    std::fs::write(root.path().join("file"), "").unwrap();
    std::os::unix::fs::symlink(outside.path(), root.path().join("link")).unwrap();
    let cases = [
        ("new/deep", true),
        ("there/new", true),
        ("there", true),
        ("link/new", false),
        ("link", false),
        ("file", false),
    ];
    for (relative, made) in cases {
        assert_eq!(make_below(root.path(), relative, (None, None)).is_ok(), made, "{relative}");
    }
    assert!(root.path().join("new/deep").is_dir());
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
}
