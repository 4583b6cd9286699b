#![expect(clippy::disallowed_methods, reason = "adapter: tests make files")]

use std::os::unix::fs::symlink;

use super::*;

#[test]
fn no_link_leads_to_a_source() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    std::fs::create_dir_all(root.join("real/inner")).unwrap();
    symlink(root.join("real"), root.join("link")).unwrap();
    let cases = [("real", true), ("real/inner", true), ("link", false), ("link/inner", false), ("absent", false)];
    for (path, expected) in cases {
        assert_eq!(Sources::default().open(&root.join(path), "/x").is_ok(), expected, "{path}");
    }
}

#[test]
fn a_source_that_was_replaced_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("work");
    std::fs::create_dir(&path).unwrap();
    let mut sources = Sources::default();
    sources.open(&path, "/work").unwrap();
    sources.unchanged().unwrap();
    std::fs::rename(&path, path.with_extension("old")).unwrap();
    assert!(matches!(sources.unchanged(), Err(SourceError::Replaced { .. })));
    std::fs::create_dir(&path).unwrap();
    assert!(matches!(sources.unchanged(), Err(SourceError::Replaced { .. })));
    std::fs::remove_dir(&path).unwrap();
    symlink(path.with_extension("old"), &path).unwrap();
    assert!(matches!(sources.unchanged(), Err(SourceError::Replaced { .. })));
}

#[test]
fn a_process_is_compared_with_what_was_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    let here = i64::from(std::process::id());
    let mut sources = Sources::default();
    sources.open(&path, &path.to_string_lossy()).unwrap();
    assert!(sources.compare(here).unwrap());
    sources.open(&path, "/").unwrap();
    assert!(matches!(sources.compare(here), Err(SourceError::Different { .. })));
}
