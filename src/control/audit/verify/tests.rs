#![expect(clippy::disallowed_methods, reason = "adapter: tests make files")]

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::control::audit::log::{Log, Sizes};
use crate::control::audit::samples::decision;

const SMALL: Sizes = Sizes { file: 2000, files: 100 };

fn written(entries: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open_sized(folder.path(), SMALL).unwrap();
    for event in 1..=entries {
        log.append(vec![decision(event, "example.com", true)]).unwrap();
    }
    folder
}

fn faults(folder: &Path) -> Vec<String> {
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let faults = verify(folder).unwrap().faults;
    faults.iter().map(|fault| format!("{}:{}: {}", name(&fault.path), fault.line.unwrap_or(0), fault.wrong)).collect()
}

#[test]
fn where_there_is_no_log_nothing_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(verify(folder.path()).unwrap(), Verification::default());
    assert_eq!(verify(&folder.path().join("absent")).unwrap(), Verification::default());
}

#[test]
fn any_file_that_is_missing_is_named() {
    let files = folder::numbers(written(60).path()).unwrap();
    assert!(files.len() > 5, "{files:?}");
    for gone in files {
        let folder = written(60);
        fs::remove_file(folder::path(folder.path(), gone)).unwrap();
        let faults = faults(folder.path());
        assert!(faults.iter().any(|fault| fault.contains("missing")), "{gone}: {faults:?}");
    }
}

#[test]
fn a_byte_that_is_flipped_anywhere_is_found() {
    let folder = written(12);
    let mut paths: Vec<PathBuf> =
        folder::numbers(folder.path()).unwrap().iter().map(|file| folder::path(folder.path(), *file)).collect();
    paths.push(folder.path().join("head"));
    for path in paths {
        let whole = fs::read(&path).unwrap();
        for at in (0..whole.len()).step_by(7).chain([whole.len() - 1]) {
            let mut flipped = whole.clone();
            flipped[at] ^= 0x20;
            fs::write(&path, &flipped).unwrap();
            assert!(!faults(folder.path()).is_empty(), "{} at {at}", path.display());
        }
        fs::write(&path, &whole).unwrap();
    }
    assert_eq!(faults(folder.path()), Vec::<String>::new());
}

#[test]
fn faults_are_counted_and_not_all_told() {
    let folder = written(1);
    let path = folder::path(folder.path(), 1);
    fs::write(&path, "garbage\n".repeat(500)).unwrap();
    let found = verify(folder.path()).unwrap();
    assert_eq!((found.faults.len(), found.more), (FAULT_LIMIT, 401));
}

#[test]
fn a_log_is_whole_at_any_moment_while_it_is_written_and_old_files_go() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open_sized(folder.path(), Sizes { file: 20_000, files: 3 }).unwrap();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for event in 1..=2000 {
                log.append(vec![decision(event, "example.com", true)]).unwrap();
            }
            is_over.store(true, Ordering::Relaxed);
        });
        while !is_over.load(Ordering::Relaxed) {
            assert_eq!(faults(folder.path()), Vec::<String>::new());
        }
    });
    drop(log);
    assert_eq!(faults(folder.path()), Vec::<String>::new());
}
