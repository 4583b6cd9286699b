//! Somebody sits at a terminal: its size, its keys, its modes, and several of them at once.

pub(crate) mod pty;

use std::process::Command;

use rustix::process::Signal;

use self::pty::Terminal;
use super::{User, text};

const CONFIG: &str = r#"{ "image": "debian:bookworm" }"#;
/// Says that it listens, and goes on for ever.
const LISTENING: &str = "echo listening; while :; do sleep 0.05; done";

fn exec(script: &str) -> [&str; 5] {
    ["exec", "--", "bash", "-c", script]
}

#[test]
fn the_window_has_its_size_inside_and_keeps_it() {
    let user = User::with(CONFIG);
    user.start();
    // A shell may not hear a signal while it handles the one before: the size itself is looked at all the time.
    let look = "now=$(stty size); [ \"$now\" = \"$last\" ] || echo $now; last=$now";
    let script = format!("trap 'echo told' WINCH; while :; do {look}; sleep 0.05; done");
    let mut terminal = Terminal::open(&user, (31, 103), &exec(&script));
    terminal.shows("31 103", 1);
    for (rows, columns) in [(41, 133), (10, 20)] {
        terminal.resize(rows, columns);
        terminal.shows(&format!("{rows} {columns}"), 1);
    }
    terminal.shows("told", 1);
    terminal.types("\x03");
    terminal.ends_with(130);
}

#[test]
fn keys_that_are_signals_are_for_the_program_inside() {
    let user = User::with(CONFIG);
    user.start();
    let script = format!("trap 'echo told; exit 5' INT; {LISTENING}");
    let mut terminal = Terminal::open(&user, (24, 80), &exec(&script));
    terminal.shows("listening", 1);
    assert!(terminal.is_raw());
    terminal.types("\x03");
    terminal.shows("told", 1);
    terminal.ends_with(5);

    let mut shell = Terminal::open(&user, (24, 80), &["start"]);
    shell.types("PS1='ready''> '\r");
    shell.shows("ready> ", 1);
    shell.types("sh -c 'echo run''ning; exec sleep 4711'\r");
    shell.shows("running", 1);
    shell.types("\x1a");
    shell.shows("Stopped", 1);
    shell.types("jobs\r");
    shell.shows("sleep 4711", 2);
    shell.types("fg\r");
    shell.shows("sleep 4711", 3);
    shell.types("\x03");
    shell.types("echo code=$?\r");
    shell.shows("code=130", 1);
    shell.types("exit 7\r");
    shell.ends_with(7);
}

#[test]
fn several_shells_at_once_do_not_hear_of_each_other() {
    let user = User::with(CONFIG);
    let mut shells: Vec<_> = (0..3).map(|_| Terminal::open(&user, (24, 80), &["start"])).collect();
    for (number, shell) in shells.iter_mut().enumerate() {
        shell.types(&format!("echo shell-$((40 + {number}))-$(tty)\r"));
        shell.shows(&format!("shell-{}-/dev/pts/", 40 + number), 1);
    }
    for (number, shell) in shells.iter_mut().enumerate() {
        assert_eq!(shell.shown().matches("-/dev/pts/").count(), 1, "{}", shell.shown());
        shell.types(&format!("exit {}\r", 3 + number));
        shell.ends_with(i32::try_from(3 + number).unwrap());
    }
    user.run(&["exec", "--", "true"]).expect(0);
}

/// Every end of cloister but SIGKILL, which nobody can do anything about.
#[test]
fn the_terminal_is_as_before_whatever_ends_the_session() {
    let user = User::with(CONFIG);
    let listed = user.start();
    let name = text(&listed["container"]);
    let polite = format!("trap 'exit 9' INT TERM HUP QUIT; {LISTENING}");
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT] {
        let mut terminal = Terminal::open(&user, (24, 80), &exec(&polite));
        terminal.shows("listening", 1);
        terminal.signal(signal);
        terminal.ends_with(9);
    }
    let deaf = format!("trap '' INT TERM HUP QUIT; {LISTENING}");
    for signal in [Signal::TERM, Signal::HUP] {
        let mut terminal = Terminal::open(&user, (24, 80), &exec(&deaf));
        terminal.shows("listening", 1);
        terminal.signal(signal);
        std::thread::sleep(std::time::Duration::from_millis(500));
        terminal.signal(signal);
        terminal.ends_with(137);
        let left = user.shell("grep -lz 'echo [l]istening' /proc/[0-9]*/cmdline").stdout();
        assert_eq!(left, "", "it does not go on inside");
    }
    let mut terminal = Terminal::open(&user, (24, 80), &exec(LISTENING));
    terminal.shows("listening", 1);
    assert!(Command::new("docker").args(["rm", "-f", name]).output().unwrap().status.success());
    terminal.ends_with(137);
    terminal.shows("`project` was stopped", 1);
}

#[test]
fn a_request_is_approved_by_a_yes_and_by_nothing_else() {
    let user = User::with(r#"{ "image": "debian:bookworm", "postCreateCommand": "sudo echo \u001b[2K approve" }"#);
    let list = || user.run(&["trust", "--list"]).expect(0);
    for (answer, code, state) in [("\r", 1, "pending"), ("n\r", 1, "pending"), ("yse\r", 1, "pending")] {
        let mut terminal = Terminal::open(&user, (24, 120), &["trust"]);
        terminal.shows("\\u{1b}[2K approve", 1);
        terminal.shows("approve exactly this? [y/N]", 1);
        terminal.types(answer);
        terminal.ends_with(code);
        terminal.shows("not approved: ", 1);
        assert!(list().starts_with(state), "{answer:?}");
    }
    let mut terminal = Terminal::open(&user, (24, 120), &["trust", "--hook", "postCreate"]);
    terminal.shows("approve exactly this? [y/N]", 1);
    terminal.types("y\r");
    terminal.ends_with(0);
    assert!(list().starts_with("approved"), "{}", list());
}

#[test]
fn of_several_requests_each_is_numbered_and_answered_by_itself() {
    let user =
        User::with(r#"{ "image": "debian:bookworm", "onCreateCommand": "sudo one", "postCreateCommand": "sudo two" }"#);
    let mut terminal = Terminal::open(&user, (24, 120), &["trust"]);
    terminal.shows("approve exactly this (1 of 2)? [y/N]", 1);
    terminal.types("n\r");
    terminal.shows("not approved: onCreate", 1);
    terminal.shows("approve exactly this (2 of 2)? [y/N]", 1);
    terminal.types("y\r");
    terminal.shows("approved: postCreate", 1);
    terminal.ends_with(0);
    let listed = user.run(&["trust", "--list"]).expect(0);
    assert!(listed.contains("pending   onCreate") && listed.contains("approved  postCreate"), "{listed}");
}
