use proptest::prelude::*;

use super::*;

/// Renders an excerpt as two lines: the text, and carets under the only span.
fn shown(text: &str, needle: &str, columns: usize) -> String {
    let start = text.find(needle).unwrap();
    let excerpt = excerpt(&Source::new("a.json", text), std::slice::from_ref(&(start..start + needle.len())), columns);
    let mark = &excerpt.marks[0];
    format!("|{}\n|{}{}", excerpt.line, " ".repeat(mark.column), "^".repeat(mark.width))
}

#[test]
fn the_line_and_what_is_marked() {
    let cases = [
        ("{\n  \"a\": true\n}", "true", 40, "|  \"a\": true\n|       ^^^^"),
        ("\u{feff}{ \"a\": 1 }\r\n", "1", 40, "|{ \"a\": 1 }\n|       ^"),
        ("{\t\"a\": 1 }", "1", 40, "|{    \"a\": 1 }\n|          ^"),
        ("[\"x\u{202e}y\", 7]", "7", 40, "|[\"x\\u{202e}y\", 7]\n|               ^"),
        ("[\"数\", 7]", "7", 40, "|[\"数\", 7]\n|       ^"),
        (
            "[1111111111, 2222222222, 3333333333, 4444444444]",
            "3333333333",
            20,
            "|…2222, 3333333333, …\n|       ^^^^^^^^^^",
        ),
        ("[1111111111, 2222222222, 3333333333, 4444444444]", "1111111111", 20, "|[1111111111, 22222…\n| ^^^^^^^^^^"),
    ];
    for (text, needle, columns, expected) in cases {
        assert_eq!(shown(text, needle, columns), expected);
    }
}

#[test]
fn a_span_over_several_lines_is_marked_to_the_end_of_its_first() {
    let source = Source::new("a.json", "{ \"a\": [\n  1,\n  2\n] }");
    let excerpt = excerpt(&source, std::slice::from_ref(&(7..19)), 40);
    assert_eq!((excerpt.marks[0].column, excerpt.marks[0].width, excerpt.marks[0].more_lines), (7, 1, 3));
}

#[test]
fn two_marks_on_one_line_keep_their_order() {
    let source = Source::new("a.json", "[10, 20]");
    let excerpt = excerpt(&source, &[5..7, 1..3], 40);
    assert_eq!(excerpt.marks.iter().map(|mark| mark.column).collect::<Vec<_>>(), [5, 1]);
}

#[test]
fn a_line_of_a_megabyte_is_cut_like_any_other() {
    let text = format!("[{}, 7, {}]", "1".repeat(1 << 20), "2".repeat(1 << 20));
    assert_eq!(shown(&text, "7", 20), "|…1111, 7, 222222222…\n|       ^");
}

proptest! {
    #[test]
    fn any_span_in_any_text(text in any::<String>(), start in 0usize..60, length in 0usize..60, columns in 0usize..30) {
        let excerpt = excerpt(&Source::new("a", text), std::slice::from_ref(&(start..start + length)), columns);
        prop_assert!(excerpt.line.get(excerpt.marks[0].range.clone()).is_some());
        prop_assert!(!excerpt.line.contains('\n'));
        prop_assert!(columns < 12 || text::width(&excerpt.line) <= columns);
    }
}
