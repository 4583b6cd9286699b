#![expect(clippy::disallowed_methods, reason = "adapter: tests make files")]

use std::os::unix::fs::symlink;

use super::*;

#[test]
fn nothing_is_reached_through_a_link_and_no_pipe_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    let (root, outside) = (path.join("root"), path.join("outside"));
    std::fs::create_dir_all(root.join("in")).unwrap();
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("secret"), "s").unwrap();
    std::fs::write(root.join("in/file"), "four").unwrap();
    symlink(&outside, root.join("out")).unwrap();
    symlink("in", root.join("short")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, root.join("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();

    let opened = Root::open(&root).unwrap();
    let read = |name: &str| opened.read(Path::new(name), 3).map_err(|_error| ());
    assert_eq!(read("in/file"), Ok(Some(b"fou".to_vec())));
    assert_eq!(read("in/none"), Ok(None));
    for name in ["out/secret", "short/file", "../outside/secret", "pipe", "in"] {
        assert_eq!(read(name), Err(()), "{name}");
    }
    let kind_of = |name: &str| opened.status(Path::new(name)).map(|found| found.as_ref().map(kind));
    assert_eq!(kind_of("out"), Ok(Some(FileType::Symlink)));
    assert_eq!(kind_of("pipe"), Ok(Some(FileType::Fifo)));
    for name in ["out/secret", "in/file/x", "none/x"] {
        assert_eq!(kind_of(name), Ok(None), "{name}");
    }
    assert!(opened.list(Path::new("short")).is_err() && opened.list(Path::new("")).is_ok());
    assert!(Root::open(&root.join("short")).is_err());
}

/// An agent that puts something in the place of a folder that was just made gets nothing given to anybody.
#[test]
fn only_the_folder_that_was_made_is_given_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    std::fs::create_dir_all(path.join("full/in")).unwrap();
    std::fs::create_dir(path.join("empty")).unwrap();
    symlink(path.join("empty"), path.join("link")).unwrap();
    let root = Root::open(&path).unwrap();
    let nobody = (None, None);
    for there in ["full", "empty", "link"] {
        let made = make_folder(&root.0, OsStr::new(there), nobody);
        assert_eq!(made.err(), Some(Errno::EXIST), "{there}");
    }
    assert!(make_folder(&root.0, OsStr::new("new"), nobody).is_ok() && path.join("new").is_dir());
    assert_eq!(
        give(root.list(Path::new("full")).unwrap(), nobody).err(),
        Some(Errno::EXIST),
        "somebody's, moved there"
    );
    assert!(give(root.list(Path::new("empty")).unwrap(), nobody).is_ok());
}

/// What a link may do is the caller's choice, and out of the folder it leads with none.
#[test]
fn links_do_what_the_caller_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    let (root, outside) = (path.join("root"), path.join("outside"));
    std::fs::create_dir_all(root.join("in")).unwrap();
    std::fs::write(root.join("in/file"), "inside").unwrap();
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("file"), "outside").unwrap();
    symlink("in", root.join("near")).unwrap();
    symlink("/in", root.join("absolute")).unwrap();
    symlink("../outside", root.join("away")).unwrap();
    symlink(&outside, root.join("far")).unwrap();
    symlink("/proc/self/root", root.join("magic")).unwrap();
    let root = Root::open(&root).unwrap();
    let cases = [
        ("in/file", [true, true, true]),
        ("near/file", [false, true, true]),
        ("absolute/file", [false, false, true]),
        ("in/../near/file", [false, true, true]),
        ("away/file", [false; 3]),
        ("far/file", [false; 3]),
        ("magic/etc/passwd", [false; 3]),
        ("../outside/file", [false; 3]),
    ];
    for (name, expected) in cases {
        let opened = [Links::Refused, Links::Within, Links::Rooted].map(|links| open(&root.0, name, READ, links));
        let read = opened.map(|opened| opened.ok().and_then(|opened| regular(opened, 9).unwrap()));
        assert!(read.iter().flatten().all(|bytes| bytes == b"inside"), "{name} is of the folder");
        assert_eq!(read.map(|bytes| bytes.is_some()), expected, "{name}");
    }
}
