use proptest::prelude::*;

use super::{Framing, Head, Kind, Malformed, find_end, parse};
use crate::guardian::target::TargetError;

fn read(text: &str) -> Result<Head, Malformed> {
    let end = find_end(text.as_bytes(), &mut 0)?.ok_or(Malformed::Syntax)?;
    parse(&text.as_bytes()[..end])
}

fn forwarded(text: &str) -> (String, String, Vec<String>, Framing, bool) {
    let Kind::Forward(forward) = read(text).expect(text).kind else { panic!("a tunnel: {text}") };
    let fields =
        forward.fields.iter().map(|(name, value)| format!("{name}: {}", value.to_str().expect("text"))).collect();
    (forward.method.to_string(), forward.path.to_string(), fields, forward.framing, forward.keep_alive)
}

#[test]
fn tunnels() {
    for text in [
        "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
        "CONNECT example.com:443 HTTP/1.0\r\n\r\n",
        "CONNECT example.com:443 HTTP/1.1\r\nHost: evil.test\r\nContent-Length: 0\r\n\r\n",
        "CONNECT EXAMPLE.com.:443 HTTP/1.1\r\nUser-Agent: \u{e9}\r\n\r\n",
    ] {
        let head = read(text).expect(text);
        assert!(matches!(head.kind, Kind::Tunnel));
        assert_eq!(head.target.to_string(), "example.com:443");
    }
}

#[test]
fn only_end_to_end_fields_go_on() {
    let text = "GET http://example.com/a?b HTTP/1.1\r\nHost: other\r\nProxy-Authorization: Basic eA==\r\nProxy-Connection: keep-alive\r\n\
        Proxy-Foo: 1\r\nConnection: keep-alive, X-Mine\r\nx-mine: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nTrailer: x\r\nUpgrade: websocket\r\n\
        Upgrade-Insecure-Requests: 1\r\nExpect: 100-continue\r\nAccept:  */* \r\nX: \u{e9}\r\nX: 2\r\n\r\n";
    let head = read(text).expect("a request");
    assert_eq!(head.credentials.as_deref(), Some(&b"Basic eA=="[..]));
    let Kind::Forward(forward) = head.kind else { panic!("a tunnel") };
    let names: Vec<&str> = forward.fields.keys().map(http::HeaderName::as_str).collect();
    assert_eq!(names, ["upgrade-insecure-requests", "accept", "x"]);
    assert_eq!(forward.fields["accept"], "*/*");
    assert_eq!(forward.fields.get_all("x").iter().count(), 2);
    assert!(forward.expects_continue && forward.keep_alive);
}

