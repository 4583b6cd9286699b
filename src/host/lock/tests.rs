use super::*;

#[test]
fn a_lock_is_held_by_one_and_free_once_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    let first = Lock::try_take(&path).unwrap();
    assert!(first.is_some());
    assert!(Lock::try_take(&path).unwrap().is_none());
    drop(first);
    assert!(Lock::try_take(&path).unwrap().is_some());
}

#[test]
fn a_lock_file_is_never_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("lock");
    std::os::unix::fs::symlink(folder.path().join("elsewhere"), &link).unwrap();
    assert!(Lock::try_take(&link).is_err());
}
