use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::card::{OtherAsk, OtherKind};
use super::super::choice::{Choice, Reach, Span, Term};
use super::super::flood::{ALL_CARDS, COOL_DOWN, SANDBOX_CARDS, SHARE};
use super::super::offer::offers;
use super::*;
use crate::policy::effective::counting;
use crate::policy::user_config;
use crate::source::Source;

fn subject(sandbox: &str) -> Subject {
    Subject {
        sandbox: sandbox.to_owned(),
        session: "life-1".to_owned(),
        name: "web".to_owned(),
        folder: "/home/me/web".to_owned(),
    }
}

fn policy(text: &str) -> Effective {
    let text = text.replacen('{', "{ presets: [],", 1);
    Effective::of(Some(&user_config::layer(&Source::new("config.json5", text.as_str())).0.expect(&text)), None, [])
}

fn order(desk: &Desk, verdict: Verdict, term: Term, reach: Reach) -> Order {
    let card = desk.cards().next().expect("a card");
    let choice = Choice { verdict, term, reach };
    Order { card: card.id, digest: card.digest(), choice, typed: None, by: By::Page }
}

fn settled(effects: &[Effect]) -> Vec<String> {
    let settled = effects.iter().filter_map(|effect| match effect {
        Effect::Settle { sandbox, host, port, allow } => {
            Some(format!("{sandbox} {host}:{port} {}", if *allow { "through" } else { "refused" }))
        }
        Effect::Answer { ticket, answer } => Some(format!("ticket {} {answer:?}", ticket.0)),
        _ => None,
    });
    settled.collect()
}

/// The order of what follows, without its details.
fn kinds(effects: &[Effect]) -> Vec<&'static str> {
    let kind = |effect: &Effect| match effect {
        Effect::Persist(_) => "persist",
        Effect::Forget(..) => "forget",
        Effect::PolicyChanged(_) => "policy",
        Effect::Settle { .. } => "settle",
        Effect::Answer { .. } => "answer",
        Effect::Other { .. } => "other",
        Effect::Log(_) => "log",
        Effect::Notify(_) => "notify",
    };
    effects.iter().map(kind).collect()
}

fn request(digest: &str) -> OtherAsk {
    OtherAsk {
        kind: OtherKind::Repository,
        title: "initializeCommand: make".to_owned(),
        content: serde_json::json!({ "next": "cloister start" }),
        digest: digest.to_owned(),
        keepable: true,
        tickets: BTreeSet::new(),
    }
}

#[test]
fn what_a_repository_asks_for_waits_while_it_is_true_and_no_longer() {
    let mut desk = Desk::default();
    let wanted = |digests: &[&str]| [(subject("a"), digests.iter().map(|one| request(one)).collect())].into();
    let digests = |desk: &Desk| -> Vec<u64> { desk.cards().map(|card| card.id.0).collect() };
    assert_eq!(kinds(&desk.ask_repositories(wanted(&["1", "2"]), 0)), ["log", "notify", "log", "notify"]);
    assert_eq!(digests(&desk), [1, 2]);
    // However long nobody answers, it is the same question.
    assert_eq!(desk.ask_repositories(wanted(&["1", "2"]), EXPIRY - 1), []);
    assert_eq!(desk.tick(EXPIRY + 1), []);
    assert_eq!(digests(&desk), [1, 2]);
    // One that changed is another card, and an answer to the one before is none to it.
    let stale = order(&desk, Verdict::Allow, Term::Project, Reach::Exact);
    assert_eq!(kinds(&desk.ask_repositories(wanted(&["3", "2"]), EXPIRY + 2)), ["log", "log", "notify"]);
    assert_eq!(digests(&desk), [2, 3]);
    assert_eq!(desk.answer(&stale, &policy("{}"), EXPIRY + 3), Err(Refused::Gone));
    // It is answered for the folder, and for nothing less: a sandbox that runs gets nothing by it.
    for term in [Term::Once, Term::Session, Term::Global] {
        let odd = order(&desk, Verdict::Allow, term, Reach::Exact);
        assert_eq!(desk.answer(&odd, &policy("{}"), EXPIRY + 3), Err(Refused::NotOffered));
    }
    let good = order(&desk, Verdict::Allow, Term::Project, Reach::Exact);
    assert_eq!(kinds(&desk.answer(&good, &policy("{}"), EXPIRY + 3).unwrap()), ["log", "other"]);
    assert_eq!(kinds(&desk.ask_repositories([].into(), EXPIRY + 4)), ["log"], "the sandbox is gone");
    assert_eq!(digests(&desk), [] as [u64; 0]);
}

