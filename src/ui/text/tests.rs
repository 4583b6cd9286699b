use proptest::prelude::*;

use super::*;

#[test]
fn what_cannot_be_seen_is_written_out() {
    let cases = [
        ("plain text, \"quoted\" 'too' \\n", "plain text, \"quoted\" 'too' \\n"),
        ("Größe 数据 हिन्दी e\u{301}", "Größe 数据 हिन्दी e\u{301}"),
        ("one\ntwo\r\n\tthree", "one\\ntwo\\r\\n\\tthree"),
        ("\u{1b}[2J\u{7}\u{9b}31m\u{7f}", "\\u{1b}[2J\\u{7}\\u{9b}31m\\u{7f}"),
        ("\u{202e}gnp.exe\u{2066}", "\\u{202e}gnp.exe\\u{2066}"),
        ("a\u{200b}b\u{feff}c\u{2060}", "a\\u{200b}b\\u{feff}c\\u{2060}"),
        ("no\u{a0}break\u{3000}", "no\\u{a0}break\\u{3000}"),
        ("tag\u{e0041}, filler\u{3164}, private\u{e000}", "tag\\u{e0041}, filler\\u{3164}, private\\u{e000}"),
        ("\u{301}first", "\\u{301}first"),
        ("z\u{301}\u{302}\u{303}\u{304}", "z\u{301}\u{302}\u{303}\\u{304}"),
        ("", ""),
    ];
    for (text, expected) in cases {
        assert_eq!(visible(text), expected, "{text:?}");
    }
}

#[test]
fn long_text_keeps_its_end() {
    let cases = [
        ("short", 10, "short"),
        ("abcdefghijklmnopqrstuvwxyz", 26, "abcdefghijklmnopqrstuvwxyz"),
        ("abcdefghijklmnopqrstuvwxyz", 20, "abcdefghi…(+13)…wxyz"),
        ("数数数数数数数数", 12, "数数…(+5)…数"),
    ];
    for (text, columns, expected) in cases {
        assert_eq!(cut(text, columns), expected);
        assert!(width(&cut(text, columns)) <= columns);
    }
}

#[test]
fn columns_are_columns_of_a_terminal() {
    assert_eq!(pad("数", 4), "数  ");
    assert_eq!(pad("longer", 3), "longer");
    assert_eq!(width("e\u{301}"), 1);
}

#[test]
fn lines_break_at_spaces() {
    let cases: [(&str, usize, &[&str]); 4] = [
        ("one two three", 7, &["one two", "three"]),
        ("a verylongwordindeed b", 8, &["a", "verylong", "wordinde", "ed b"]),
        ("", 5, &[]),
        ("数数数", 1, &["数", "数", "数"]),
    ];
    for (text, columns, expected) in cases {
        assert_eq!(wrap(text, columns), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn visible_text_has_nothing_hidden_and_is_final(text in any::<String>()) {
        let shown = visible(&text);
        prop_assert!(!shown.chars().any(hidden));
        prop_assert_eq!(visible(&shown), shown);
    }

    #[test]
    fn layout_takes_any_text(text in any::<String>(), columns in 0usize..40) {
        let shown = visible(&text);
        prop_assert!(columns < 12 || width(&cut(&shown, columns)) <= columns);
        let joined = wrap(&shown, columns).concat().replace(' ', "");
        prop_assert_eq!(joined, shown.replace(' ', ""));
    }
}
