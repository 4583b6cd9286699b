use super::*;

#[test]
fn every_line_gets_its_prefix_once() {
    let cases: [(&[&str], &str); 4] = [
        (&["a\nb\n"], "[x] a\n[x] b\n"),
        (&["a", "b\nc"], "[x] ab\n[x] c"),
        (&["\n", "\n"], "[x] \n[x] \n"),
        (&[""], ""),
    ];
    for (pieces, expected) in cases {
        let mut lines = Lines { prefix: "[x] ", fresh: true };
        let mut text = Vec::new();
        for piece in pieces {
            lines.append(&mut text, piece.as_bytes());
        }
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }
}
