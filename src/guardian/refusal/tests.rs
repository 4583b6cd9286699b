use super::Refusal;
use crate::guardian::address::{Forbidden, closed};
use crate::guardian::decide::decide;
use crate::guardian::policy::SandboxPolicy;
use crate::guardian::protocol::WirePolicy;
use crate::guardian::request::Malformed;
use crate::guardian::target::{Name, Target};

fn refusal(target: &str) -> Refusal {
    let wire = WirePolicy {
        allow: vec!["example.com".to_owned()],
        deny: vec!["**.evil.test".to_owned()],
        ..WirePolicy::default()
    };
    let policy = SandboxPolicy::compile(&wire).expect("a policy");
    let target = Target::plain(target).map_or_else(|_| Target::tunnel(target).expect(target), |(target, _)| target);
    let closed = match target.name {
        Name::Address(address) => closed(address, &["10.222.0.0/28".parse().expect("a network")]),
        _ => None,
    };
    Refusal::decided(decide(&target, &policy), &target, "shop-api", closed).expect("refused")
}

#[test]
fn lines_say_what_why_and_what_next() {
    let add = |rule: &str| {
        format!("add \"{rule}\" to allow in ~/.config/cloister/config.json5 and run: cloister guardian reload\n")
    };
    for (target, expected) in [
        (
            "example.org:443",
            format!(
                "cloister: example.org:443 is not on the allowlist of sandbox \"shop-api\"; to allow it, {}",
                add("example.org")
            ),
        ),
        (
            "http://example.org/",
            format!(
                "cloister: example.org:80 is not on the allowlist of sandbox \"shop-api\"; to allow it, {}",
                add("example.org")
            ),
        ),
        (
            "example.com:22",
            format!(
                "cloister: port 22 of example.com is not on the allowlist of sandbox \"shop-api\"; to allow it, {}",
                add("example.com:22/raw")
            ),
        ),
        (
            "example.com:80",
            format!(
                "cloister: port 80 of example.com is not on the allowlist of sandbox \"shop-api\" for tunnels; to allow it, {}",
                add("example.com:80/raw")
            ),
        ),
        (
            "192.0.2.1:443",
            format!(
                "cloister: 192.0.2.1:443 is an address, and sandbox \"shop-api\" reaches names only; use the name of the host, or {}",
                add("192.0.2.1:443")
            ),
        ),
        (
            "127.1:443",
            "cloister: 127.1:443 is a number that may be read as an address; use the name of the host\n".to_owned(),
        ),
        (
            "localhost:443",
            "cloister: localhost is a name of the machine itself or of a metadata service, and no rule opens it\n"
                .to_owned(),
        ),
    ] {
        assert_eq!(refusal(target).line(), expected);
    }
    assert!(
        refusal("a.evil.test:443")
            .line()
            .contains("is denied to sandbox \"shop-api\" by the rule \"**.evil.test\"; deny wins")
    );
}

#[test]
fn answers_are_complete_responses() {
    let text = String::from_utf8(refusal("example.org:443").encode(false, true)).expect("text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with("HTTP/1.1 403 Blocked by cloister: example.org is not on the allowlist\r\n"), "{head}");
    assert!(head.contains("\r\nX-Cloister-Reason: not-listed\r\n") && head.contains("\r\nConnection: close"));
    assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())));
}

#[test]
fn programs_get_json() {
    let text = String::from_utf8(refusal("example.org:8443").encode(true, false)).expect("text");
    let (_, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let value: serde_json::Value = serde_json::from_str(body).expect("JSON");
    for (key, expected) in
        [("reason", "not-listed"), ("host", "example.org"), ("sandbox", "shop-api"), ("allow", "example.org:8443")]
    {
        assert_eq!(value[key], expected);
    }
    assert_eq!(value["port"], 8443);
}

#[test]
fn credentials_are_asked_for_in_the_usual_way() {
    let text = String::from_utf8(Refusal::unauthenticated().encode(false, true)).expect("text");
    assert!(
        text.starts_with("HTTP/1.1 407 Proxy Authentication Required\r\n")
            && text.contains("Proxy-Authenticate: Basic realm=\"cloister\"\r\n")
    );
}

#[test]
fn what_can_never_be_reached_gets_no_advice() {
    for (target, what) in [
        ("169.254.169.254:80", "a link-local address"),
        ("http://169.254.169.254/latest/meta-data/", "a link-local address"),
        ("127.0.0.1:443", "a loopback address"),
        ("[::1]:443", "a loopback or IPv4-compatible address"),
        ("[fe80::1]:443", "a link-local address"),
        ("[fd00:ec2::254]:80", "a metadata service"),
        ("100.100.100.200:80", "a metadata service"),
        ("[::ffff:169.254.169.254]:80", "an IPv4-mapped address"),
        ("224.0.0.1:443", "a multicast address"),
        ("0.0.0.0:443", "an unspecified address"),
        ("255.255.255.255:443", "a reserved address"),
        ("10.222.0.2:3128", "a network of sandboxes"),
    ] {
        let refusal = refusal(target);
        let line = refusal.line();
        assert!(line.ends_with(&format!(" leads to {what}, and no rule opens it\n")), "{line}");
        assert!(!line.contains("add ") && refusal.json().contains("\"allow\":null"), "{line}");
    }
    let target = Target::tunnel("example.com:443").expect("a target");
    for forbidden in [Forbidden::Closed("a link-local address"), Forbidden::Sandbox, Forbidden::Nothing] {
        let line = Refusal::address(forbidden, &target).line();
        assert!(line.ends_with(", which is not dialled\n"), "{line}");
    }
}

#[test]
fn vetting_names_the_class_and_no_address() {
    let target = Target::tunnel("example.com:443").expect("a target");
    let line = Refusal::address(Forbidden::Range("a private address"), &target).line();
    assert!(line.starts_with("cloister: example.com leads to a private address, which is not dialled; "), "{line}");
    assert!(Refusal::malformed(&Malformed::Fold).line().starts_with("cloister: the head has a folded line"));
}