#[test]
fn there_is_one_card_for_a_sandbox_and_host_however_many_connections_wait() {
    let (mut desk, open, web) = (Desk::default(), policy("{}"), subject("s1"));
    assert_eq!(kinds(&desk.held(&web, "a.example.com", 443, 1, &open, 10)), ["log", "notify"]);
    assert_eq!(desk.held(&web, "A.example.com.", 443, 2, &open, 20), []);
    assert_eq!(desk.held(&web, "a.example.com", 8443, 3, &open, 30), []);
    assert_eq!(desk.ask_ahead(&web, "a.example.com", 443, Some("to build"), Ticket(7), &open, 40), []);
    desk.seen("s1", &Host::parse("a.example.com").expect("a host"), "curl");
    assert_eq!(kinds(&desk.held(&subject("s2"), "a.example.com", 443, 1, &open, 40)), ["log", "notify"]);
    let card = desk.card(CardId(1)).expect("a card");
    let Asked::Host(ask) = &card.what else { panic!("about a host") };
    assert_eq!((card.first, card.last, card.count, card.expires), (10, 40, 4, 40 + EXPIRY));
    assert_eq!((ask.waiting.len(), ask.tickets.len(), ask.reason.as_deref()), (3, 1, Some("to build")));
    assert_eq!((ask.ports.clone(), ask.programs.len()), (BTreeSet::from([443, 8443]), 1));

    desk.released("s1", 2);
    desk.released("s1", 2);
    desk.released("s1", 99);
    let effects = desk.answer(&order(&desk, Verdict::Allow, Term::Session, Reach::Exact), &open, 50).expect("taken");
    assert_eq!(kinds(&effects), ["persist", "log", "policy", "settle", "settle", "answer"]);
    let expected = [
        "s1 a.example.com:443 through",
        "s1 a.example.com:8443 through",
        "ticket 7 Allowed { term: Session, until: None }",
    ];
    assert_eq!(settled(&effects), expected);
    assert_eq!(desk.cards().count(), 1, "the card of the other sandbox waits");
}

#[test]
fn each_answer_leaves_what_it_says() {
    let session = Scope::Session { sandbox: "s1".to_owned(), session: "life-1".to_owned() };
    let sandbox = Scope::Sandbox { sandbox: "s1".to_owned() };
    let project = Scope::Project { folder: "/home/me/web".to_owned() };
    let (exact, wide) = (Reach::Exact, Reach::Wildcard("*.example.com".to_owned()));
    let cases = [
        (Verdict::Allow, Term::Session, &exact, session.clone(), None, "a.example.com:443"),
        (Verdict::Allow, Term::For(Span::QuarterHour), &exact, sandbox.clone(), Some(900_100), "a.example.com:443"),
        (Verdict::Allow, Term::For(Span::Hour), &wide, sandbox.clone(), Some(3_600_100), "*.example.com:443"),
        (Verdict::Allow, Term::For(Span::Day), &exact, sandbox, Some(86_400_100), "a.example.com:443"),
        (Verdict::Allow, Term::Project, &exact, project.clone(), None, "a.example.com:443"),
        (Verdict::Allow, Term::Project, &wide, project, None, "*.example.com:443"),
        (Verdict::Allow, Term::Global, &exact, Scope::Global, None, "a.example.com:443"),
        (Verdict::Deny, Term::Session, &exact, session, None, "a.example.com"),
        (Verdict::Deny, Term::Global, &wide, Scope::Global, None, "*.example.com"),
    ];
    for (verdict, term, reach, scope, until, rule) in cases {
        let (mut desk, open) = (Desk::default(), policy("{}"));
        desk.held(&subject("s1"), "a.example.com", 443, 1, &open, 10);
        let order = Order { typed: Some("*.example.com".to_owned()), ..order(&desk, verdict, term, reach.clone()) };
        let effects = desk.answer(&order, &open, 100).expect("taken");
        let [Effect::Persist(decision), ..] = effects.as_slice() else { panic!("{effects:?}") };
        assert_eq!((&decision.scope, decision.until, decision.made), (&scope, until, 100), "{term}");
        assert_eq!(decision.rules.iter().map(ToString::to_string).collect::<Vec<_>>(), [rule], "{term}");
        assert_eq!(desk.decisions().collect::<Vec<_>>(), [decision]);

        assert_eq!(desk.answer(&order, &open, 101), Err(Refused::Gone), "an answer is used once");
        let undone = desk.undo(&decision.id, By::Terminal).expect("known");
        assert_eq!(kinds(&undone), ["forget", "log", "policy"]);
        assert_eq!(desk.undo(&decision.id, By::Terminal), Err(NoDecision(decision.id.clone())));
    }
}

