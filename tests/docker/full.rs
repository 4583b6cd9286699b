//! The audit log on a disk that is really full: a file system of a few hundred kilobytes, which only root can mount.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use cloister::control::audit::event::{Entry, Origin};
use cloister::control::audit::filter::Filter;
use cloister::control::audit::read::read;
use cloister::control::audit::verify::verify;
use cloister::control::audit::{Log, LogError};

use crate::decided::decided;

/// How long the log may take until it works again.
const PATIENCE: Duration = Duration::from_secs(30);

/// A small disk; unmounted when it is dropped.
struct Disk {
    place: tempfile::TempDir,
}

impl Disk {
    fn new() -> Self {
        let disk = Self { place: tempfile::tempdir().unwrap() };
        let size = ["-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs"];
        let status = Command::new("mount").args(size).arg(disk.place.path()).status().unwrap();
        assert!(status.success(), "this test mounts a file system, and needs root");
        disk
    }

    fn folder(&self) -> PathBuf {
        self.place.path().join("audit")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.place.path()).status();
    }
}

fn request(event: u64) -> Entry {
    let what = decided(event, &format!("h{event}.test"), true);
    let origin = Some(Origin { epoch: "e1".into(), event });
    Entry { time: 1_790_000_000_000, sandbox: None, origin, what }
}

/// Appends until nothing more fits; returns the last event that was acknowledged.
fn fill(log: &Log, mut event: u64) -> u64 {
    loop {
        match log.append((event + 1..=event + 7).map(request).collect()) {
            Ok(_) => event += 7,
            Err(LogError::Closed { source, .. }) => {
                assert_eq!(source.kind(), ErrorKind::StorageFull, "{source}");
                return event;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

fn events(folder: &Path) -> Vec<u64> {
    read(folder, Filter::default()).filter_map(|seen| Some(seen.unwrap().record.origin?.event)).collect()
}

#[test]
fn a_full_disk_refuses_what_is_new_and_loses_nothing_of_what_was_kept() {
    let disk = Disk::new();
    let log = Log::open(&disk.folder()).unwrap();
    let ballast = disk.place.path().join("ballast");
    std::fs::write(&ballast, vec![0; 100_000]).unwrap();
    let kept = fill(&log, 0);
    assert!(kept > 100, "{kept}");
    for _ in 0..3 {
        let error = log.append((kept + 1..=kept + 60).map(request).collect()).unwrap_err();
        assert!(error.hint().unwrap().contains("make room on the disk"), "{error:?}");
    }
    assert_eq!(events(&disk.folder()), (1..=kept).collect::<Vec<_>>());
    std::fs::remove_file(&ballast).unwrap();
    // What could not get on disk is tried again by itself.
    let begun = Instant::now();
    while log.append(vec![request(kept + 1)]).is_err() {
        assert!(begun.elapsed() < PATIENCE, "it does not work again: {:?}", log.trouble());
        std::thread::sleep(Duration::from_millis(50));
    }
    let kept = fill(&log, kept + 1);
    drop(log);
    assert_eq!(events(&disk.folder()), (1..=kept).collect::<Vec<_>>());
    assert_eq!(verify(&disk.folder()).unwrap().faults, Vec::new());
}

#[test]
fn a_log_on_a_full_disk_is_not_opened_and_not_harmed() {
    let disk = Disk::new();
    let ballast = disk.place.path().join("ballast");
    std::fs::write(&ballast, vec![0; 100_000]).unwrap();
    let kept = fill(&Log::open(&disk.folder()).unwrap(), 0);
    std::fs::write(disk.place.path().join("more"), vec![0; 1 << 20]).unwrap_err();
    let error = Log::open(&disk.folder()).unwrap_err();
    assert!(error.hint().unwrap().contains("make room on the disk"), "{error:?}");
    assert_eq!(events(&disk.folder()), (1..=kept).collect::<Vec<_>>());
    std::fs::remove_file(&ballast).unwrap();
    Log::open(&disk.folder()).unwrap();
    assert_eq!(events(&disk.folder()), (1..=kept).collect::<Vec<_>>());
    assert_eq!(verify(&disk.folder()).unwrap().faults, Vec::new());
}
