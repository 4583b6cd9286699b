use super::*;

#[test]
fn the_last_lines_without_the_probe_and_without_what_moves_the_cursor() {
    let probe = r#"{"kind":"cloister-probe","sealed":true,"attempts":[],"microseconds":1}"#;
    let long = "x".repeat(300);
    let cases: [(&str, &[&str]); 4] = [
        ("", &[]),
        (&format!("{probe}\nhello\r\n\noops\u{1b}[2J\n"), &["hello", "oops\\u{1b}[2J"]),
        ("1\n2\n3\n4\n5\n6\n", &["2", "3", "4", "5", "6"]),
        (&format!("{{}}\n{long}"), &["{}", &cut(&long, COLUMNS)]),
    ];
    for (text, expected) in cases {
        assert_eq!(last_lines(text), expected);
    }
}
