use proptest::prelude::*;

use super::{Host, HostError};

#[test]
fn names_have_one_canonical_form() {
    for (text, canonical) in [
        ("example.com", "example.com"),
        ("EXAMPLE.Com", "example.com"),
        ("example.com.", "example.com"),
        ("a", "a"),
        ("xn--exmple-cua.com", "xn--exmple-cua.com"),
        ("_acme_challenge.example.com", "_acme_challenge.example.com"),
        ("1and1.example", "1and1.example"),
        ("127.0.0.1.example.com", "127.0.0.1.example.com"),
        ("0x7f.example", "0x7f.example"),
        ("0xg", "0xg"),
        ("a--b.example", "a--b.example"),
    ] {
        assert_eq!(Host::parse(text).expect(text).as_str(), canonical);
    }
}

#[test]
fn numbers_are_addresses() {
    for text in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "0X7F000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "1.2.3.4.5",
        "256.256.256.256",
        "example.1",
        "example.0x",
        "0",
        "::1",
        "::ffff:127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "00000000000000000000000000000000000000000001",
    ] {
        assert_eq!(Host::parse(text), Err(HostError::Address), "{text}");
    }
}

#[test]
fn everything_else_is_refused_with_a_reason() {
    let label = "a".repeat(64);
    let name = vec!["a".repeat(49); 6].join(".");
    for (text, error) in [
        ("", HostError::Empty),
        (".", HostError::EmptyLabel),
        ("..", HostError::EmptyLabel),
        (".example.com", HostError::EmptyLabel),
        ("example..com", HostError::EmptyLabel),
        ("example.com..", HostError::EmptyLabel),
        ("-a.example", HostError::Hyphen),
        ("a-.example", HostError::Hyphen),
        ("user@example.com", HostError::UserInfo),
        ("example.com:443@evil.test", HostError::Character(':')),
        ("ex%61mple.com", HostError::Percent),
        ("fe80::1%25eth0", HostError::Character(':')),
        ("[fe80::1%25eth0]", HostError::Bracket),
        ("[example.com]", HostError::Bracket),
        ("exämple.com", HostError::NotAscii),
        ("example。com", HostError::NotAscii),
        ("example.com/", HostError::Character('/')),
        ("example.com\\", HostError::Character('\\')),
        ("example com", HostError::Character(' ')),
        ("example.com\0.evil.test", HostError::Character('\0')),
        ("evil.test#example.com", HostError::Character('#')),
        ("*.example.com", HostError::Character('*')),
        (label.as_str(), HostError::LabelTooLong),
        (name.as_str(), HostError::TooLong),
    ] {
        assert_eq!(Host::parse(text), Err(error), "{text:?}");
    }
}

#[test]
fn within_respects_label_boundaries() {
    let host = Host::parse("a.example.com").expect("a name");
    for (suffix, within) in
        [("example.com", true), ("a.example.com", true), ("ample.com", false), ("b.example.com", false), ("com", true)]
    {
        assert_eq!(host.is_within(suffix), within, "{suffix}");
    }
}

proptest! {
    #[test]
    fn any_text_is_refused_or_canonical(text in "\\PC{0,80}") {
        if let Ok(host) = Host::parse(&text) {
            prop_assert_eq!(Host::parse(host.as_str()), Ok(host.clone()));
            prop_assert!(host.as_str().parse::<std::net::IpAddr>().is_err());
        }
    }

    #[test]
    fn number_like_names_never_pass(text in "[0-9xX.]{1,20}") {
        let last = text.trim_end_matches('.').rsplit('.').next().unwrap_or_default().to_owned();
        if last.bytes().all(|byte| byte.is_ascii_digit()) {
            prop_assert!(Host::parse(&text).is_err());
        }
    }
}