#[test]
fn paths_framings_and_persistence() {
    for (text, method, path, framing, keep_alive) in [
        ("GET http://example.com HTTP/1.1\r\n\r\n", "GET", "/", Framing::Empty, true),
        ("GET http://example.com?x HTTP/1.1\r\n\r\n", "GET", "/?x", Framing::Empty, true),
        ("OPTIONS http://example.com HTTP/1.1\r\n\r\n", "OPTIONS", "*", Framing::Empty, true),
        ("PROPFIND http://example.com/ HTTP/1.0\r\n\r\n", "PROPFIND", "/", Framing::Empty, false),
        ("GET http://example.com/ HTTP/1.1\r\nConnection: Close\r\n\r\n", "GET", "/", Framing::Empty, false),
        ("GET http://example.com/ HTTP/1.1\r\nProxy-Connection: close\r\n\r\n", "GET", "/", Framing::Empty, false),
        ("PUT http://example.com/ HTTP/1.1\r\nContent-Length: 5\r\n\r\n", "PUT", "/", Framing::Length(5), true),
        ("PUT http://example.com/ HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "PUT", "/", Framing::Empty, true),
        ("PUT http://example.com/ HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n", "PUT", "/", Framing::Chunked, true),
    ] {
        assert_eq!(forwarded(text), (method.to_owned(), path.to_owned(), vec![], framing, keep_alive), "{text}");
    }
}

#[test]
fn what_is_not_understood_is_refused() {
    let many: String = (0..101).map(|number| format!("X-{number}: 1\r\n")).collect();
    let many = format!("GET http://example.com/ HTTP/1.1\r\n{many}\r\n");
    let large = format!("GET http://example.com/ HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(1 << 20));
    for (text, error) in [
        ("", Malformed::Syntax),
        ("\r\n\r\n", Malformed::Control),
        ("\r\nGET http://example.com/ HTTP/1.1\r\n\r\n", Malformed::Control),
        ("GET http://example.com/\r\n\r\n", Malformed::Syntax),
        ("GET http://example.com/ HTTP/1.2\r\n\r\n", Malformed::Version),
        ("PRI * HTTP/2.0\r\n\r\n", Malformed::Version),
        ("GET http://example.com/ http/1.1\r\n\r\n", Malformed::Syntax),
        ("GET http://example.com/ HTTP/1.1\n\n", Malformed::Control),
        ("GET http://example.com/ HTTP/1.1\r\nX: a\nY: b\r\n\r\n", Malformed::Control),
        ("GET http://example.com/ HTTP/1.1\r\nX: a\rY: b\r\n\r\n", Malformed::Control),
        ("GET http://example.com/ HTTP/1.1\r\nX: a\0\r\n\r\n", Malformed::Control),
        ("\u{16}\u{3}\u{1}", Malformed::Control),
        ("GET http://example.com/ HTTP/1.1\r\nX: a\r\n b\r\n\r\n", Malformed::Fold),
        ("GET http://example.com/ HTTP/1.1\r\n X: a\r\n\r\n", Malformed::Fold),
        (" GET http://example.com/ HTTP/1.1\r\n\r\n", Malformed::Fold),
        ("GET  http://example.com/ HTTP/1.1\r\n\r\n", Malformed::Syntax),
        ("CONNECT example.com:443  HTTP/1.1\r\n\r\n", Malformed::Syntax),
        ("CONNECT\texample.com:443 HTTP/1.1\r\n\r\n", Malformed::Syntax),
        ("GET http://example.com/\u{e9} HTTP/1.1\r\n\r\n", Malformed::Syntax),
        ("GET http://example.com/ HTTP/1.1\r\nX : a\r\n\r\n", Malformed::Syntax),
        ("GET http://example.com/ HTTP/1.1\r\n: a\r\n\r\n", Malformed::Syntax),
        ("GET http://example.com/ HTTP/1.1\r\nX\r\n\r\n", Malformed::Syntax),
        ("connect example.com:443 HTTP/1.1\r\n\r\n", Malformed::Method),
        ("get http://example.com/ HTTP/1.1\r\n\r\n", Malformed::Method),
        ("TRACE http://example.com/ HTTP/1.1\r\n\r\n", Malformed::Trace),
        ("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", Malformed::Target(TargetError::Form)),
        ("OPTIONS * HTTP/1.1\r\n\r\n", Malformed::Target(TargetError::Form)),
        ("CONNECT http://example.com:443 HTTP/1.1\r\n\r\n", Malformed::Target(TargetError::Port)),
        ("GET http://example.com/ HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", Malformed::Repeated("host")),
        (
            "GET http://example.com/ HTTP/1.1\r\nProxy-Authorization: a\r\nProxy-Authorization: a\r\n\r\n",
            Malformed::Repeated("proxy-authorization"),
        ),
        (
            "PUT http://example.com/ HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
            Malformed::Repeated("content-length"),
        ),
        ("PUT http://example.com/ HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\n", Malformed::Length),
        ("PUT http://example.com/ HTTP/1.1\r\nContent-Length: +5\r\n\r\n", Malformed::Length),
        ("PUT http://example.com/ HTTP/1.1\r\nContent-Length: -1\r\n\r\n", Malformed::Length),
        ("PUT http://example.com/ HTTP/1.1\r\nContent-Length:\r\n\r\n", Malformed::Length),
        ("PUT http://example.com/ HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", Malformed::Length),
        (
            "PUT http://example.com/ HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            Malformed::TwoFramings,
        ),
        ("PUT http://example.com/ HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", Malformed::Coding),
        ("PUT http://example.com/ HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n", Malformed::Coding),
        ("PUT http://example.com/ HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n", Malformed::Coding),
        ("PUT http://example.com/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", Malformed::Coding),
        (
            "PUT http://example.com/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            Malformed::Repeated("transfer-encoding"),
        ),
        ("CONNECT example.com:443 HTTP/1.1\r\nContent-Length: 5\r\n\r\n", Malformed::TunnelBody),
        ("CONNECT example.com:443 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", Malformed::TunnelBody),
        (many.as_str(), Malformed::TooLarge),
        (large.as_str(), Malformed::TooLarge),
    ] {
        assert_eq!(read(text).expect_err(text), error, "{text:.200}");
    }
}

#[test]
fn a_head_may_arrive_byte_by_byte() {
    let text = b"CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\nearly";
    let mut scanned = 0;
    for length in 0..45 {
        assert_eq!(find_end(&text[..length], &mut scanned), Ok(None), "{length}");
    }
    assert_eq!(find_end(text, &mut scanned), Ok(Some(45)));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(Some(end)) = find_end(&bytes, &mut 0) {
            drop(parse(&bytes[..end]));
        }
        drop(parse(&bytes));
    }

    #[test]
    fn no_head_panics(text in "(CONNECT|GET|PUT) (http://)?[ -~]{0,40} HTTP/1.[012]\r\n([A-Za-z-]{1,20}:[ -~]{0,20}\r\n){0,5}\r\n") {
        if let Ok(head) = read(&text) {
            let target = head.target.to_string();
            prop_assert!(target.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase()));
        }
    }
}