/// UI-025.
#[test]
fn an_answer_counts_for_exactly_what_was_shown() {
    let (mut desk, open, web) = (Desk::default(), policy("{}"), subject("s1"));
    desk.held(&web, "a.example.com", 443, 1, &open, 10);
    let shown = order(&desk, Verdict::Allow, Term::Session, Reach::Exact);
    desk.held(&web, "a.example.com", 443, 2, &open, 11);
    let again = order(&desk, Verdict::Allow, Term::Session, Reach::Exact);
    assert_eq!(again, shown, "how often it was asked is no part of it");
    desk.held(&web, "a.example.com", 22, 3, &open, 12);
    assert_eq!(desk.answer(&shown, &open, 13), Err(Refused::Changed), "another port");
    let shown = order(&desk, Verdict::Allow, Term::Session, Reach::Exact);
    desk.ask_ahead(&web, "a.example.com", 443, Some("trust me"), Ticket(1), &open, 14);
    assert_eq!(desk.answer(&shown, &open, 15), Err(Refused::Changed), "another reason");
    let shown = order(&desk, Verdict::Allow, Term::Session, Reach::Exact);
    let other = Order { card: CardId(9), ..shown.clone() };
    assert_eq!(desk.answer(&other, &open, 16), Err(Refused::Gone));
    desk.held(&Subject { session: "life-2".to_owned(), ..web }, "a.example.com", 443, 9, &open, 17);
    assert_eq!(desk.answer(&shown, &open, 18), Err(Refused::Gone), "another life of the sandbox");
    let late = order(&desk, Verdict::Allow, Term::Session, Reach::Exact);
    assert_eq!(desk.answer(&late, &open, 17 + EXPIRY), Err(Refused::Gone), "nobody answered in time");
}

/// What a person read is what happens, also when what waited went meanwhile.
#[test]
fn an_answer_does_what_it_says_when_nothing_waits_any_more() {
    let (mut desk, open, web) = (Desk::default(), policy("{}"), subject("s1"));
    desk.held(&web, "a.example.com", 443, 1, &open, 10);
    let shown = order(&desk, Verdict::Allow, Term::Once, Reach::Exact);
    let does = offers(desk.card(shown.card).expect("a card")).swap_remove(0).does;
    assert!(does.contains("if nothing waits any more the next request within two minutes"), "{does}");
    assert!(desk.released("s1", 1));
    assert_eq!(settled(&desk.answer(&shown, &open, 11).expect("as it was shown")), [] as [&str; 0]);
    assert_eq!(settled(&desk.held(&web, "a.example.com", 443, 2, &open, 12)), ["s1 a.example.com:443 through"]);
    assert_eq!(kinds(&desk.held(&web, "a.example.com", 443, 3, &open, 13)), ["log", "notify"], "once");
}

#[test]
fn a_wide_answer_is_typed_and_never_reaches_a_public_suffix() {
    let (mut desk, open) = (Desk::default(), policy("{}"));
    desk.held(&subject("s1"), "a.example.com", 443, 1, &open, 10);
    let wide = |term, wildcard: &str| order(&desk, Verdict::Allow, term, Reach::Wildcard(wildcard.to_owned()));
    let cases = [
        (wide(Term::Global, "*.com"), Refused::NotOffered),
        (wide(Term::Session, "*.other.org"), Refused::NotOffered),
        (wide(Term::Session, "*"), Refused::NotOffered),
        (wide(Term::Once, "*.example.com"), Refused::NotOffered),
        (wide(Term::Project, "*.example.com"), Refused::Unconfirmed { wildcard: "*.example.com".to_owned() }),
        (
            Order { typed: Some("*.EXAMPLE.com".to_owned()), ..wide(Term::Global, "*.example.com") },
            Refused::Unconfirmed { wildcard: "*.example.com".to_owned() },
        ),
    ];
    for (order, refused) in cases {
        assert_eq!(desk.answer(&order, &open, 11), Err(refused), "{order:?}");
    }
    let narrow = order(&desk, Verdict::Allow, Term::Session, Reach::Wildcard("*.example.com".to_owned()));
    assert!(desk.answer(&narrow, &open, 11).is_ok());
}

