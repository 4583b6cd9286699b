use super::{CAPACITY, Journal, WINDOW};
use crate::guardian::protocol::{Event, Happening};

fn record(journal: &mut Journal, count: usize) {
    record_of(journal, "", count);
}

fn record_of(journal: &mut Journal, sandbox: &str, count: usize) {
    for number in 0..count {
        journal.record(0, sandbox, Happening::Diagnostic { message: number.to_string() });
    }
}

fn send(journal: &mut Journal, bytes: usize) -> Option<Event> {
    let event = journal.next()?;
    journal.sent(event.number, bytes);
    Some(event)
}

fn send_all(journal: &mut Journal) -> Vec<u64> {
    std::iter::from_fn(|| send(journal, 1)).map(|event| event.number).collect()
}

#[test]
fn events_are_sent_once_in_order() {
    let mut journal = Journal::default();
    record(&mut journal, 3);
    assert_eq!(send_all(&mut journal), [1, 2, 3]);
    record(&mut journal, 1);
    assert_eq!(send_all(&mut journal), [4]);
}

#[test]
fn unacknowledged_events_go_to_the_next_client_again() {
    let mut journal = Journal::default();
    record(&mut journal, 3);
    assert_eq!(send_all(&mut journal), [1, 2, 3]);
    journal.acknowledge(1);
    journal.greet(0);
    assert_eq!(send_all(&mut journal), [2, 3]);
    journal.greet(2);
    assert_eq!(send_all(&mut journal), [3]);
}

#[test]
fn acknowledgements_from_the_future_are_ignored() {
    let mut journal = Journal::default();
    record(&mut journal, 2);
    journal.greet(99);
    assert_eq!(send_all(&mut journal), [1, 2]);
}

#[test]
fn the_window_stops_a_client_that_does_not_acknowledge() {
    let mut journal = Journal::default();
    record(&mut journal, 3);
    assert!(send(&mut journal, WINDOW).is_some());
    assert_eq!(journal.next(), None);
    journal.acknowledge(1);
    assert_eq!(send_all(&mut journal), [2, 3]);
}

#[test]
fn a_full_journal_declares_what_it_lost() {
    let mut journal = Journal::default();
    record(&mut journal, CAPACITY + 5);
    assert_eq!(journal.lost(), 5);
    let gap = send(&mut journal, 1).expect("a gap");
    assert_eq!((gap.number, gap.what), (5, Happening::Gap { lost: 5 }));
    assert_eq!(send(&mut journal, 1).map(|event| event.number), Some(6));
}

#[test]
fn a_gap_behind_what_was_sent_counts_from_there() {
    let mut journal = Journal::default();
    record(&mut journal, 2);
    assert_eq!(send_all(&mut journal), [1, 2]);
    record(&mut journal, CAPACITY + 3);
    let gap = send(&mut journal, 1).expect("a gap");
    assert_eq!((gap.number, gap.what), (5, Happening::Gap { lost: 3 }));
}

#[test]
fn a_sandbox_within_its_share_loses_nothing_to_another() {
    for quiet in [1, 7, CAPACITY / 2] {
        let mut journal = Journal::default();
        record_of(&mut journal, "flood", CAPACITY);
        record_of(&mut journal, "quiet", quiet);
        record_of(&mut journal, "flood", 3 * CAPACITY);
        let (mut kept, mut declared, mut last) = (0, 0, 0);
        while let Some(event) = send(&mut journal, 0) {
            assert!(event.number > last, "in order");
            match event.what {
                Happening::Gap { lost } => declared += lost,
                _ => kept += usize::from(event.sandbox == "quiet"),
            }
            last = event.number;
        }
        assert_eq!(kept, quiet);
        assert_eq!((declared, last), (journal.lost(), journal.last()), "every missing number is declared");
    }
}

#[test]
fn acknowledged_events_make_room() {
    let mut journal = Journal::default();
    record_of(&mut journal, "a", CAPACITY / 2);
    record_of(&mut journal, "b", CAPACITY / 2);
    journal.acknowledge(journal.last());
    record_of(&mut journal, "a", CAPACITY);
    assert_eq!(journal.lost(), 0);
}
