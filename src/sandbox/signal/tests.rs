use rustix::process::Signal;

use super::{carries, parse};

#[test]
fn names_are_those_of_kill() {
    let cases =
        [("TERM", Some(Signal::TERM)), ("SIGINT", Some(Signal::INT)), ("WINCH", Some(Signal::WINCH)), ("9", None)];
    for (name, expected) in cases {
        assert_eq!(parse(name), expected, "{name}");
    }
}

#[test]
fn a_mark_is_a_whole_variable() {
    let cases: [(&[u8], &str, bool); 6] = [
        (b"A=1\0CLOISTER_EXEC=ab12\0B=2\0", "ab12", true),
        (b"CLOISTER_EXEC=ab12", "ab12", true),
        (b"CLOISTER_EXEC=ab123\0", "ab12", false),
        (b"X=CLOISTER_EXEC=ab12\0", "ab12", false),
        (b"CLOISTER_EXEC=\0", "", false),
        (b"", "ab12", false),
    ];
    for (environment, mark, expected) in cases {
        assert_eq!(carries(environment, mark), expected, "{mark}");
    }
}
