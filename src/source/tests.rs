use super::*;

#[test]
fn locations_count_lines_and_characters() {
    let source = Source::new("a.json", "\u{feff}{\r\n  \"é\": 1\r\n}");
    let cases = [(3..4, 1, 1), (6..7, 2, 1), (8..12, 2, 3), (14..15, 2, 8)];
    for (span, line, column) in cases {
        let location = source.locate(span.clone());
        assert_eq!((location.line, location.column), (line, column), "{span:?}");
    }
}
