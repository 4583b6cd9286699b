#![expect(clippy::disallowed_methods, reason = "adapter: tests make files")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::control::audit::event::{Control, Gap, Lost, What};
use crate::control::audit::filter::Filter;
use crate::control::audit::read::{Seen, read};
use crate::control::audit::samples::{decision, every_kind, of_guardian, origin, own};
use crate::control::audit::verify::{Verification, verify};

/// Files of about ten entries, of which three are kept.
const SMALL: Sizes = Sizes { file: 3000, files: 3 };

struct Place {
    root: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    fn folder(&self) -> PathBuf {
        self.root.path().join("audit")
    }

    fn file(&self, number: u64) -> PathBuf {
        crate::control::audit::folder::path(&self.folder(), number)
    }

    fn open(&self) -> Log {
        Log::open(&self.folder()).unwrap()
    }

    fn entries(&self) -> Vec<Seen> {
        read(&self.folder(), Filter::default()).map(|seen| seen.unwrap()).collect()
    }

    /// What is in the log, but for the beginnings of files.
    fn whats(&self) -> Vec<What> {
        let whats = self.entries().into_iter().map(|seen| seen.record.what);
        whats.filter(|what| !matches!(what, What::Log(_))).collect()
    }

    fn faults(&self) -> Vec<String> {
        let Verification { faults, .. } = verify(&self.folder()).unwrap();
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        faults
            .iter()
            .map(|fault| format!("{}:{}: {}", name(&fault.path), fault.line.unwrap_or(0), fault.wrong))
            .collect()
    }
}

fn host(number: u64) -> Entry {
    decision(number, &format!("h{number}.test"), true)
}

#[test]
fn what_was_appended_is_read_in_its_order_and_verifies() {
    let place = Place::new();
    let log = place.open();
    // The first entry says that the first file begins.
    assert_eq!(log.append(every_kind()[..5].to_vec()).unwrap(), 2..7);
    assert_eq!(log.append(Vec::new()).unwrap(), 7..7);
    assert_eq!(log.append(vec![own(What::Control(Control::Stopped))]).unwrap(), 7..8);
    let numbers: Vec<u64> = place.entries().iter().map(|seen| seen.record.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7], "while the writer lives");
    drop(log);
    assert_eq!(place.faults(), Vec::<String>::new());
    assert_eq!(verify(&place.folder()).unwrap().span, Some((1, 7)));
    let kept: Vec<What> = every_kind()[..5].iter().map(|entry| entry.what.clone()).collect();
    assert_eq!(place.whats()[..5], kept);
}