#[test]
fn nobody_is_asked_what_the_rules_answer() {
    let (mut desk, web) = (Desk::default(), subject("s1"));
    let policy = policy("{ allow: ['in.example.com'], deny: ['*.example.org'] }");
    let cases = [
        ("in.example.com", 443, "s1 in.example.com:443 through", "Listed"),
        ("a.example.org", 443, "s1 a.example.org:443 refused", "Never"),
        ("localhost", 443, "s1 localhost:443 refused", "Never"),
        ("metadata.google.internal", 80, "s1 metadata.google.internal:80 refused", "Never"),
        ("127.0.0.1", 443, "s1 127.0.0.1:443 refused", "Never"),
        ("0x7f.1", 443, "s1 0x7f.1:443 refused", "Never"),
        ("a\u{1b}[2J.example.com", 443, "s1 a\u{1b}[2J.example.com:443 refused", "Never"),
        ("a\u{202e}b.example.com", 443, "s1 a\u{202e}b.example.com:443 refused", "Never"),
        ("example.com", 0, "s1 example.com:0 refused", "Never"),
        ("", 443, "s1 :443 refused", "Never"),
    ];
    for (host, port, held, ahead) in cases {
        assert_eq!(settled(&desk.held(&web, host, port, 1, &policy, 10)), [held]);
        let answered = desk.ask_ahead(&web, host, port, None, Ticket(1), &policy, 10);
        assert_eq!(settled(&answered), [format!("ticket 1 {ahead}")], "{host}");
    }
    let long = "a".repeat(10_000);
    assert_eq!(settled(&desk.held(&web, &long, 443, 1, &policy, 10)), [format!("s1 {long}:443 refused")]);
    assert_eq!(desk.cards().count(), 0);
}

#[test]
fn a_rule_that_came_since_wins_over_the_answer() {
    let (mut desk, open, web) = (Desk::default(), policy("{}"), subject("s1"));
    desk.held(&web, "a.example.com", 443, 1, &open, 10);
    desk.ask_ahead(&web, "b.example.com", 443, None, Ticket(3), &open, 10);
    let denying = policy("{ deny: ['**.example.com'] }");
    for term in Term::ALL {
        let refused = desk.answer(&order(&desk, Verdict::Allow, term, Reach::Exact), &denying, 11);
        assert!(matches!(refused, Err(Refused::Denied { .. })), "{term}");
    }
    assert_eq!(settled(&desk.reconsider(&web, &open)), Vec::<String>::new());
    let effects = desk.reconsider(&web, &denying);
    assert_eq!(settled(&effects), ["s1 a.example.com:443 refused", "ticket 3 Denied"]);
    assert_eq!(desk.cards().count(), 0);
    desk.held(&web, "a.example.com", 443, 1, &open, 10);
    let allowing = policy("{ allow: ['a.example.com'] }");
    assert_eq!(settled(&desk.reconsider(&web, &allowing)), ["s1 a.example.com:443 through"]);
}

#[test]
fn once_is_for_what_waits_or_for_one_request() {
    let (mut desk, open, web) = (Desk::default(), policy("{}"), subject("s1"));
    desk.ask_ahead(&web, "a.example.com", 443, None, Ticket(1), &open, 10);
    let effects = desk.answer(&order(&desk, Verdict::Allow, Term::Once, Reach::Exact), &open, 20).expect("taken");
    assert_eq!(kinds(&effects), ["log", "answer"]);
    let other_life = Subject { session: "life-2".to_owned(), ..web.clone() };
    assert_eq!(kinds(&desk.held(&other_life, "a.example.com", 443, 1, &open, 21)), ["log", "notify"]);
    assert_eq!(kinds(&desk.held(&web, "b.example.com", 443, 1, &open, 21)), ["log", "notify"]);
    desk.ended("other");
    assert_eq!(settled(&desk.held(&web, "a.example.com", 443, 2, &open, 22)), ["s1 a.example.com:443 through"]);
    assert!(settled(&desk.held(&web, "a.example.com", 443, 3, &open, 23)).iter().all(|line| !line.contains("through")));
    assert_eq!(desk.decisions().count(), 0);
}

#[test]
fn a_pass_is_over_after_a_while_and_with_the_sandbox() {
    for (stops, later) in [(false, 20 + PASS), (true, 21)] {
        let (mut desk, open, web) = (Desk::default(), policy("{}"), subject("s1"));
        desk.ask_ahead(&web, "a.example.com", 443, None, Ticket(1), &open, 10);
        desk.answer(&order(&desk, Verdict::Allow, Term::Once, Reach::Exact), &open, 20).expect("taken");
        if stops {
            desk.ended("s1");
        }
        assert_eq!(kinds(&desk.held(&web, "a.example.com", 443, 2, &open, later)), ["log", "notify"]);
    }
}

