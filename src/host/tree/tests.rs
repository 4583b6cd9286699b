use std::os::unix::fs::symlink;

use super::*;

#[test]
fn everything_goes_but_what_links_lead_to() {
    let around = tempfile::tempdir().unwrap();
    let (home, kept) = (around.path().join("home"), around.path().join("kept"));
    std::fs::create_dir_all(home.join("go/pkg/mod")).unwrap();
    std::fs::create_dir(&kept).unwrap();
    std::fs::write(kept.join("file"), "").unwrap();
    std::fs::write(home.join("go/pkg/mod/file"), "").unwrap();
    symlink(&kept, home.join("link")).unwrap();
    for folder in ["go/pkg/mod", "go/pkg", "go"] {
        std::fs::set_permissions(home.join(folder), Permissions::from_mode(0o500)).unwrap();
    }
    remove(&home).unwrap();
    assert!(!home.exists() && kept.join("file").exists());
    remove(&home).unwrap();
}

#[test]
fn folders_are_opened_up_for_their_owner_alone() {
    let home = tempfile::tempdir().unwrap();
    let (inner, outside) = (home.path().join("a/b"), tempfile::tempdir().unwrap());
    std::fs::create_dir_all(&inner).unwrap();
    symlink(outside.path(), inner.join("link")).unwrap();
    std::fs::set_permissions(outside.path(), Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(&inner, Permissions::from_mode(0o555)).unwrap();
    open_up(home.path()).unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&inner), mode(outside.path())), (0o700, 0o755));
}
