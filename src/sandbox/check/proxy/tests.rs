use std::net::Ipv4Addr;

use super::{Proxy, ProxyError, lookup};

const HOSTS: &str = "127.0.0.1 localhost\n::1 guardian\n10.222.0.2\tguardian other # guardian-comment\n";

#[test]
fn the_environment_names_the_guardian() {
    let proxy = |variable| Proxy::parse(variable, HOSTS);
    let expected =
        Proxy { address: Ipv4Addr::new(10, 222, 0, 2), port: 3128, credentials: "cloister:t0ken".to_owned() };
    assert_eq!(proxy("http://cloister:t0ken@10.222.0.2:3128"), Ok(expected.clone()));
    assert_eq!(proxy("http://cloister:t0ken@guardian:3128/"), Ok(expected.clone()));
    assert!(!format!("{expected:?}").contains("t0ken"));
    let cases = [
        ("", ProxyError::Absent),
        ("https://cloister:t@10.222.0.2:3128", ProxyError::Form),
        ("http://10.222.0.2:3128", ProxyError::Form),
        ("http://cloister:t@10.222.0.2", ProxyError::Form),
        ("http://cloister:t@10.222.0.2:99999", ProxyError::Form),
        ("http://cloister:t@nowhere:3128", ProxyError::Unknown("nowhere".to_owned())),
    ];
    for (variable, error) in cases {
        assert_eq!(proxy(variable), Err(error), "{variable:?}");
    }
}

#[test]
fn names_are_looked_up_in_the_file_only() {
    let cases = [("other", true), ("OTHER", true), ("guardian-comment", false), ("10.222.0.2", false)];
    for (name, found) in cases {
        assert_eq!(lookup(HOSTS, name).is_some(), found, "{name}");
    }
}