/// UI-023.
#[test]
fn what_was_denied_once_is_not_asked_again_for_a_while() {
    let (mut desk, open, web) = (Desk::default(), policy("{}"), subject("s1"));
    desk.held(&web, "a.example.com", 443, 1, &open, 10);
    let effects = desk.answer(&order(&desk, Verdict::Deny, Term::Once, Reach::Exact), &open, 20).expect("taken");
    assert_eq!(settled(&effects), ["s1 a.example.com:443 refused"]);
    let mut logged = 0;
    for number in 0..50 {
        let effects = desk.held(&web, "a.example.com", 8000 + number, 1, &open, 21);
        assert_eq!(settled(&effects), [format!("s1 a.example.com:{} refused", 8000 + number)]);
        logged += kinds(&effects).iter().filter(|kind| **kind == "log").count();
    }
    assert_eq!((desk.cards().count(), desk.counts("s1").cooled, logged), (0, 50, 6));
    let ahead = desk.ask_ahead(&web, "a.example.com", 443, None, Ticket(5), &open, 22);
    assert_eq!(settled(&ahead), [format!("ticket 5 CoolDown {{ until: {} }}", 20 + COOL_DOWN)]);
    assert_eq!(kinds(&desk.held(&web, "a.example.com", 443, 1, &open, 20 + COOL_DOWN)), ["log", "notify"]);
}

/// UI-023, for what is not a host: the same command again and again.
#[test]
fn a_command_that_was_denied_is_not_asked_again_for_a_while() {
    let (mut desk, open, web) = (Desk::default(), policy("{}"), subject("s1"));
    let ask = |digest: &str, ticket| OtherAsk {
        kind: OtherKind::HostCommand,
        title: "\"make\"".to_owned(),
        content: serde_json::Value::Null,
        digest: digest.to_owned(),
        keepable: false,
        tickets: [Ticket(ticket)].into(),
    };
    desk.ask_other(&web, ask("sha256:1", 0), 10);
    desk.answer(&order(&desk, Verdict::Deny, Term::Once, Reach::Exact), &open, 20).expect("taken");
    for ticket in 1..=50 {
        let effects = desk.ask_other(&web, ask("sha256:1", ticket), 21);
        assert_eq!(settled(&effects), [format!("ticket {ticket} CoolDown {{ until: {} }}", 20 + COOL_DOWN)]);
    }
    assert_eq!((desk.cards().count(), desk.counts("s1").cooled), (0, 50));
    assert_eq!(
        kinds(&desk.ask_other(&web, ask("sha256:2", 51), 21)),
        ["log", "notify"],
        "another one is another question"
    );
    assert_eq!(kinds(&desk.ask_other(&web, ask("sha256:1", 52), 20 + COOL_DOWN)), ["log", "notify"]);
}

/// UI-028: what is nearest at hand opens this host, at this port, to this life of this sandbox, and is over with it.
#[test]
fn the_least_answer_opens_nothing_else() {
    let (mut desk, open, web) = (Desk::default(), policy("{}"), subject("s1"));
    desk.held(&web, "a.example.com", 443, 1, &open, 10);
    let Choice { verdict, term, reach } = Choice::least(Verdict::Allow);
    desk.answer(&order(&desk, verdict, term, reach), &open, 20).expect("taken");
    let others = [
        Subject { sandbox: "s12".to_owned(), ..web.clone() },
        Subject { session: "life-2".to_owned(), ..web.clone() },
        Subject { sandbox: "s2".to_owned(), folder: "/home/me/other".to_owned(), ..web.clone() },
    ];
    let reaches = |desk: &Desk, subject: &Subject, host: &str, port| {
        let host = Host::parse(host).expect("a host");
        matches!(found(&in_force(desk, subject, 21), &host, port), Match::Allowed(_))
    };
    assert!(reaches(&desk, &web, "a.example.com", 443));
    for (host, port) in [("a.example.com", 80), ("a.example.com", 8443), ("b.example.com", 443), ("example.com", 443)] {
        assert!(!reaches(&desk, &web, host, port), "{host}:{port}");
    }
    for other in &others {
        assert!(!reaches(&desk, other, "a.example.com", 443), "{other:?}");
    }
    desk.ended("s1");
    assert_eq!(desk.decisions().count(), 0);
    assert!(!reaches(&desk, &web, "a.example.com", 443));
}

/// UI-030: one id begins as the other does.
#[test]
fn sandboxes_whose_ids_begin_alike_are_never_mixed_up() {
    let (mut desk, open) = (Desk::default(), policy("{}"));
    let named = |sandbox: &str, name: &str| Subject {
        name: name.to_owned(),
        folder: format!("/home/me/{name}"),
        ..subject(sandbox)
    };
    let (short, long) = (named("4afa44", "bank"), named("4afa445a1757", "game"));
    desk.held(&short, "a.example.com", 443, 1, &open, 10);
    desk.held(&long, "a.example.com", 443, 1, &open, 10);
    let said: Vec<_> = desk.cards().map(|card| (card.subject.name.clone(), card.subject.folder.clone())).collect();
    assert_eq!(said, [("bank".into(), "/home/me/bank".into()), ("game".into(), "/home/me/game".into())]);
    let effects = desk.answer(&order(&desk, Verdict::Allow, Term::Once, Reach::Exact), &open, 20).expect("taken");
    assert_eq!(settled(&effects), ["4afa44 a.example.com:443 through"]);
    desk.released("4afa44", 1);
    desk.ended("4afa44");
    let left: Vec<_> = desk.cards().map(|card| card.subject.clone()).collect();
    assert_eq!(left, [long]);
    let Asked::Host(ask) = &desk.cards().next().expect("a card").what else { panic!("about a host") };
    assert_eq!(ask.waiting.len(), 1);
}

