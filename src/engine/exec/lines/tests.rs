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
        let mut lines = Lines::new("[x] ", false);
        let mut text = Vec::new();
        for piece in pieces {
            lines.append(&mut text, piece.as_bytes());
        }
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }
}

#[test]
fn a_terminal_gets_nothing_that_moves_its_cursor() {
    let cases: [(&[&[u8]], &str); 9] = [
        (&[b"plain \tline\n"], "[x] plain \tline\n"),
        (&[b"dos\r\n"], "[x] dos\n"),
        (&[b"\x1b[2J\x1b[31mred\x1b[0m\n"], "[x] \\u{1b}[2J\\u{1b}[31mred\\u{1b}[0m\n"),
        (&[b"50%\r100%\n"], "[x] 50%\\r100%\n"),
        (&["\u{9b}2J\u{202e}x\n".as_bytes()], "[x] \\u{9b}2J\\u{202e}x\n"),
        (&[b"\x9b2J\n"], "[x] \u{fffd}2J\n"),
        (&[b"\xe6\x95", b"\xb0\n"], "[x] \u{6570}\n"),
        (&[b"\xe6\x95", b"\n"], "[x] \u{fffd}\n"),
        (&[b"a\xe6"], "[x] a\u{fffd}"),
    ];
    for (pieces, expected) in cases {
        let mut lines = Lines::new("[x] ", true);
        let mut text = Vec::new();
        for piece in pieces {
            lines.append(&mut text, piece);
        }
        lines.end(&mut text);
        assert_eq!(String::from_utf8(text).unwrap(), expected, "{pieces:?}");
    }
}
