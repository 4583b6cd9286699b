use super::super::super::list::Format;
use super::{Guardian, show};
use crate::guardian::protocol::{Held, Refusals, Refused, Status};

const NOW: u64 = 200_000_000;

fn refused(host: &str, reason: &str, count: u64, ago: u64) -> Refused {
    Refused { host: host.to_owned(), port: 443, reason: reason.to_owned(), count, last: NOW - ago * 1000 }
}

fn status() -> Status {
    Status {
        sandboxes: vec!["0123456789ab".to_owned(), "ba9876543210".to_owned()],
        connections: 1,
        allowed: 2,
        refused: 18,
        failed: 2,
        last_event: 20,
        lost_events: 0,
        refusals: vec![Refusals {
            sandbox: "0123456789ab".to_owned(),
            name: "shop".to_owned(),
            refused: vec![
                refused("api.example.com", "not-listed", 12, 3),
                refused("evil\u{1b}[2J.test", "denied", 1, 60),
                refused("[2001:db8::1]", "address-literal", 1, 7200),
                refused("old.example.com", "port", 1, 172_800),
            ],
            forgotten: 3,
            failed: vec![refused("gone.example.com", "not-found", 2, 5)],
            failures_forgotten: 1,
        }],
        held: vec![Held {
            sandbox: "0123456789ab".to_owned(),
            connection: 7,
            method: "CONNECT".to_owned(),
            host: "new.example.com".to_owned(),
            port: 443,
            from: 40_000,
        }],
    }
}

#[test]
fn refusals_are_a_table_for_each_sandbox() {
    let expected = "\
the guardian runs
sandboxes    2
connections  1
allowed      2
refused      18
failed       2
held         1
events       20, of which 0 were lost

refused in `shop`
DESTINATION             REASON           TIMES  LAST
api.example.com:443     not-listed       12     3 s ago
evil\\u{1b}[2J.test:443  denied           1      1 min ago
[2001:db8::1]:443       address-literal  1      2 h ago
old.example.com:443     port             1      2 d ago
and 3 times to destinations before these

allowed, but failed in `shop`
DESTINATION           REASON     TIMES  LAST
gone.example.com:443  not-found  2      5 s ago
and once to destinations before these
";
    assert_eq!(show(&Guardian::Runs(status()), Format::Text, NOW), expected);
    let quiet = Status { refusals: Vec::new(), ..status() };
    assert!(show(&Guardian::Runs(quiet), Format::Text, NOW).ends_with("were lost\n"));
    assert_eq!(show(&Guardian::Away, Format::Text, NOW), "the guardian does not run\n");
}

#[test]
fn scripts_get_every_number() {
    let value: serde_json::Value =
        serde_json::from_str(&show(&Guardian::Runs(status()), Format::Json, NOW)).expect("JSON");
    let first = &value["status"]["refusals"][0];
    assert_eq!((&first["sandbox"], &first["name"]), (&"0123456789ab".into(), &"shop".into()));
    let expected = serde_json::json!({
        "host": "api.example.com", "port": 443, "reason": "not-listed", "count": 12, "last": NOW - 3000
    });
    assert_eq!(first["refused"][0], expected);
    assert_eq!(first["forgotten"], 3);
    assert_eq!((&first["failed"][0]["host"], &first["failuresForgotten"]), (&"gone.example.com".into(), &1.into()));
    for (guardian, paused) in [(Guardian::Paused, true), (Guardian::Away, false)] {
        let value: serde_json::Value = serde_json::from_str(&show(&guardian, Format::Json, NOW)).expect("JSON");
        assert_eq!(value, serde_json::json!({ "running": false, "paused": paused, "status": null }));
    }
}
