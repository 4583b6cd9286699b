//! The list that lives, as a person at a terminal has it.

use super::super::terminal::pty::Terminal;
use super::{ASK, begin, card, said, user};

#[test]
fn a_person_is_told_what_happens_while_a_question_stands_there() {
    let user = user();
    user.start();
    let first = begin(&user, ASK);
    let shown = card(&user);
    let mut terminal = Terminal::open(&user, (40, 200), &["approve"]);
    terminal.shows("api.example.org:443", 1);
    // What is typed before the card could be read answers nothing.
    terminal.types("d\r");
    terminal.shows("answer: ", 1);
    terminal.types("x\r");
    terminal.shows("a, d, m or s", 1);
    terminal.types("m\r");
    terminal.shows("number: ", 1);
    terminal.types("99\r");
    terminal.shows("a number from 1 to ", 1);
    let second = begin(&user, &ASK.replace("api.", "other."));
    terminal.shows("1 more waits", 1);
    user.run(&["deny", &shown["id"].to_string(), "--for", "once"]).expect(0);
    terminal.shows("answered elsewhere", 1);
    assert_eq!(said(first), "403");
    terminal.shows("other.example.org:443", 1);
    terminal.shows("answer: ", 3);
    terminal.types("a\r");
    terminal.shows("until it stops; to take it back: cloister decisions undo ", 1);
    assert_ne!(said(second), "403");
    let third = begin(&user, &format!("timeout -s KILL 4 {}", ASK.replace("api.", "third.")));
    terminal.shows("third.example.org:443", 1);
    said(third);
    terminal.shows("it waits no more, and an answer is for the next time", 1);
    terminal.types("s\r");
    // Nothing runs any more.
    user.run(&["stop"]).expect(0);
    terminal.ends_with(0);
}