#[test]
fn two_thousand_connections_to_two_hundred_hosts_are_two_hundred_cards() {
    let (mut desk, open, web) = (Desk::default(), policy("{}"), subject("s1"));
    for connection in 0..2000 {
        let host = format!("h{}.example.com", connection % 200);
        assert!(settled(&desk.held(&web, &host, 443, connection, &open, 5)).is_empty());
    }
    assert_eq!(desk.cards().count(), 200);
    assert_eq!(desk.cards().map(|card| card.count).sum::<u64>(), 2000);
    let ids: Vec<u64> = desk.cards().map(|card| card.id.0).collect();
    assert!(ids.is_sorted());
}

/// What the guardian cannot hold any more is asked about all the same, and nothing goes through for it.
#[test]
fn what_is_turned_away_is_asked_about_and_waits_for_nothing() {
    let (mut desk, web) = (Desk::default(), subject("s1"));
    let open = policy("{ allow: ['listed.example.com'], deny: ['denied.example.com'] }");
    assert_eq!(kinds(&desk.turned_away(&web, "a.example.com", 443, &open, 10)), ["log", "notify"]);
    assert_eq!(desk.turned_away(&web, "a.example.com", 443, &open, 20), []);
    for host in ["listed.example.com", "denied.example.com", "no host"] {
        assert_eq!(desk.turned_away(&web, host, 443, &open, 30), [], "{host}");
    }
    let card = desk.cards().next().expect("a card").clone();
    let Asked::Host(ask) = &card.what else { panic!("about a host") };
    assert_eq!((desk.cards().count(), card.count, ask.waiting.len()), (1, 2, 0));
    let effects = desk.answer(&order(&desk, Verdict::Allow, Term::Once, Reach::Exact), &open, 50).expect("taken");
    assert_eq!(settled(&effects), [""; 0]);
    assert_eq!(desk.turned_away(&web, "b.example.com", 443, &open, 60).len(), 2);
    assert_eq!(settled(&desk.held(&web, "a.example.com", 443, 7, &open, 70)), ["s1 a.example.com:443 through"]);
}

/// A control plane that takes over is told by the guardian what is held, and hears events that it had not acknowledged.
#[test]
fn a_connection_that_is_heard_of_twice_counts_once() {
    let (mut desk, open, web) = (Desk::default(), policy("{}"), subject("s1"));
    desk.held(&web, "a.example.com", 443, 1, &open, 10);
    assert_eq!(desk.held(&web, "a.example.com", 443, 1, &open, 20), []);
    assert_eq!(desk.cards().next().expect("a card").count, 1);
    assert!(desk.released("s1", 1) && !desk.released("s1", 1));
    desk.held(&web, "a.example.com", 443, 2, &open, 30);
    desk.guardian_changed();
    assert!(!desk.released("s1", 2));
    desk.held(&web, "a.example.com", 443, 2, &open, 40);
    assert_eq!(desk.cards().next().expect("a card").count, 3, "another guardian counts anew");
    assert!(desk.cards.agree());
}

#[test]
fn cards_go_with_their_time_and_their_sandbox() {
    let (mut desk, open, web) = (Desk::default(), policy("{}"), subject("s1"));
    desk.held(&web, "a.example.com", 443, 1, &open, 10);
    assert_eq!(desk.tick(9 + EXPIRY), []);
    assert_eq!(settled(&desk.tick(10 + EXPIRY)), ["s1 a.example.com:443 refused"]);
    desk.held(&web, "a.example.com", 443, 1, &open, 10);
    desk.answer(&order(&desk, Verdict::Allow, Term::Session, Reach::Exact), &open, 20).expect("taken");
    desk.held(&web, "b.example.com", 443, 2, &open, 20);
    desk.answer(&order(&desk, Verdict::Allow, Term::For(Span::QuarterHour), Reach::Exact), &open, 20).expect("taken");
    desk.ask_ahead(&web, "c.example.com", 443, None, Ticket(2), &open, 20);
    assert_eq!(kinds(&desk.ended("s1")), ["log", "answer", "forget", "log", "policy"]);
    assert_eq!(kinds(&desk.tick(20 + 15 * 60_000)), ["forget", "log", "policy"]);
    assert_eq!((desk.cards().count(), desk.decisions().count()), (0, 0));
    desk.held(&web, "d.example.com", 443, 3, &open, 30);
    desk.guardian_changed();
    let effects = desk.answer(&order(&desk, Verdict::Deny, Term::Session, Reach::Exact), &open, 31).expect("taken");
    assert_eq!(kinds(&effects), ["persist", "log", "policy"], "nothing is held any more");
}

