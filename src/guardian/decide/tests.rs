use super::{Decision, decide};
use crate::guardian::policy::SandboxPolicy;
use crate::guardian::protocol::WirePolicy;
use crate::guardian::target::Target;

fn answer(policy: &SandboxPolicy, target: &str) -> String {
    let target = match Target::plain(target) {
        Ok((target, _)) => target,
        Err(_) => Target::tunnel(target).expect(target),
    };
    match decide(&target, policy) {
        Decision::Allowed { rule } => format!("allowed by {rule}"),
        Decision::Refused { reason, rule: None } => reason.to_string(),
        Decision::Refused { reason, rule: Some(rule) } => format!("{reason} by {rule}"),
    }
}

fn policy(allow: &[&str], deny: &[&str]) -> SandboxPolicy {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    SandboxPolicy::compile(&WirePolicy { allow: texts(allow), deny: texts(deny), ..WirePolicy::default() })
        .expect("a policy")
}

#[test]
fn decisions_read_like_a_specification() {
    let policy = policy(&["example.com", "**.open.test", "192.0.2.1:443", "*.corp.internal"], &["secret.open.test"]);
    for (target, expected) in [
        ("example.com:443", "allowed by example.com"),
        ("http://example.com/", "allowed by example.com"),
        ("example.com:22", "port by example.com"),
        ("http://example.com:443/", "port by example.com"),
        ("evil.test:443", "not-listed"),
        ("a.open.test:443", "allowed by **.open.test"),
        ("secret.open.test:443", "denied by secret.open.test"),
        ("192.0.2.1:443", "allowed by 192.0.2.1:443"),
        ("192.0.2.2:443", "address-literal"),
        ("[::ffff:192.0.2.1]:443", "address-literal"),
        ("127.1:443", "address-literal"),
        ("3221225985:443", "address-literal"),
        ("localhost:443", "local-name"),
        ("a.localhost:443", "local-name"),
        ("metadata.google.internal:80", "local-name"),
        ("host.docker.internal:443", "local-name"),
        ("gateway.docker.internal:443", "local-name"),
        ("nexus.corp.internal:443", "allowed by *.corp.internal"),
    ] {
        assert_eq!(answer(&policy, target), expected, "{target}");
    }
}

#[test]
fn no_policy_reaches_nothing() {
    for target in ["example.com:443", "192.0.2.1:443", "http://example.com/"] {
        assert!(!answer(&SandboxPolicy::default(), target).starts_with("allowed"));
    }
}

#[test]
fn a_policy_with_one_bad_part_is_refused_whole() {
    let wire = WirePolicy { allow: vec!["example.com".to_owned(), "*.com".to_owned()], ..WirePolicy::default() };
    assert!(SandboxPolicy::compile(&wire).is_err());
    let wire = WirePolicy {
        hosts: [("127.1".to_owned(), "192.0.2.1".parse().expect("an address"))].into(),
        ..WirePolicy::default()
    };
    assert!(SandboxPolicy::compile(&wire).is_err());
}
