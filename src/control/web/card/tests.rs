use super::Cards;
use crate::control::approvals::card::CardId;
use crate::control::approvals::choice::{Choice, Reach, Span, Term};
use crate::control::protocol::{CardView, ChoiceView, Inbox};
use crate::policy::decision::{Subject, Verdict};

fn choice(verdict: Verdict, term: Term, reach: Reach) -> ChoiceView {
    let text = format!("{} {term} {reach:?}", verdict.as_str());
    ChoiceView { choice: Choice { verdict, term, reach }, text, confirm: None }
}

fn shown(choices: Vec<ChoiceView>) -> Vec<(String, bool, Option<&'static str>)> {
    let subject = Subject {
        sandbox: "0123456789ab".into(),
        session: "1".into(),
        name: "project".into(),
        folder: "/home/me/project".into(),
    };
    let (digest, title, kind) = ("sha256:0".into(), "api.example.com:443".into(), "host".into());
    let (facts, warnings) = (Vec::new(), Vec::new());
    let card = CardView {
        id: CardId(1),
        digest,
        subject,
        title,
        kind,
        facts,
        warnings,
        first: 1,
        last: 2,
        count: 3,
        waiting: 4,
        until: None,
        choices,
    };
    let cards = Cards::new(&Inbox { version: 1, cards: vec![card], ..Inbox::default() });
    let answers = cards.cards.into_iter().flat_map(|card| card.choices);
    answers.map(|answer| (answer.text.text(), answer.wide, answer.key)).collect()
}

/// UI-028.
#[test]
fn the_least_answers_come_first_and_have_letters() {
    let (allow, deny) = (Verdict::Allow, Verdict::Deny);
    let wildcard = || Reach::Wildcard("*.example.com".into());
    let answers = shown(vec![
        choice(allow, Term::Global, Reach::Exact),
        choice(allow, Term::Once, Reach::Exact),
        choice(allow, Term::Session, Reach::Exact),
        choice(allow, Term::Session, wildcard()),
        choice(allow, Term::For(Span::Hour), Reach::Exact),
        choice(deny, Term::Once, Reach::Exact),
    ]);
    let expected = [
        ("allow once Exact", false, None),
        ("allow session Exact", false, Some("a")),
        ("deny once Exact", false, Some("d")),
        ("allow global Exact", true, None),
        ("allow session Wildcard(\"*.example.com\")", true, None),
        ("allow 1h Exact", true, None),
    ];
    assert_eq!(answers, expected.map(|(text, wide, key)| (text.to_owned(), wide, key)));
}

#[test]
fn no_letter_stands_for_what_has_to_be_confirmed() {
    let mut typed = choice(Verdict::Allow, Term::Session, Reach::Exact);
    typed.confirm = Some("api.example.com".into());
    let wide = choice(Verdict::Deny, Term::Global, Reach::Exact);
    assert!(shown(vec![typed, wide]).iter().all(|(_, _, key)| key.is_none()));
}
