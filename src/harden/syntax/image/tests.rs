use super::ImageError::{Digest, Domain, Empty, Identifier, LeadingHyphen, Path, Tag, TooLong, UpperCase, WhiteSpace};
use super::parse;

const HEX: &str = "6d2d3a9a7c1b5e4f0a1b2c3d4e5f60718293a4b5c6d7e8f90123456789abcdef";

#[test]
fn references_have_one_form() {
    for (text, canonical, familiar) in [
        ("debian", "docker.io/library/debian:latest", "debian:latest"),
        ("debian:bookworm", "docker.io/library/debian:bookworm", "debian:bookworm"),
        ("docker.io/library/debian:12", "docker.io/library/debian:12", "debian:12"),
        ("index.docker.io/debian:12", "docker.io/library/debian:12", "debian:12"),
        ("docker.io/debian:12", "docker.io/library/debian:12", "debian:12"),
        ("someone/tool:v1", "docker.io/someone/tool:v1", "someone/tool:v1"),
        ("docker.io/library/a/b:1", "docker.io/library/a/b:1", "library/a/b:1"),
        ("docker.io/a.b/c:1", "docker.io/a.b/c:1", "docker.io/a.b/c:1"),
        ("example.com/a/b:1.2", "example.com/a/b:1.2", "example.com/a/b:1.2"),
        ("example.com:5000/a", "example.com:5000/a:latest", "example.com:5000/a:latest"),
        ("localhost/a:1", "localhost/a:1", "localhost/a:1"),
        ("localhost:5000/a:1", "localhost:5000/a:1", "localhost:5000/a:1"),
        ("[::1]:5000/a:1", "[::1]:5000/a:1", "[::1]:5000/a:1"),
        ("REGISTRY/a:1", "REGISTRY/a:1", "REGISTRY/a:1"),
        ("a.b_c__d-e---f:1", "docker.io/library/a.b_c__d-e---f:1", "a.b_c__d-e---f:1"),
        ("example.test:1", "docker.io/library/example.test:1", "example.test:1"),
        ("a:A_b.c-d", "docker.io/library/a:A_b.c-d", "a:A_b.c-d"),
    ] {
        let image = parse(text).expect(text);
        assert_eq!((image.to_string().as_str(), image.familiar().as_str()), (canonical, familiar), "{text:?}");
        assert_eq!(parse(canonical).as_ref(), Ok(&image), "canonical: {text:?}");
        assert_eq!(parse(familiar), Ok(image), "familiar: {text:?}");
    }
}

#[test]
fn only_a_digest_pins() {
    for (text, pinned, tag) in [
        (format!("debian@sha256:{HEX}"), true, None),
        (format!("example.com/a:1@sha256:{HEX}"), true, Some("1")),
        (format!("a@sha512:{HEX}{HEX}"), true, None),
        ("debian:12".to_owned(), false, Some("12")),
        (format!("sha256:{HEX}"), false, Some(HEX)),
    ] {
        let image = parse(&text).expect(&text);
        assert_eq!((image.is_pinned(), image.tag.as_deref()), (pinned, tag), "{text}");
    }
}

#[test]
fn everything_else_is_refused() {
    let cases = [
        ("", Empty),
        ("--privileged", LeadingHyphen),
        ("-v/:/host", LeadingHyphen),
        ("debian ", WhiteSpace),
        ("debian\n", WhiteSpace),
        ("de\0bian", WhiteSpace),
        ("debian --privileged", WhiteSpace),
        ("Debian", UpperCase),
        ("example.com/Tool", UpperCase),
        ("a//b", Path),
        ("a/", Path),
        ("/a", Path),
        ("../a", Domain),
        ("a..b", Path),
        ("a___b", Path),
        ("a_-b", Path),
        ("-a/b", LeadingHyphen),
        ("a-/b", Path),
        ("a$(id)", Path),
        ("héllo", Path),
        ("https://example.com/a", Domain),
        ("example.com:port/a", Domain),
        ("example.com:99999/a", Domain),
        ("exa_mple.com/a", Domain),
        ("-.com/a", LeadingHyphen),
        ("user@example.com/a", Digest),
        ("a:", Tag),
        ("a:-b", Tag),
        ("a:b:c", Tag),
        ("a:b/c:d", Domain),
        ("a:${TAG}", Tag),
        ("a@", Digest),
        ("a@sha256:123", Digest),
        ("a@md5:00000000000000000000000000000000", Digest),
        (HEX, Identifier),
    ];
    for (text, error) in cases {
        assert_eq!(parse(text), Err(error), "{text:?}");
    }
    let upper = format!("a@sha256:{}", HEX.to_uppercase());
    let tag = format!("a:{}", "b".repeat(129));
    let long = format!("example.com/{}", "a".repeat(244));
    for (text, error) in [(upper, Digest), (tag, Tag), (long, TooLong)] {
        assert_eq!(parse(&text), Err(error), "{text:?}");
    }
}
