use super::*;
use crate::guardian::protocol;

fn heard(what: Happening) -> Entry {
    let event = Event { number: 9, time: 1_790_000_000_000, sandbox: "0123".into(), what };
    let name = |id: &str| (id == "0123").then(|| "web".to_owned());
    let approval = |id: &str, rule: &str| (id == "0123" && rule == "new.test").then(|| "00c0ffee00".to_owned());
    entry("e1", event, name, approval)
}

fn decided(rule: &str) -> Happening {
    Happening::Decision {
        connection: 3,
        method: "CONNECT".into(),
        host: "new.test".into(),
        port: 443,
        allowed: true,
        reason: "allowed".into(),
        rule: rule.into(),
        address: None,
    }
}

#[test]
fn an_entry_says_which_event_it_is_and_of_whom() {
    let entry = heard(decided("new.test"));
    assert_eq!(entry.origin, Some(Origin { epoch: "e1".into(), event: 9 }));
    assert_eq!(entry.sandbox, Some(Sandbox { id: "0123".into(), name: "web".into() }));
    assert_eq!(entry.time, 1_790_000_000_000);
}

#[test]
fn a_rule_that_a_person_made_is_told_with_their_decision() {
    let approval = |rule: &str| match heard(decided(rule)).what {
        What::Decision(decision) => decision.approval,
        other => panic!("{other:?}"),
    };
    assert_eq!(approval("new.test").as_deref(), Some("00c0ffee00"));
    assert_eq!(approval("*.test"), None);
}

#[test]
fn a_gap_is_numbered() {
    let gap = |number: u64, lost: u64| {
        let event = Event { number, time: 1, sandbox: String::new(), what: Happening::Gap { lost } };
        let entry = entry("e1", event, |_| None, |_, _| None);
        assert_eq!(entry.sandbox, None);
        match entry.what {
            What::Gap(gap) => (gap.first, gap.last, gap.lost()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(gap(9, 3), (6, Some(8), Some(3)));
    assert_eq!(gap(2, 1), (1, Some(1), Some(1)));
}

#[test]
fn every_happening_becomes_an_entry() {
    let held = protocol::Held {
        sandbox: "0123".into(),
        connection: 3,
        method: "GET".into(),
        host: "new.test".into(),
        port: 80,
        from: 40_000,
    };
    let closed = Happening::Closed { connection: 3, address: None, sent: 1, received: 2, milliseconds: 3 };
    let cases = [
        (decided("x"), "decision"),
        (Happening::Held(held), "held"),
        (Happening::Failed { connection: 3, reason: "dns".into() }, "failed"),
        (closed, "closed"),
        (Happening::Gap { lost: 1 }, "gap"),
        (Happening::Diagnostic { message: "x".into() }, "diagnostic"),
    ];
    for (happening, kind) in cases {
        assert_eq!(heard(happening).what.kind(), kind);
    }
}