fn command(digest: &str, ticket: u64, keepable: bool) -> OtherAsk {
    OtherAsk {
        kind: OtherKind::HostCommand,
        title: "git push".to_owned(),
        content: serde_json::json!({ "argv": ["git", "push"] }),
        digest: digest.to_owned(),
        keepable,
        tickets: BTreeSet::from([Ticket(ticket)]),
    }
}

#[test]
fn other_things_are_answered_once_for_their_digest() {
    let (mut desk, open, web) = (Desk::default(), policy("{}"), subject("s1"));
    assert_eq!(kinds(&desk.ask_other(&web, command("sha256:1", 1, false), 10)), ["log", "notify"]);
    assert_eq!(desk.ask_other(&web, command("sha256:1", 2, false), 11), []);
    for refused in [Term::Project, Term::Session, Term::Global] {
        let order = order(&desk, Verdict::Allow, refused, Reach::Exact);
        assert_eq!(desk.answer(&order, &open, 12), Err(Refused::NotOffered), "{refused}");
    }
    let effects = desk.answer(&order(&desk, Verdict::Allow, Term::Once, Reach::Exact), &open, 12).expect("taken");
    assert_eq!(kinds(&effects), ["log", "other", "answer", "answer"]);
    desk.ask_other(&web, command("sha256:2", 3, true), 13);
    assert!(desk.answer(&order(&desk, Verdict::Allow, Term::Project, Reach::Exact), &open, 14).is_ok());
    desk.ask_other(&web, command("sha256:3", 4, false), 15);
    desk.answer(&order(&desk, Verdict::Deny, Term::Once, Reach::Exact), &open, 16).expect("taken");
    for _ in 0..50 {
        let effects = desk.ask_other(&web, command("sha256:3", 5, false), 17);
        assert_eq!(settled(&effects), [format!("ticket 5 CoolDown {{ until: {} }}", 16 + COOL_DOWN)]);
    }
    desk.ask_other(&web, command("sha256:4", 6, false), 18);
    assert_eq!(kinds(&desk.gone(Ticket(6))), ["log"], "nobody waits for it any more");
    assert_eq!(desk.cards().count(), 0);
}

/// Something that happens to a desk.
#[derive(Debug, Clone)]
enum Step {
    Held { sandbox: usize, host: usize, port: usize },
    Ahead { sandbox: usize, host: usize, port: usize },
    Answer { card: usize, offer: usize, stale: bool },
    Reconsider { sandbox: usize },
    Released { sandbox: usize, connection: u64 },
    Ended { sandbox: usize },
    Later { by: u64 },
}

const HOSTS: [&str; 4] = ["a.example.com", "b.example.com", "bad.example.org", "example.net"];
const PORT: [u16; 3] = [443, 80, 8443];
const DENIED: &str = "{ deny: ['**.example.org', 'b.example.com:8443'] }";

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..3_usize, 0..4_usize, 0..3_usize).prop_map(|(sandbox, host, port)| Step::Held { sandbox, host, port }),
        2 => (0..3_usize, 0..4_usize, 0..3_usize).prop_map(|(sandbox, host, port)| Step::Ahead { sandbox, host, port }),
        4 => (0..6_usize, 0..60_usize, any::<bool>()).prop_map(|(card, offer, stale)| Step::Answer { card, offer, stale }),
        1 => (0..3_usize).prop_map(|sandbox| Step::Reconsider { sandbox }),
        1 => (0..3_usize, 0..40_u64).prop_map(|(sandbox, connection)| Step::Released { sandbox, connection }),
        1 => (0..3_usize).prop_map(|sandbox| Step::Ended { sandbox }),
        1 => (0..900_000_u64).prop_map(|by| Step::Later { by }),
    ];
    proptest::collection::vec(step, 0..60)
}

fn in_force(desk: &Desk, subject: &Subject, now: u64) -> Effective {
    let denied = user_config::layer(&Source::new("config.json5", DENIED.replacen('{', "{ presets: [],", 1))).0;
    let decisions: Vec<Decision> = desk.decisions().cloned().collect();
    Effective::of(denied.as_ref(), None, counting(&decisions, subject, now))
}

