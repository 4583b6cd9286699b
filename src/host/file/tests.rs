#![expect(clippy::disallowed_methods, reason = "adapter: tests make files")]

use std::os::unix::fs::symlink;

use super::*;

#[test]
fn what_was_written_is_read_with_the_permissions_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    write(&path, b"one", 0o600).unwrap();
    write(&path, b"two", 0o644).unwrap();
    assert_eq!(read(&path, 3).unwrap(), b"two");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn only_small_regular_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(&at("large"), &[0; 11], 0o600).unwrap();
    symlink(at("large"), at("link")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    assert!(matches!(read(&at("large"), 10), Err(FileError::TooLarge { limit: 10, .. })));
    assert!(matches!(read(&at("link"), 100), Err(FileError::Open { .. })));
    assert!(matches!(read(&at("pipe"), 100), Err(FileError::NotRegular { .. })));
    assert!(matches!(read(folder.path(), 100), Err(FileError::NotRegular { .. })));
    assert!(read(&at("absent"), 100).unwrap_err().is_absent());
}

#[test]
fn text_is_utf8() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    write(&path, b"\xff", 0o600).unwrap();
    assert!(matches!(read_text(&path, 10), Err(FileError::Read { .. })));
}