#[test]
fn nobody_else_can_read_it() {
    let place = Place::new();
    drop(place.open());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.folder()), 0o700);
    for entry in fs::read_dir(place.folder()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn one_process_writes() {
    let place = Place::new();
    let log = place.open();
    let error = Log::open(&place.folder()).unwrap_err();
    assert!(matches!(error, LogError::Busy { .. }));
    assert_eq!(error.hint().as_deref(), Some("run `cloister shutdown`, then try again"));
    drop(log);
    place.open().append(vec![host(1)]).unwrap();
}

#[test]
fn an_event_of_a_guardian_is_kept_once() {
    let place = Place::new();
    let log = place.open();
    log.append(vec![host(1), host(2)]).unwrap();
    assert_eq!(log.append(vec![host(1), host(2)]).unwrap(), 4..4);
    assert_eq!(log.append(vec![host(2), host(3)]).unwrap(), 4..5);
    assert_eq!((log.last_guardian_event("e1"), log.last_guardian_event("e2")), (3, 0));
    drop(log);
    let log = place.open();
    assert_eq!(log.last_guardian_event("e1"), 3, "after it was opened again");
    let other = Entry { origin: Some(origin("e2", 1)), ..host(1) };
    assert_eq!(log.append(vec![host(3), other]).unwrap(), 5..6);
    assert_eq!((log.last_guardian_event("e1"), log.last_guardian_event("e2")), (3, 1));
}

#[test]
fn events_that_should_have_come_before_are_a_gap() {
    let place = Place::new();
    let log = place.open();
    let gap = |first, last| What::Gap(Gap { epoch: "e1".into(), first, last: Some(last) });
    log.append(vec![host(3), host(4), host(8), of_guardian(12, gap(9, 11)), host(13)]).unwrap();
    let gaps: Vec<What> = place.whats().into_iter().filter(|what| matches!(what, What::Gap(_))).collect();
    assert_eq!(gaps, [gap(1, 2), gap(5, 7), gap(9, 11)]);
    assert_eq!(log.last_guardian_event("e1"), 13);
}

#[test]
fn old_files_go_and_the_log_says_so() {
    let place = Place::new();
    let log = Log::open_sized(&place.folder(), SMALL).unwrap();
    for number in 1..=200 {
        log.append(vec![host(number)]).unwrap();
    }
    drop(log);
    assert_eq!(place.faults(), Vec::<String>::new());
    let files = crate::control::audit::folder::numbers(&place.folder()).unwrap();
    assert_eq!(files.len(), 3, "{files:?}");
    let (first, last) = verify(&place.folder()).unwrap().span.unwrap();
    assert!(first > 100 && last > 200, "{first} to {last}");
    let removed: Vec<(u64, u64)> = place
        .entries()
        .into_iter()
        .filter_map(|seen| match seen.record.what {
            What::Log(beginning) => Some(beginning.removed),
            _ => None,
        })
        .flatten()
        .map(|removed| (removed.file, removed.last + 1))
        .collect();
    assert_eq!(removed.last(), Some(&(files[0] - 1, first)), "what was removed last is what stood before");
    let log = Log::open_sized(&place.folder(), SMALL).unwrap();
    assert_eq!(log.last_guardian_event("e1"), 200);
}

#[test]
fn how_far_a_guardian_was_kept_is_known_after_its_events_are_in_older_files() {
    let place = Place::new();
    let log = Log::open_sized(&place.folder(), SMALL).unwrap();
    log.append(vec![host(1), host(2)]).unwrap();
    for _ in 0..100 {
        log.append(vec![own(What::Control(Control::Stopped))]).unwrap();
    }
    drop(log);
    assert_eq!(Log::open_sized(&place.folder(), SMALL).unwrap().last_guardian_event("e1"), 2);
}

#[test]
fn a_torn_line_is_cut_off_and_told() {
    let place = Place::new();
    place.open().append(vec![host(1), host(2)]).unwrap();
    let whole = fs::read(place.file(1)).unwrap();
    let torn = b"{\"number\":4,\"time\"";
    fs::write(place.file(1), [&whole[..], torn].concat()).unwrap();
    assert_eq!((place.faults(), verify(&place.folder()).unwrap().torn), (Vec::new(), torn.len()));
    place.open().append(vec![host(3)]).unwrap();
    let bytes = torn.len() as u64;
    let expected = [host(1).what, host(2).what, What::Control(Control::Repaired { bytes }), host(3).what];
    assert_eq!(place.whats(), expected);
    assert_eq!(place.faults(), Vec::<String>::new());
}

#[test]
fn a_writer_that_was_killed_while_it_began_a_file_is_followed() {
    for left in [&b""[..], b"{\"number\":"] {
        let place = Place::new();
        place.open().append(vec![host(1)]).unwrap();
        fs::write(place.file(2), left).unwrap();
        fs::set_permissions(place.file(2), fs::Permissions::from_mode(0o600)).unwrap();
        place.open().append(vec![host(2)]).unwrap();
        assert_eq!(place.faults(), Vec::<String>::new(), "{left:?}");
        let hosts = place.whats().into_iter().filter(|what| matches!(what, What::Decision(_)));
        assert_eq!(hosts.collect::<Vec<_>>(), [host(1).what, host(2).what]);
    }
}

#[test]
fn a_tail_that_was_cut_off_is_missing_for_ever() {
    let place = Place::new();
    place.open().append((1..=5).map(host).collect()).unwrap();
    let text = fs::read_to_string(place.file(1)).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    fs::write(place.file(1), lines[..4].concat()).unwrap();
    assert_eq!(place.faults(), ["00000001.jsonl:0: entries 5 to 6 are missing at the end"]);
    place.open().append(vec![host(6)]).unwrap();
    assert_eq!(place.faults(), ["00000002.jsonl:1: entries 5 to 6 are missing before it"]);
    assert!(place.whats().contains(&What::Control(Control::Missing(Lost { first: 5, last: 6 }))));
}

#[test]
fn a_log_that_was_taken_away_is_missing_for_ever() {
    let place = Place::new();
    place.open().append((1..=5).map(host).collect()).unwrap();
    fs::remove_file(place.file(1)).unwrap();
    assert_eq!(place.faults(), ["00000001.jsonl:0: entries 1 to 6 are missing at the end"]);
    let log = place.open();
    assert_eq!(log.append(vec![host(6)]).unwrap().start, 9, "no number is given twice");
    drop(log);
    assert_eq!(
        place.faults(),
        ["00000001.jsonl:1: what stood before this file is missing, and was not removed by the log"]
    );
}

#[test]
fn a_head_that_was_taken_away_is_told() {
    let place = Place::new();
    place.open().append(vec![host(1)]).unwrap();
    fs::remove_file(place.folder().join("head")).unwrap();
    assert_eq!(place.faults(), ["head:0: it is missing: nobody can tell whether the end of the log is"]);
    drop(place.open());
    assert_eq!(place.whats(), [host(1).what, What::Control(Control::EndUnknown)]);
}

#[test]
fn a_last_line_that_was_changed_stays_for_whoever_looks_into_it() {
    let place = Place::new();
    place.open().append(vec![host(1), host(2)]).unwrap();
    let text = fs::read_to_string(place.file(1)).unwrap().replace("h2.test", "x2.test");
    fs::write(place.file(1), &text).unwrap();
    place.open().append(vec![host(3)]).unwrap();
    assert!(fs::read_to_string(place.file(1)).unwrap().starts_with(&text));
    assert_eq!(place.faults(), ["00000001.jsonl:3: entry 3, or what stands before it, was changed"]);
    fs::write(place.file(1), "garbage\n").unwrap();
    drop(place.open());
    assert!(!place.faults().is_empty());
}

#[test]
fn nothing_but_own_files_is_written() {
    let place = Place::new();
    drop(place.open());
    let target = place.root.path().join("target");
    fs::rename(place.file(1), &target).unwrap();
    symlink(&target, place.file(1)).unwrap();
    let error = Log::open(&place.folder()).unwrap_err();
    assert!(matches!(error, LogError::Folder(FolderError::Open { .. })), "{error:?}");
    assert!(error.hint().unwrap().starts_with("move `"));
    fs::remove_file(place.file(1)).unwrap();
    fs::rename(&target, place.file(1)).unwrap();
    fs::set_permissions(place.file(1), fs::Permissions::from_mode(0o666)).unwrap();
    assert!(matches!(Log::open(&place.folder()), Err(LogError::Folder(FolderError::Shared { .. }))));
    fs::set_permissions(place.file(1), fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(place.folder(), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(Log::open(&place.folder()), Err(LogError::Private(_))));
}

#[test]
fn many_threads_append_without_a_gap() {
    let place = Place::new();
    let log = Log::open_sized(&place.folder(), Sizes { file: 100_000, files: 1000 }).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    log.append(vec![own(What::Control(Control::Stopped))]).unwrap();
                }
            });
        }
    });
    drop(log);
    assert_eq!(place.faults(), Vec::<String>::new());
    assert_eq!(place.whats().len(), 2000);
}
