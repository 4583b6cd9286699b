use super::{refusal, shown, status};

#[test]
fn the_code_is_read_from_the_first_line() {
    let cases = [
        ("HTTP/1.1 403 Forbidden\r\n\r\n", Some("403")),
        ("HTTP/1.0 407\r\n\r\n", Some("407")),
        ("HTTP/2 403\r\n\r\n", None),
        ("SSH-2.0-x", None),
        ("", None),
    ];
    for (answer, expected) in cases {
        assert_eq!(status(answer), expected, "{answer:?}");
    }
}

#[test]
fn only_the_expected_refusal_is_closed() {
    let answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nnot \u{1b}[31mlisted\nmore";
    let one = refusal("guardian-unlisted", "x", "403", Ok(answer.to_owned()));
    assert_eq!((one.closed, one.seen.as_str()), (true, "HTTP/1.1 403 Forbidden not [31mlisted"));
    assert!(!refusal("guardian-unlisted", "x", "403", Ok("HTTP/1.1 200 OK\r\n\r\n".to_owned())).closed);
    assert!(!refusal("guardian-unlisted", "x", "403", Err(std::io::ErrorKind::TimedOut.into())).closed);
}

#[test]
fn a_hostile_answer_is_shown_short() {
    assert_eq!(shown(&"x".repeat(5000)).len(), 200);
}