proptest! {
    /// Whatever happens in whatever order: nothing goes through that a rule denies, or that nobody allowed for this sandbox,
    /// host and port.
    #[test]
    fn nothing_goes_through_but_what_a_person_allowed_and_no_rule_denies(steps in steps()) {
        let mut desk = Desk::default();
        let subjects = ["s1", "s12", "s2"].map(subject);
        let (mut now, mut connection) = (1000, 0);
        let mut allowed: BTreeSet<(String, String, u16)> = BTreeSet::new();
        for step in steps {
            now += 1;
            let effects = match step {
                Step::Held { sandbox, host, port } => {
                    connection += 1;
                    let policy = in_force(&desk, &subjects[sandbox], now);
                    let effects = desk.held(&subjects[sandbox], HOSTS[host], PORT[port], connection, &policy, now);
                    if found(&policy, &Host::parse(HOSTS[host]).expect("a host"), PORT[port]) != Match::Nothing {
                        // what the rules answer needs nobody
                        if matches!(effects.first(), Some(Effect::Settle { allow: true, .. })) {
                            allowed.insert((subjects[sandbox].sandbox.clone(), HOSTS[host].to_owned(), PORT[port]));
                        }
                    }
                    effects
                }
                Step::Ahead { sandbox, host, port } => {
                    let policy = in_force(&desk, &subjects[sandbox], now);
                    desk.ask_ahead(&subjects[sandbox], HOSTS[host], PORT[port], None, Ticket(now), &policy, now)
                }
                Step::Answer { card, offer, stale } => {
                    let Some(card) = desk.cards().nth(card).cloned() else { continue };
                    let offers = offers(&card);
                    let offer = offers[offer % offers.len()].clone();
                    let digest = if stale { "sha256:old".to_owned() } else { card.digest() };
                    let order = Order { card: card.id, digest, choice: offer.choice.clone(), typed: offer.typed, by: By::Page };
                    let policy = in_force(&desk, &card.subject, now);
                    match desk.answer(&order, &policy, now) {
                        Ok(effects) => {
                            prop_assert!(!stale);
                            let Asked::Host(ask) = &card.what else { continue };
                            if offer.choice.verdict == Verdict::Allow {
                                let host = ask.host.as_str().to_owned();
                                let opened = |port: &u16| (card.subject.sandbox.clone(), host.clone(), *port);
                                allowed.extend(ask.ports.iter().map(opened));
                            }
                            effects
                        }
                        Err(_) => Vec::new(),
                    }
                }
                Step::Reconsider { sandbox } => {
                    let policy = in_force(&desk, &subjects[sandbox], now);
                    let cards: Vec<Card> = desk.cards().cloned().collect();
                    let effects = desk.reconsider(&subjects[sandbox], &policy);
                    for card in cards.iter().filter(|card| verdict_of(card, &policy) == Some(Verdict::Allow)) {
                        let Asked::Host(ask) = &card.what else { continue };
                        let opened = |port: &u16| (card.subject.sandbox.clone(), ask.host.as_str().to_owned(), *port);
                        allowed.extend(ask.ports.iter().map(opened));
                    }
                    effects
                }
                Step::Released { sandbox, connection } => {
                    desk.released(&subjects[sandbox].sandbox, connection);
                    Vec::new()
                }
                Step::Ended { sandbox } => desk.ended(&subjects[sandbox].sandbox),
                Step::Later { by } => {
                    now += by;
                    desk.tick(now)
                }
            };
            for effect in &effects {
                if let Effect::Settle { sandbox, host, port, allow: true } = effect {
                    let opened = (sandbox.clone(), host.clone(), *port);
                    prop_assert!(allowed.contains(&opened), "{:?}", opened);
                    prop_assert!(!host.ends_with("example.org") && (host.as_str(), *port) != ("b.example.com", 8443));
                }
                if let Effect::Persist(decision) = effect {
                    prop_assert!(!decision.rules.is_empty());
                }
            }
            prop_assert!(desk.cards().count() <= 3 * HOSTS.len());
            prop_assert!(desk.cards().map(|card| card.id).is_sorted());
            prop_assert!(desk.cards.agree());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    /// However many sandboxes ask for however much, what waits is bounded.
    #[test]
    fn the_queue_is_bounded(asked in proptest::collection::vec((0..8_usize, 0..2000_u32), 2000..4000)) {
        let (mut desk, open) = (Desk::default(), policy("{}"));
        for (sandbox, host) in asked {
            let host = format!("h{host}.example.com");
            desk.ask_ahead(&subject(&format!("s{sandbox}")), &host, 443, None, Ticket(1), &open, 1);
        }
        prop_assert!(desk.cards().count() <= ALL_CARDS + 8 * SHARE);
        for sandbox in 0..8 {
            let own = desk.cards.count_of(&format!("s{sandbox}"));
            prop_assert!(own <= SANDBOX_CARDS);
        }
    }
}
