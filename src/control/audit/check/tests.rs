use proptest::prelude::*;

use super::*;
use crate::control::audit::event::Entry;
use crate::control::audit::samples::{decision, every_kind, files};

type Files = Vec<Vec<Vec<u8>>>;

fn log(entries: u64, size: usize) -> Files {
    files((1..=entries).map(|event| decision(event, &format!("h{event}.test"), event % 3 > 0)), size)
}

fn head(files: &Files) -> Option<(u64, Chain)> {
    let line = files.last().and_then(|lines| lines.last()).and_then(|line| Line::parse(line))?;
    Some((line.record.number, line.chain))
}

/// Returns `file:line: what` for everything that is wrong.
fn check(files: &[(u64, Vec<Vec<u8>>)], head: Option<(u64, Chain)>) -> Vec<String> {
    let mut checker = Checker::new(head);
    let mut found = Vec::new();
    for (file, lines) in files {
        for (at, line) in (1..).zip(lines) {
            let wrong = if at == 1 { checker.beginning(*file, line) } else { checker.line(line) };
            found.extend(wrong.map(|wrong| format!("{file}:{at}: {wrong}")));
        }
    }
    let numbers: Vec<u64> = files.iter().map(|(file, _)| *file).collect();
    found.extend(checker.missing_files(&numbers).iter().map(|file| format!("{file}: {}", Wrong::NoFile)));
    found.extend((!checker.is_beginning_known()).then(|| Wrong::NotRemoved.to_string()));
    found.extend(checker.cut_off().map(|lost| Wrong::CutOff(lost).to_string()));
    found.extend(checker.is_head_before().then(|| Wrong::HeadChanged.to_string()));
    found
}

fn numbered(files: Files) -> Vec<(u64, Vec<Vec<u8>>)> {
    (1..).zip(files).collect()
}

/// Checks a log after something was done to its lines; three files of four lines each, the beginnings included.
fn after(change: impl FnOnce(&mut Files)) -> Vec<String> {
    let mut files = log(9, 3);
    let head = head(&files);
    change(&mut files);
    check(&numbered(files), head)
}

#[test]
fn what_was_written_is_right() {
    assert_eq!(after(|_| {}), Vec::<String>::new());
    let every = files(every_kind().into_iter().filter(|entry| entry.what.kind() != "log"), 7);
    let head = head(&every);
    assert_eq!(check(&numbered(every), head), Vec::<String>::new());
    assert_eq!(check(&[], None), Vec::<String>::new());
}

#[test]
fn each_change_is_named_where_it_is() {
    let dropped = after(|files| drop(files[1].remove(2)));
    assert_eq!(dropped, ["2:3: entry 7 is missing before it"]);
    let several = after(|files| drop(files[1].drain(1..3)));
    assert_eq!(several, ["2:2: entries 6 to 7 are missing before it"]);
    let swapped = after(|files| files[0].swap(1, 2));
    assert_eq!(swapped, ["1:2: entry 2 is missing before it", "1:3: entry 2 stands where entry 4 should"]);
    let twice = after(|files| {
        let line = files[0][1].clone();
        files[0].insert(2, line);
    });
    assert_eq!(twice, ["1:3: entry 2 stands where entry 3 should"]);
    let last = after(|files| drop(files[2].pop()));
    assert_eq!(last, ["entry 12 is missing at the end"]);
    let changed = after(|files| {
        let text = String::from_utf8(files[1][1].clone()).unwrap();
        files[1][1] = text.replace("h4.test", "h5.test").into_bytes();
    });
    assert_eq!(changed, ["2:2: entry 6, or what stands before it, was changed"]);
    let broken = after(|files| files[1][1].truncate(20));
    assert_eq!(broken, ["2:2: it is no entry of the log", "2:3: entry 6 is missing before it"]);
}

