#![expect(clippy::disallowed_methods, reason = "adapter: tests make folders")]

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

#[test]
fn everything_goes_but_what_links_lead_to() {
    let around = tempfile::tempdir().unwrap();
    let (home, kept) = (around.path().join("home"), around.path().join("kept"));
    std::fs::create_dir_all(home.join("go/pkg/mod")).unwrap();
    std::fs::create_dir_all(home.join(".0/in")).unwrap();
    std::fs::write(home.join(".1"), "").unwrap();
    std::fs::create_dir(&kept).unwrap();
    std::fs::write(kept.join("file"), "").unwrap();
    std::fs::set_permissions(&kept, Permissions::from_mode(0o555)).unwrap();
    std::fs::write(home.join("go/pkg/mod/file"), "").unwrap();
    symlink(&kept, home.join("link")).unwrap();
    symlink(&kept, home.join("go/pkg/link")).unwrap();
    for (folder, mode) in [("go/pkg/mod", 0o000), ("go/pkg", 0o500), ("go", 0o500)] {
        std::fs::set_permissions(home.join(folder), Permissions::from_mode(mode)).unwrap();
    }
    remove(&home).unwrap();
    assert!(!home.exists() && kept.join("file").exists());
    assert_eq!(kept.metadata().unwrap().permissions().mode() & 0o777, 0o555);
    remove(&home).unwrap();
    symlink(&kept, &home).unwrap();
    remove(&home).unwrap();
    assert!(home.symlink_metadata().is_err() && kept.join("file").exists());
}

/// Makes folders in each other; their path is longer than any that the kernel takes.
fn dig(folder: &Path, levels: usize) {
    let mut folder = open(CWD, folder).unwrap();
    let name = "n".repeat(200);
    for _ in 0..levels {
        rustix::fs::mkdirat(&folder, name.as_str(), Mode::RWXU).unwrap();
        folder = rustix::fs::openat(&folder, name.as_str(), OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).unwrap();
    }
}

#[test]
fn folders_in_each_other_go_however_many() {
    let around = tempfile::tempdir().unwrap();
    let home = around.path().join("home");
    std::fs::create_dir_all(home.join("beside")).unwrap();
    dig(&home, 20_000);
    dig(&home.join("beside"), 2_000);
    remove(&home).unwrap();
    assert!(!home.exists());
}

#[test]
fn what_is_mounted_in_a_folder_is_not_entered_and_keeps_nothing_else() {
    let around = tempfile::tempdir().unwrap();
    let home = around.path().join("home");
    for folder in ["a/deep", "b/deep"] {
        std::fs::create_dir_all(home.join(folder)).unwrap();
    }
    std::fs::write(home.join("file"), "").unwrap();
    // Every folder is on another device than this one.
    let mut removal = Removal { device: 0, ..Removal::of(&home).unwrap() };
    removal.everything();
    assert_eq!(removal.failed.map(|(_, error)| error), Some(Errno::XDEV));
    assert!(home.join("a/deep").exists() && home.join("b/deep").exists() && !home.join("file").exists());
}
