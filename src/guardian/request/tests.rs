use proptest::prelude::*;

use super::{Framing, Head, Kind, Malformed, find_end, is_hop_by_hop, parse};
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

/// Good requests with bytes put in, changed and taken out: most of what another reader would read otherwise.
fn bent() -> impl Strategy<Value = Vec<u8>> {
    let good = prop::sample::select(vec![
        "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\nProxy-Authorization: Basic eA==\r\n\r\n\x16\x03",
        "GET http://example.com/a?b HTTP/1.1\r\nHost: x\r\nAccept: a\r\nConnection: close, X-Y\r\nX-Y: z\r\n\r\nGET ",
        "POST http://example.com/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        "PUT http://example.com:8080 HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n\r\n0\r\n\r\n",
        "OPTIONS http://example.com HTTP/1.0\r\nProxy-Connection: keep-alive\r\nUpgrade: h2c\r\n\r\n",
    ]);
    let byte = prop_oneof![
        3 => prop::sample::select(b"\r\n\t \0:,;@#%/.0x\x0b\x0c\x7f\x85\xa0".to_vec()),
        1 => any::<u8>(),
    ];
    let change = (any::<prop::sample::Index>(), byte, 0..3_u8);
    (good, prop::collection::vec(change, 0..4)).prop_map(|(good, changes)| {
        let mut bytes = good.as_bytes().to_vec();
        for (position, byte, how) in changes {
            let position = position.index(bytes.len());
            match how {
                0 => bytes.insert(position, byte),
                1 => bytes[position] = byte,
                _ => drop(bytes.remove(position)),
            }
        }
        bytes
    })
}

proptest! {
    /// What passes is said again without anything that ends a line, frames a body, names a host or is about one hop.
    #[test]
    fn what_goes_on_has_one_reading(bytes in bent()) {
        let Ok(Some(end)) = find_end(&bytes, &mut 0) else { return Ok(()) };
        let first_end = bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|position| position + 4);
        prop_assert_eq!(Some(end), first_end);
        let Ok(head) = parse(&bytes[..end]) else { return Ok(()) };
        prop_assert!(head.target.to_string().bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase()));
        let Kind::Forward(forward) = head.kind else { return Ok(()) };
        prop_assert!(forward.path == "*" || forward.path.to_string().starts_with('/'));
        prop_assert!(forward.path.to_string().bytes().all(|byte| byte.is_ascii_graphic()));
        for (name, value) in &forward.fields {
            prop_assert!(!is_hop_by_hop(name), "{name}");
            prop_assert!(value.as_bytes().iter().all(|byte| *byte == b'\t' || !byte.is_ascii_control()), "{value:?}");
        }
        prop_assert!(forward.modern || forward.framing != Framing::Chunked);
    }

    /// However a head arrives, it ends in the same place.
    #[test]
    fn pieces_make_no_difference(bytes in bent(), cut in any::<prop::sample::Index>()) {
        let mut scanned = 0;
        let at_once = find_end(&bytes, &mut 0);
        match find_end(&bytes[..cut.index(bytes.len() + 1)], &mut scanned) {
            Ok(None) => prop_assert_eq!(find_end(&bytes, &mut scanned), at_once),
            early => prop_assert_eq!(early, at_once),
        }
    }

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