#[test]
fn a_file_that_is_missing_is_named() {
    let whole = numbered(log(9, 3));
    let end = head(&whole.iter().map(|(_, lines)| lines.clone()).collect());
    let without = |gone: usize| {
        let mut files = whole.clone();
        files.remove(gone);
        check(&files, end.clone())
    };
    assert_eq!(
        without(0),
        ["1: the file is missing", "what stood before this file is missing, and was not removed by the log"]
    );
    assert_eq!(without(1), ["3:1: entries 5 to 8 are missing before it", "2: the file is missing"]);
    assert_eq!(without(2), ["entries 9 to 12 are missing at the end"]);
    assert_eq!(check(&[], end), ["entries 1 to 12 are missing at the end"]);
}

#[test]
fn a_file_in_place_of_another_one_is_found() {
    let mut files = numbered(log(9, 3));
    let end = head(&files.iter().map(|(_, lines)| lines.clone()).collect());
    files[1].1 = files[0].1.clone();
    assert!(!check(&files, end).is_empty());
}

/// Another history whose own chain is whole, behind what was on disk.
#[test]
fn another_history_is_found_by_what_was_on_disk() {
    let (written, other) = (log(9, 3), files((1..=9).map(|event| decision(event, "fine.test", true)), 3));
    assert_eq!(check(&numbered(other), head(&written)), ["3:4: entry 12 is not the one that was on disk"]);
}

#[test]
fn an_older_head_is_found_where_it_is_not_of_this_log() {
    let files = log(9, 3);
    let (_, chain) = head(&files).unwrap();
    assert_eq!(check(&numbered(files.clone()), Some((5, chain))), ["2:1: entry 5 is not the one that was on disk"]);
    assert_eq!(check(&numbered(files), Some((0, Chain::start()))), [Wrong::HeadChanged.to_string()]);
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let kinds = every_kind().into_iter().filter(|entry| entry.what.kind() != "log").collect::<Vec<_>>();
    let named = (any::<String>(), any::<bool>()).prop_map(|(host, allowed)| decision(1, &host, allowed));
    prop::collection::vec(prop_oneof![named, prop::sample::select(kinds)], 1..20)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn any_log_is_right_and_any_flipped_byte_is_found(
        entries in entries(), size in 1_usize..8, place in any::<prop::sample::Index>(), bits in 1_u8..,
    ) {
        let files = files(entries, size);
        let head = head(&files);
        prop_assert_eq!(check(&numbered(files.clone()), head.clone()), Vec::<String>::new());
        // As bytes, newlines included, and taken apart again.
        let mut bytes: Vec<Vec<u8>> = files.iter().map(|lines| [lines.join(&b'\n'), vec![b'\n']].concat()).collect();
        let mut at = place.index(bytes.iter().map(Vec::len).sum());
        for file in &mut bytes {
            if at < file.len() {
                file[at] ^= bits;
                break;
            }
            at -= file.len();
        }
        let split = |file: &Vec<u8>| {
            let mut lines: Vec<Vec<u8>> = file.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            // What stands behind the last newline is no line.
            lines.pop();
            lines
        };
        prop_assert!(!check(&numbered(bytes.iter().map(split).collect()), head).is_empty());
    }

    #[test]
    fn any_line_that_is_dropped_doubled_or_swapped_is_found(
        entries in entries(), size in 1_usize..8, one in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(),
        kind in 0..3,
    ) {
        let mut files = files(entries, size);
        let head = head(&files);
        let places: Vec<(usize, usize)> =
            files.iter().enumerate().flat_map(|(file, lines)| (0..lines.len()).map(move |line| (file, line))).collect();
        let (one, other) = (places[one.index(places.len())], places[other.index(places.len())]);
        match kind {
            0 => drop(files[one.0].remove(one.1)),
            1 => {
                let line = files[one.0][one.1].clone();
                files[other.0].insert(other.1, line);
            }
            _ => {
                prop_assume!(one != other);
                let (first, second) = (files[one.0][one.1].clone(), files[other.0][other.1].clone());
                (files[one.0][one.1], files[other.0][other.1]) = (second, first);
            }
        }
        prop_assert!(!check(&numbered(files), head).is_empty());
    }
}
