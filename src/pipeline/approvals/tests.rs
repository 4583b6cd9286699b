use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::trust::Request;

fn change(store: &Store, text: &str) -> Result<(), StoreError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let request = Request::root_setup("postCreate", "", &[text.to_owned()]);
    runtime.block_on(store.change(|approvals| approvals.add(request)))
}

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().mode() & 0o7777
}

#[test]
fn what_is_approved_for_one_folder_is_private_and_counts_for_no_other() {
    let root = tempfile::tempdir().unwrap();
    let state = root.path().join("state");
    let store = |folder: &str| Store::of(&state, 1000, Path::new(folder));
    assert_eq!(store("/w").load().unwrap(), Approvals::default());
    assert!(!state.exists(), "reading makes nothing");
    change(&store("/w"), "a").unwrap();
    change(&store("/w"), "b").unwrap();
    assert_eq!(store("/w").load().unwrap().all().count(), 2);
    assert_eq!(store("/other").load().unwrap(), Approvals::default());
    assert_eq!((mode(&state), mode(&store("/w").path())), (0o700, 0o600));
    std::fs::copy(store("/w").path(), store("/other").path()).unwrap();
    assert!(matches!(store("/other").load(), Err(StoreError::Broken { .. })));
}

#[test]
fn a_file_that_others_could_have_written_approves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::of(&root.path().join("state"), 1000, Path::new("/w"));
    change(&store, "a").unwrap();
    let path = store.path();
    let permit = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    for path in [&path, path.parent().unwrap()] {
        permit(path, 0o777);
        let error = store.load().unwrap_err();
        assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
        assert!(error.hint().unwrap().contains("cloister trust"));
        permit(path, 0o700);
    }
    std::fs::write(&path, "{").unwrap();
    let error = store.load().unwrap_err();
    assert!(matches!(error, StoreError::Broken { .. }) && error.hint().unwrap().contains("rm "), "{error}");
    assert!(change(&store, "b").is_err(), "a broken file is not written over");
    let elsewhere = root.path().join("forged");
    std::fs::rename(&path, &elsewhere).unwrap();
    symlink(&elsewhere, &path).unwrap();
    assert!(matches!(store.load(), Err(StoreError::File(_))), "a link is not followed");
}
