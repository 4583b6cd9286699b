use std::collections::BTreeSet;

use super::super::card::{CardId, Connection};
use super::*;
use crate::policy::decision::Subject;

fn card(host: &str, waits: bool) -> Card {
    let waiting = waits.then_some(Connection { number: 1, port: 443 });
    let ask = HostAsk {
        host: Host::parse(host).expect(host),
        ports: BTreeSet::from([443]),
        reason: None,
        waiting: waiting.into_iter().collect(),
        tickets: BTreeSet::new(),
        programs: BTreeSet::new(),
    };
    let subject = Subject {
        sandbox: "s1".to_owned(),
        session: "x".to_owned(),
        name: "web".to_owned(),
        folder: "/home/me/we\u{202e}b".to_owned(),
    };
    Card { id: CardId(1), subject, what: Asked::Host(ask), first: 0, last: 0, count: 1, expires: 10 }
}

#[test]
fn wildcards_stay_below_public_suffixes() {
    let cases: [(&str, &[&str]); 6] = [
        ("a.b.example.com", &["**.a.b.example.com", "*.b.example.com", "*.example.com"]),
        ("example.com", &["**.example.com"]),
        ("me.github.io", &["**.me.github.io"]),
        ("a.example.co.uk", &["**.a.example.co.uk", "*.example.co.uk"]),
        ("bucket.s3.amazonaws.com", &["**.bucket.s3.amazonaws.com"]),
        ("intranet", &[]),
    ];
    for (host, expected) in cases {
        assert_eq!(wildcards(&Host::parse(host).expect(host)), expected, "{host}");
    }
}

#[test]
fn each_answer_says_what_it_does() {
    let lines: Vec<String> = offers(&card("example.com", true))
        .iter()
        .map(|offer| {
            let Choice { verdict, term, reach } = &offer.choice;
            let reach = if *reach == Reach::Exact { "exact" } else { "wide" };
            let typed = offer.typed.as_deref().map(|typed| format!(" [type {typed}]")).unwrap_or_default();
            format!("{} {term} {reach}: {}{typed}", verdict.as_str(), offer.does)
        })
        .collect();
    let expected = [
        "allow once exact: lets what waits now for example.com, port 443, through, and if nothing waits any more the next request within two minutes; then web asks again",
        "allow session exact: web may reach example.com, port 443, until it stops",
        "allow 15m exact: web may reach example.com, port 443, for 15 minutes",
        "allow 1h exact: web may reach example.com, port 443, for an hour",
        "allow 1d exact: web may reach example.com, port 443, for a day",
        "allow project exact: every sandbox on /home/me/we\\u{202e}b may reach example.com, port 443, until you undo it",
        "allow global exact: every sandbox of yours may reach example.com, port 443, until you undo it",
        "allow session wide: web may reach **.example.com, port 443, until it stops",
        "allow 15m wide: web may reach **.example.com, port 443, for 15 minutes",
        "allow 1h wide: web may reach **.example.com, port 443, for an hour",
        "allow 1d wide: web may reach **.example.com, port 443, for a day",
        "allow project wide: every sandbox on /home/me/we\\u{202e}b may reach **.example.com, port 443, until you undo it [type **.example.com]",
        "allow global wide: every sandbox of yours may reach **.example.com, port 443, until you undo it [type **.example.com]",
        "deny once exact: refuses example.com now; for 5 minutes web is refused without asking you",
        "deny session exact: web may not reach example.com, on any port, until it stops",
        "deny 15m exact: web may not reach example.com, on any port, for 15 minutes",
        "deny 1h exact: web may not reach example.com, on any port, for an hour",
        "deny 1d exact: web may not reach example.com, on any port, for a day",
        "deny project exact: no sandbox on /home/me/we\\u{202e}b may reach example.com, on any port, until you undo it",
        "deny global exact: no sandbox of yours may reach example.com, on any port, until you undo it",
    ];
    assert_eq!(lines[..expected.len()], expected);
    assert_eq!(lines.len(), 26);
    let late = offers(&card("example.com", false));
    assert_eq!(late[0].does, "lets the next request of web for example.com, port 443, through, within two minutes");
}

#[test]
fn the_least_answer_is_offered() {
    for verdict in [Verdict::Allow, Verdict::Deny] {
        assert!(offers(&card("intranet", true)).iter().any(|offer| offer.choice == Choice::least(verdict)));
    }
}

#[test]
fn a_long_name_is_cut_in_the_middle_and_never_hides_its_end() {
    let long = format!("{}.{}.example.com", "a".repeat(60), "b".repeat(60));
    for offer in offers(&card(&long, true)) {
        assert!(offer.does.chars().count() < 250, "{}", offer.does);
        assert!(offer.does.contains("example.com"), "{}", offer.does);
    }
}
