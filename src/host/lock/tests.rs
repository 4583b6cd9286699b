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

#[test]
fn a_file_that_was_removed_locks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    let flags = OFlags::RDWR | OFlags::CREATE;
    let waiting = rustix::fs::open(&path, flags, Mode::RUSR).unwrap();
    assert!(is_at(&waiting, &path));
    rustix::fs::unlink(&path).unwrap();
    assert!(!is_at(&waiting, &path));
    let _holder = Lock::try_take(&path).unwrap().unwrap();
    assert!(!is_at(&waiting, &path));
}

#[test]
fn whether_somebody_holds_it_is_asked_without_a_trace() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    assert!(!Lock::is_held(&path).unwrap());
    assert!(rustix::fs::lstat(&path).is_err());
    let holder = Lock::try_take(&path).unwrap();
    assert!(Lock::is_held(&path).unwrap());
    drop(holder);
    assert!(!Lock::is_held(&path).unwrap());
}

#[test]
fn a_folder_is_locked_as_a_file_is() {
    let folder = tempfile::tempdir().unwrap();
    let holder = Lock::try_take_folder(folder.path()).unwrap();
    assert!(holder.is_some());
    assert!(Lock::try_take_folder(folder.path()).unwrap().is_none());
    drop(holder);
    assert!(Lock::try_take_folder(folder.path()).unwrap().is_some());
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("/", &link).unwrap();
    assert!(Lock::try_take_folder(&link).is_err());
    assert!(Lock::try_take_folder(&folder.path().join("absent")).is_err());
}
