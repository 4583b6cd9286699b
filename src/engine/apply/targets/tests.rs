#![expect(clippy::disallowed_methods, reason = "adapter: tests make folders")]

use std::os::fd::AsFd;

use super::*;
use crate::engine::fixture;
use crate::plan::model::Mount;

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
    let folder = std::fs::File::open(root.path()).unwrap();
    for (relative, made) in cases {
        assert_eq!(make_below(folder.as_fd(), relative, (None, None)).is_ok(), made, "{relative}");
    }
    assert!(root.path().join("new/deep").is_dir());
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn what_lies_in_a_folder_of_the_host_is_made_there() {
    let mut container = fixture::container();
    let volume = container.mounts[2].clone();
    for target in ["/workspaces/web/node_modules", "/workspaces/web/node_modules/.cache", "/home/agent/.npm", "/other"]
    {
        container.mounts.push(Mount { target: target.to_owned(), ..volume.clone() });
    }
    let expected = |folder: &'static str| {
        let mut expected = BTreeSet::from([("/workspaces/web", "node_modules"), ("/home/agent", ".npm")]);
        expected.extend((folder != "/elsewhere").then_some(("/workspaces/web", "app/deep")));
        expected
    };
    let at = |folder: &str| Workspace {
        clone: None,
        source: Some("/home/a/web".to_owned()),
        target: "/workspaces/web".to_owned(),
        folder: folder.to_owned(),
    };
    for folder in ["/workspaces/web/app/deep", "/elsewhere"] {
        assert_eq!(needed(&container, &at(folder)), expected(folder));
    }
    // The working directory is the workspace itself, or a mount in it.
    for folder in ["/workspaces/web", "/workspaces/web/node_modules"] {
        assert_eq!(needed(&container, &at(folder)), expected("/elsewhere"), "{folder}");
    }
}

/// WS-024: the agent of the sandbox before may still be taking names away.
#[test]
fn what_is_gone_since_the_plan_is_said_and_not_made() {
    let root = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/tmp", root.path().join("link")).unwrap();
    let workspace = Workspace {
        clone: None,
        source: Some(root.path().to_str().unwrap().to_owned()),
        target: "/workspaces/web".to_owned(),
        folder: "/workspaces/web".to_owned(),
    };
    for (path, gone) in [(".mcp.json", true), ("link/x", false)] {
        let mut covers = [Cover { path: path.to_owned(), made: !gone, identity: None }];
        let error = make_covers(&fixture::container(), &workspace, &mut covers).unwrap_err();
        assert_eq!(matches!(error, ApplyError::Gone { .. }), gone, "{error}");
        assert!(error.hint().is_some());
    }
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
}
