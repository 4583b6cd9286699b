use super::*;

fn author(name: Option<&str>, email: Option<&str>) -> Author {
    Author { name: name.map(str::to_owned), email: email.map(str::to_owned) }
}

#[test]
fn the_last_answer_counts_and_control_characters_do_not() {
    for (answer, expected) in [
        ("", author(None, None)),
        ("user.name\nA\0user.email\na@example.com\0", author(Some("A"), Some("a@example.com"))),
        ("user.name\nA\0user.name\nB C\0", author(Some("B C"), None)),
        ("user.name\nA\nB\0user.email\n\0", author(None, None)),
        ("user.name\nA\u{1b}[2J\0user.signingkey\nx\0user.email\0", author(None, None)),
    ] {
        assert_eq!(parse(answer.as_bytes()), expected, "{answer:?}");
    }
}
