use super::{CAPACITY, Ledger};
use crate::guardian::reason::Reason;
use crate::guardian::target::Target;

fn target(text: &str) -> Target {
    Target::tunnel(text).expect(text)
}

fn shown(ledger: &Ledger) -> Vec<String> {
    let entries = ledger.entries();
    entries.iter().map(|one| format!("{}:{} {} {} {}", one.host, one.port, one.reason, one.count, one.last)).collect()
}

#[test]
fn a_destination_stands_there_once_and_the_latest_comes_first() {
    let mut ledger = Ledger::default();
    for (time, text, reason) in [
        (1, "a.example.com:443", Reason::NotListed),
        (2, "b.example.com:443", Reason::NotListed),
        (3, "A.example.com.:443", Reason::NotListed),
        (4, "a.example.com:22", Reason::Port),
        (5, "a.example.com:443", Reason::Denied),
    ] {
        ledger.record(time, &target(text), reason);
    }
    assert_eq!(
        shown(&ledger),
        [
            "a.example.com:443 denied 1 5",
            "a.example.com:22 port 1 4",
            "a.example.com:443 not-listed 2 3",
            "b.example.com:443 not-listed 1 2",
        ]
    );
}

#[test]
fn many_destinations_push_out_the_oldest_and_are_counted() {
    let mut ledger = Ledger::default();
    for time in 0..2 {
        ledger.record(time, &target("first.example.com:443"), Reason::NotListed);
    }
    for number in 0..CAPACITY {
        ledger.record(10, &target(&format!("n{number}.example.com:443")), Reason::NotListed);
    }
    assert_eq!(ledger.entries().len(), CAPACITY);
    assert!(!shown(&ledger).iter().any(|line| line.starts_with("first")));
    assert_eq!(ledger.forgotten(), 2);
}
