use super::*;
use crate::control::approvals::card::CardId;
use crate::control::approvals::choice::{Choice, Term};
use crate::policy::decision::{Subject, Verdict};

pub(in crate::cli::approve) fn asked(text: &str) -> CardView {
    CardView {
        id: CardId(7),
        digest: "sha256:0".to_owned(),
        subject: Subject {
            sandbox: "4afa445a1757".to_owned(),
            session: "1".to_owned(),
            name: text.to_owned(),
            folder: text.to_owned(),
        },
        title: text.to_owned(),
        kind: "host-command".to_owned(),
        facts: vec![("agent says".to_owned(), text.to_owned()), (text.to_owned(), text.to_owned())],
        warnings: vec![text.to_owned()],
        first: 1,
        last: 2,
        count: 3,
        until: None,
        waiting: 1,
        choices: vec![ChoiceView { choice: Choice::least(Verdict::Allow), text: text.to_owned(), confirm: None }],
    }
}

#[test]
fn everything_that_is_to_be_known_is_there() {
    insta::assert_snapshot!(card(&asked("make \u{202e}x")), @r"
    7 to run on this machine: make \u{202e}x
        asked by   make \u{202e}x (make \u{202e}x)
        so far     3 requests, 1 waiting
        agent says make \u{202e}x
        make \u{202e}x make \u{202e}x
        warning    make \u{202e}x
    ");
    let choice = ChoiceView {
        choice: Choice { verdict: Verdict::Allow, term: Term::Session, reach: Reach::Exact },
        text: "opens it".to_owned(),
        confirm: None,
    };
    assert_eq!(super::choice(&choice), "allow --for session: opens it");
}

#[test]
fn an_answer_says_what_it_did_and_what_takes_it_back() {
    let asked = asked("web may reach it");
    let id = DecisionId::derive("x");
    assert_eq!(done(&asked.choices[0], None), "web may reach it\n");
    let undo = format!("web may reach it; to take it back: cloister decisions undo {id}\n");
    assert_eq!(done(&asked.choices[0], Some(&id)), undo);
}

#[test]
fn a_list_ends_with_how_to_answer() {
    let mut card = asked("x");
    let choice = |verdict, term| Choice { verdict, term, reach: Reach::Exact };
    let view = |choice| ChoiceView { choice, text: "does it".to_owned(), confirm: None };
    let both = |term| vec![view(choice(Verdict::Allow, term)), view(choice(Verdict::Deny, term))];
    // The narrowest first, as cards have them.
    card.choices = [both(Term::Once), both(Term::Session)].concat();
    let lines = "to answer, for example:\n  cloister approve 7 --for session\n  cloister deny 7\n";
    assert_eq!(how_to_answer(&card), lines);
    card.choices = both(Term::Once);
    assert_eq!(how_to_answer(&card), lines.replace("session", "once"), "a command");
}

/// UI-017, UI-018, UI-021: no text of a sandbox moves the cursor, sets the clipboard, or passes for another line.
#[test]
fn no_text_of_a_sandbox_does_anything_to_the_terminal() {
    let lines = card(&asked("x")).lines().count();
    let texts = [
        "\u{1b}]52;c;ZXZpbA==\u{7}",
        "\u{1b}[2J\u{1b}[H",
        "\u{9b}2J",
        "good\rEVIL",
        "a\n8 to reach: api.example.com",
        "\u{202e}\u{2066}\u{200b}\u{115f}",
    ];
    for text in texts {
        let shown = card(&asked(text));
        assert_eq!(shown.lines().count(), lines, "{shown}");
        let answer = choice(&asked(text).choices[0]);
        let is_hidden = |letter: &char| letter.is_control() || "\u{202e}\u{2066}\u{200b}\u{115f}".contains(*letter);
        let hidden: Vec<char> = shown.replace('\n', "").chars().chain(answer.chars()).filter(is_hidden).collect();
        assert!(hidden.is_empty(), "{hidden:?} of {text:?}");
    }
}
