use super::{Match, Place, RuleSet, Use};
use crate::policy::host::Host;
use crate::policy::rule::Rule;

fn rules(texts: &[&str]) -> Vec<Rule> {
    texts.iter().map(|text| Rule::parse(text).expect(text)).collect()
}

fn set(allow: &[&str], deny: &[&str]) -> RuleSet {
    RuleSet::new(&rules(allow), &rules(deny))
}

fn find(set: &RuleSet, host: &str, port: u16, usage: Use) -> String {
    let place = match host.parse() {
        Ok(address) => Place::Address(address),
        Err(_) => Place::Name(Host::parse(host).expect(host)),
    };
    match set.find(&place, port, usage) {
        Match::Allowed(rule) => format!("+{rule}"),
        Match::Denied(rule) => format!("-{rule}"),
        Match::OtherPort(rule) => format!(":{rule}"),
        Match::Nothing => String::new(),
    }
}

#[test]
fn hosts_match_at_label_boundaries() {
    let set = set(&["example.com", "*.below.test", "**.tree.test", "deep.tree.test"], &[]);
    for (host, expected) in [
        ("example.com", "+example.com"),
        ("www.example.com", ""),
        ("evilexample.com", ""),
        ("example.com.evil.test", ""),
        ("below.test", ""),
        ("a.below.test", "+*.below.test"),
        ("a.b.below.test", "+*.below.test"),
        ("evilbelow.test", ""),
        ("tree.test", "+**.tree.test"),
        ("a.tree.test", "+**.tree.test"),
        ("deep.tree.test", "+deep.tree.test"),
        ("x.deep.tree.test", "+**.tree.test"),
        ("eviltree.test", ""),
        ("test", ""),
    ] {
        assert_eq!(find(&set, host, 443, Use::Tunnel), expected, "{host}");
    }
}

#[test]
fn ports_are_part_of_a_rule() {
    let set = set(
        &[
            "example.com",
            "api.test:8443",
            "ssh.test:22/raw",
            "odd.test:443",
            "odd.test:8080",
            "a.wide.test",
            "b.wide.test:443/raw",
            "**.wide.test",
            "**.wide.test:443/raw",
        ],
        &[],
    );
    for (host, port, usage, expected) in [
        ("example.com", 443, Use::Tunnel, "+example.com"),
        ("example.com", 80, Use::Plain, "+example.com"),
        ("example.com", 80, Use::Tunnel, ":example.com"),
        ("example.com", 443, Use::Plain, ":example.com"),
        ("example.com", 22, Use::Tunnel, ":example.com"),
        ("api.test", 8443, Use::Tunnel, "+api.test:8443"),
        ("api.test", 8443, Use::Plain, "+api.test:8443"),
        ("api.test", 443, Use::Tunnel, ":api.test:8443"),
        ("ssh.test", 22, Use::Tunnel, "+ssh.test:22/raw"),
        // rules add up: whoever wrote `/raw` anywhere meant it
        ("a.wide.test", 443, Use::Tunnel, "+**.wide.test:443/raw"),
        ("b.wide.test", 443, Use::Tunnel, "+b.wide.test:443/raw"),
        ("wide.test", 443, Use::Tunnel, "+**.wide.test:443/raw"),
        ("wide.test", 80, Use::Plain, "+**.wide.test"),
        ("odd.test", 443, Use::Tunnel, "+odd.test:443"),
        ("odd.test", 443, Use::Plain, ":odd.test:8080"),
        ("odd.test", 8080, Use::Plain, "+odd.test:8080"),
    ] {
        assert_eq!(find(&set, host, port, usage), expected, "{host}:{port}");
    }
}

#[test]
fn deny_wins_over_every_allow() {
    let set = set(
        &["**.example.com", "exact.closed.test", "api.test", "api.test:8443"],
        &["secret.example.com", "**.closed.test", "api.test:8443"],
    );
    for (host, port, expected) in [
        ("example.com", 443, "+**.example.com"),
        ("secret.example.com", 443, "-secret.example.com"),
        ("secret.example.com", 9999, "-secret.example.com"),
        ("a.secret.example.com", 443, "+**.example.com"),
        ("exact.closed.test", 443, "-**.closed.test"),
        ("api.test", 443, "+api.test"),
        ("api.test", 8443, "-api.test:8443"),
    ] {
        assert_eq!(find(&set, host, port, Use::Tunnel), expected, "{host}:{port}");
    }
}

#[test]
fn addresses_match_exactly() {
    let set = set(&["192.0.2.1:443", "[2001:db8::1]:443"], &["192.0.2.9:443"]);
    for (host, port, expected) in [
        ("192.0.2.1", 443, "+192.0.2.1:443"),
        ("192.0.2.1", 80, ":192.0.2.1:443"),
        ("192.0.2.2", 443, ""),
        ("192.0.2.9", 443, "-192.0.2.9:443"),
        ("2001:db8::1", 443, "+[2001:db8::1]:443"),
        ("::ffff:192.0.2.1", 443, ""),
    ] {
        assert_eq!(find(&set, host, port, Use::Tunnel), expected, "{host}:{port}");
    }
}

/// The text of every suffix is kept once and apart from the table: none is taken for another, however many there are.
#[test]
fn many_rules_are_each_found_by_their_own_text() {
    const COUNT: usize = 5000;
    let text = |number: usize| match number % 3 {
        0 => format!("a{number}.example.com"),
        1 => format!("*.a{number}.example.com:8443"),
        _ => format!("**.b{}.example.com", number / 2),
    };
    let texts: Vec<String> = (0..COUNT).map(text).collect();
    let set = set(&texts.iter().map(String::as_str).collect::<Vec<_>>(), &["a0.example.com"]);
    assert_eq!(set.len(), COUNT + 1);
    for (number, text) in texts.iter().enumerate().skip(1) {
        let host = text.trim_start_matches(['*', '.']).trim_end_matches(":8443");
        let (host, port) = if number % 3 == 1 { (format!("x.{host}"), 8443) } else { (host.to_owned(), 443) };
        assert_eq!(find(&set, &host, port, Use::Tunnel), format!("+{text}"));
        assert_eq!(find(&set, &format!("{host}x"), port, Use::Tunnel), "");
    }
    assert_eq!(find(&set, "a0.example.com", 443, Use::Tunnel), "-a0.example.com");
}

#[test]
fn no_rules_open_nothing() {
    assert_eq!(find(&RuleSet::default(), "example.com", 443, Use::Tunnel), "");
}
