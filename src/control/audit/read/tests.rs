#![expect(clippy::disallowed_methods, reason = "adapter: tests make files")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::control::audit::event::{Closed, Failed, What};
use crate::control::audit::log::{Log, Sizes};
use crate::control::audit::samples::{decision, of_guardian};

fn numbers(reading: &mut Reading) -> Vec<u64> {
    reading.map(|seen| seen.unwrap().record.number).collect()
}

fn open(folder: &Path, file: u64) -> Log {
    Log::open_sized(folder, Sizes { file, files: 100 }).unwrap()
}

#[test]
fn a_reader_follows_the_writer_across_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut reading = read(folder.path(), Filter::default());
    assert_eq!((numbers(&mut reading), reading.is_empty()), (Vec::new(), true));
    let log = open(folder.path(), 2000);
    let mut seen = Vec::new();
    for event in 1..=100 {
        log.append(vec![decision(event, "example.com", true)]).unwrap();
        if event % 7 == 0 {
            seen.extend(numbers(&mut reading));
        }
    }
    drop(log);
    seen.extend(numbers(&mut reading));
    let last = u64::try_from(seen.len()).unwrap();
    assert!(last > 105, "several files");
    assert_eq!(seen, (1..=last).collect::<Vec<_>>());
}

#[test]
fn a_reader_that_is_far_behind_goes_on_with_what_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open_sized(folder.path(), Sizes { file: 1000, files: 2 }).unwrap();
    let mut reading = read(folder.path(), Filter::default());
    log.append(vec![decision(1, "example.com", true)]).unwrap();
    assert_eq!(numbers(&mut reading), [1, 2]);
    for event in 2..=100 {
        log.append(vec![decision(event, "example.com", true)]).unwrap();
    }
    drop(log);
    let rest = numbers(&mut reading);
    assert!(rest.is_sorted() && rest.last() > Some(&100), "{rest:?}");
    assert_eq!(numbers(&mut reading), Vec::<u64>::new());
}

#[test]
fn half_a_line_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path(), 1 << 20).append(vec![decision(1, "example.com", true)]).unwrap();
    let path = folder::path(folder.path(), 1);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 10]).unwrap();
    let mut reading = read(folder.path(), Filter::default());
    assert_eq!(numbers(&mut reading), [1]);
    fs::write(&path, &whole).unwrap();
    assert_eq!(numbers(&mut reading), [2]);
}

/// A write that failed in the middle is taken back, and something else stands there later.
#[test]
fn what_is_taken_back_under_the_reader_does_not_confuse_it() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path(), 1 << 20).append((1..=4).map(|event| decision(event, "example.com", true)).collect()).unwrap();
    let path = folder::path(folder.path(), 1);
    let whole = fs::read(&path).unwrap();
    let mut reading = read(folder.path(), Filter::default());
    assert_eq!(numbers(&mut reading), [1, 2, 3, 4, 5]);
    let two = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1).unwrap().0 + 1;
    fs::write(&path, &whole[..two]).unwrap();
    assert_eq!(numbers(&mut reading), Vec::<u64>::new());
    fs::remove_file(folder.path().join("head")).unwrap();
    let later = (2..=9).map(|event| decision(event, "much-longer.example.com", true)).collect();
    open(folder.path(), 1 << 20).append(later).unwrap();
    assert_eq!(numbers(&mut reading), [6, 7, 8, 9, 10, 11]);
}

#[test]
fn a_broken_line_is_told_and_those_after_it_are_read() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path(), 1 << 20).append((1..=4).map(|event| decision(event, "example.com", true)).collect()).unwrap();
    let path = folder::path(folder.path(), 1);
    let text = fs::read_to_string(&path).unwrap().replacen("\"number\":3", "\"numb\":3", 1);
    fs::write(&path, text).unwrap();
    let read: Vec<String> = read(folder.path(), Filter::default())
        .map(|seen| seen.map_or_else(|error| error.to_string(), |seen| seen.record.number.to_string()))
        .collect();
    assert_eq!(read, ["1", "2", &format!("line 3 of `{}` is no entry of the log", path.display()), "4", "5"]);
}

#[test]
fn a_flood_without_a_newline_is_no_entry_and_takes_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder::path(folder.path(), 1);
    fs::write(&path, vec![b'x'; 5 << 20]).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let mut lines = Lines::open(folder.path(), 1).unwrap().unwrap();
    assert_eq!(lines.next().unwrap(), Next::Line);
    assert_eq!(lines.line().len(), 2 << 20);
}

#[test]
fn what_follows_a_decision_is_told_with_where_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let closed = |connection| What::Closed(Closed { connection, address: None, sent: 1, received: 1, milliseconds: 1 });
    let entries = vec![
        decision(1, "a.test", true),
        decision(2, "b.test", false),
        of_guardian(3, What::Failed(Failed { connection: 1, reason: "dns".into() })),
        of_guardian(4, closed(1)),
        of_guardian(5, closed(1)),
        of_guardian(6, closed(2)),
    ];
    open(folder.path(), 1 << 20).append(entries).unwrap();
    let places: Vec<_> = read(folder.path(), Filter::default()).map(|seen| seen.unwrap().connected).collect();
    let a = Some(("a.test".to_owned(), 443));
    assert_eq!(places, [None, None, None, a.clone(), a, None, None]);
    let filter = Filter { host: Some("a.test".into()), ..Filter::default() };
    assert_eq!(numbers(&mut read(folder.path(), filter)), [2, 4, 5]);
}
