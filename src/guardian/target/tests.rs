use super::{Name, Target, TargetError};
use crate::policy::host::HostError;

#[test]
fn tunnels_are_authority_form() {
    for (text, canonical) in [
        ("example.com:443", "example.com:443"),
        ("EXAMPLE.com.:443", "example.com:443"),
        ("example.com:1", "example.com:1"),
        ("192.0.2.1:443", "192.0.2.1:443"),
        ("[2001:DB8::1]:443", "[2001:db8::1]:443"),
        ("127.1:443", "127.1:443"),
    ] {
        assert_eq!(Target::tunnel(text).expect(text).to_string(), canonical);
    }
}

#[test]
fn numbers_are_kept_apart_from_names_and_addresses() {
    for text in ["127.1", "0x7f.1", "0177.0.0.1", "2130706433", "1.2.3.4.5"] {
        let target = Target::tunnel(&format!("{text}:443")).expect(text);
        assert_eq!(target.name, Name::Number(text.into()));
    }
}

#[test]
fn what_is_not_a_tunnel() {
    for (text, error) in [
        ("example.com", TargetError::NoPort),
        ("example.com:", TargetError::Port),
        ("example.com:0", TargetError::Port),
        ("example.com:00443", TargetError::Port),
        ("example.com:65536", TargetError::Port),
        ("example.com:+443", TargetError::Port),
        ("example.com:443:443", TargetError::Port),
        ("example.com:443@evil.test:443", TargetError::Host(HostError::UserInfo)),
        ("evil.test#@example.com:443", TargetError::Host(HostError::UserInfo)),
        ("https://example.com:443/", TargetError::Port),
        ("/foo", TargetError::NoPort),
        ("*", TargetError::NoPort),
        (":443", TargetError::Host(HostError::Empty)),
        ("[::1", TargetError::Port),
        ("[fe80::1%25eth0]:443", TargetError::Host(HostError::Bracket)),
        ("[example.com]:443", TargetError::Host(HostError::Bracket)),
        ("x[::1]:443", TargetError::Host(HostError::Bracket)),
        ("ex%61mple.com:443", TargetError::Host(HostError::Percent)),
        ("example.com/:443", TargetError::Host(HostError::Character('/'))),
    ] {
        assert_eq!(Target::tunnel(text), Err(error), "{text}");
    }
}

#[test]
fn plain_requests_are_absolute_form() {
    for (text, canonical, path) in [
        ("http://example.com/", "example.com:80", "/"),
        ("HTTP://Example.com", "example.com:80", ""),
        ("http://example.com?q", "example.com:80", "?q"),
        ("http://example.com:8080/a?b=http://x@y/", "example.com:8080", "/a?b=http://x@y/"),
        ("http://[::1]:80/", "[::1]:80", "/"),
    ] {
        let (target, rest) = Target::plain(text).expect(text);
        assert_eq!((target.to_string().as_str(), rest), (canonical, path));
    }
    for (text, error) in [
        ("https://example.com/", TargetError::Form),
        ("ftp://example.com/", TargetError::Form),
        ("/", TargetError::Form),
        ("*", TargetError::Form),
        ("http:/example.com/", TargetError::Form),
        ("http:///", TargetError::Host(HostError::Empty)),
        ("http://user@example.com/", TargetError::Host(HostError::UserInfo)),
        ("http://example.com\\@evil.test/", TargetError::Character),
        ("http://example.com/#x", TargetError::Character),
        ("http://example.com:/", TargetError::Port),
        ("http://example.com:080/", TargetError::Port),
    ] {
        assert_eq!(Target::plain(text), Err(error), "{text}");
    }
}

#[test]
fn the_host_field_names_the_port_where_it_matters() {
    for (text, field) in [
        ("http://example.com/", "example.com"),
        ("http://example.com:8080/", "example.com:8080"),
        ("http://[::1]:81/", "[::1]:81"),
    ] {
        assert_eq!(Target::plain(text).expect(text).0.host_field(), field);
    }
}
