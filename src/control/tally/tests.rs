use super::*;
use crate::control::audit::event::{Answer, Closed, Failed, Who};
use crate::control::audit::samples::{decision, of_guardian, origin, own};

const ID: &str = "0123456789ab";

fn closed(event: u64, connection: u64, sent: u64, received: u64) -> Entry {
    of_guardian(event, What::Closed(Closed { connection, address: None, sent, received, milliseconds: 1 }))
}

fn tally(entries: impl IntoIterator<Item = Entry>) -> Tally {
    let mut tally = Tally::default();
    entries.into_iter().for_each(|entry| tally.take(&entry));
    tally
}

#[test]
fn a_connection_is_counted_once_and_its_bytes_when_it_ends() {
    let mut again = decision(3, "b.example.com", true);
    let What::Decision(one) = &mut again.what else { unreachable!() };
    one.connection = 1;
    let failed = of_guardian(4, What::Failed(Failed { connection: 1, reason: "connect".into() }));
    let entries = [decision(1, "a.example.com", true), decision(2, "c.example.com", false), again, failed];
    let open = Traffic { open: 1, connections: 1, allowed: 2, refused: 1, failed: 1, sent: 0, received: 0 };
    assert_eq!(tally(entries.clone()).traffic(ID), open);
    let all = entries.into_iter().chain([closed(5, 1, 10, 20)]);
    assert_eq!(tally(all).traffic(ID), Traffic { open: 0, sent: 10, received: 20, ..open });
    assert_eq!(Tally::default().traffic("ffffffffffff"), Traffic::default());
}

/// What a guardian tells again is what was told; another guardian has nothing of the one before open.
#[test]
fn what_is_told_again_is_counted_once() {
    let mut told = tally([decision(1, "a.example.com", true), decision(2, "a.example.com", true)]);
    told.take(&decision(2, "a.example.com", true));
    told.take(&decision(1, "a.example.com", true));
    assert_eq!((told.traffic(ID).allowed, told.traffic(ID).open), (2, 2));
    told.take(&Entry { origin: Some(origin("e2", 1)), ..decision(1, "a.example.com", true) });
    assert_eq!((told.traffic(ID).allowed, told.traffic(ID).open), (3, 1));
}

/// However many sandboxes come and go, no more labels than these, and nothing that was counted is lost.
#[test]
fn memory_and_labels_are_bounded() {
    let mut told = Tally::default();
    for number in 0..1000_u64 {
        let sandbox = Some(Sandbox { id: format!("{number:012x}"), name: "web".into() });
        told.take(&Entry { sandbox: sandbox.clone(), ..decision(2 * number + 1, "a.example.com", number % 2 == 0) });
        told.take(&Entry { sandbox, ..closed(2 * number + 2, 2 * number + 1, 1, 2) });
    }
    assert_eq!(told.sandboxes.len(), SANDBOXES);
    let text = told.text(&Moment::default());
    let sum = |metric: &str| -> u64 {
        let lines = text.lines().filter(|line| line.starts_with(metric));
        lines.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum()
    };
    assert_eq!((sum("cloister_sent_bytes_total"), sum("cloister_decisions_total")), (1000, 1000));
    assert!(text.lines().count() < 10 * SANDBOXES);
    for connection in 0..20_000 {
        told.take(&Entry { origin: None, ..decision(connection, "a.example.com", true) });
    }
    assert_eq!(told.traffic(ID).open, OPEN as u64);
}

#[test]
fn a_name_of_a_sandbox_ends_no_label() {
    let name = "a\"} 1\nevil{x=\"\\\u{202e}";
    let sandbox = Some(Sandbox { id: ID.into(), name: name.into() });
    let told = tally([Entry { sandbox, ..decision(1, "a.example.com", true) }]);
    let text = told.text(&Moment::default());
    assert!(text.contains(r#"{sandbox="a\"} 1\\nevil{x=\"\\\\u{202e}",sandbox_id="0123456789ab"} 1"#), "{text}");
    assert!(!text.lines().any(|line| line.starts_with("evil")), "{text}");
}

#[test]
fn answers_and_commands_are_counted_by_what_came_of_them() {
    let answer = Answer { term: "once".into(), until: None, by: Who::Page, decision: None };
    let approval = |outcome| {
        own(What::Approval(Approval { card: None, kind: Card::HostCommand, what: Vec::new(), digest: None, outcome }))
    };
    let ended = |code, signal, reason: Option<&str>| Phase::Ended {
        code,
        signal,
        reason: reason.map(str::to_owned),
        stdout: 0,
        stderr: 0,
        milliseconds: 1,
    };
    let command = |phase| {
        let (request, argv) = (String::new(), Vec::new());
        own(What::HostCommand(HostCommand { request, argv, folder: None, executable: None, phase }))
    };
    let phases = [
        Phase::Asked,
        Phase::Started,
        ended(Some(0), None, None),
        ended(Some(1), None, None),
        ended(None, Some(9), None),
        ended(None, None, Some("cancelled")),
    ];
    let approvals = [Outcome::Asked, Outcome::Allowed(answer), Outcome::Expired].map(approval);
    let text = tally(approvals.into_iter().chain(phases.map(command))).text(&Moment::default());
    for line in [
        r#"cloister_approvals_total{kind="host-command",outcome="allowed"} 1"#,
        r#"cloister_approvals_total{kind="host-command",outcome="asked"} 1"#,
        r#"cloister_host_commands_total{outcome="succeeded"} 1"#,
        r#"cloister_host_commands_total{outcome="failed"} 1"#,
        r#"cloister_host_commands_total{outcome="signal"} 1"#,
        r#"cloister_host_commands_total{outcome="stopped"} 1"#,
        "cloister_audit_entries_total 0",
        "cloister_guardian_connected 0",
        r#"cloister_cards_waiting{kind="repository"} 0"#,
    ] {
        assert!(text.lines().any(|one| one == line), "{line} in {text}");
    }
}
