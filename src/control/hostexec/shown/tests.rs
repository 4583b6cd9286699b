use proptest::prelude::*;

use super::*;

/// UI-017, UI-018, UI-021, HX-010.
#[test]
fn words_are_shown_as_they_are_and_do_nothing() {
    let cases = [
        ("push", r#""push""#),
        ("", r#""""#),
        ("a b", r#""a b""#),
        ("--checkpoint-action=exec=id", r#""--checkpoint-action=exec=id""#),
        ("\u{1b}]52;c;aGk=\u{7}", r#""\u{1b}]52;c;aGk=\u{7}""#),
        ("\u{1b}[2J", r#""\u{1b}[2J""#),
        ("ok\rrm -rf", r#""ok\rrm -rf""#),
        ("a\nb", r#""a\nb""#),
        (r"a\nb", r#""a\\nb""#),
        (r"\u{202e}", r#""\\u{202e}""#),
        ("\u{202e}\u{2066}\u{200b}\u{a0}\u{115f}", r#""\u{202e}\u{2066}\u{200b}\u{a0}\u{115f}""#),
        (r#"a" "b"#, r#""a\" \"b""#),
    ];
    for (word, shown) in cases {
        assert_eq!(quoted(word), shown);
    }
}

/// Reads a word back; the other half of [`quoted`].
fn unquoted(shown: &str) -> String {
    let inner = shown.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).expect("quotes");
    let (mut word, mut letters) = (String::new(), inner.chars());
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            word.push(letter);
            continue;
        }
        word.push(match letters.next().expect("a letter behind a backslash") {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                assert_eq!(letters.next(), Some('{'));
                let digits: String = letters.by_ref().take_while(|letter| *letter != '}').collect();
                char::from_u32(u32::from_str_radix(&digits, 16).unwrap()).unwrap()
            }
            itself => itself,
        });
    }
    word
}

proptest! {
    #[test]
    fn no_two_words_look_the_same(word in any::<String>()) {
        prop_assert_eq!(unquoted(&quoted(&word)), word);
    }

    /// Backslashes, quotes and what looks like an escape, together.
    #[test]
    fn nor_do_two_that_try(word in r#"[\\"nrtu{}0-9a-f\n\r\u{202e}\u{301}]{0,16}"#) {
        prop_assert_eq!(unquoted(&quoted(&word)), word);
    }

    #[test]
    fn a_word_is_one_line_without_control_characters(word in any::<String>()) {
        prop_assert!(!quoted(&word).chars().any(char::is_control));
    }
}
