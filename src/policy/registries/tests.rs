use super::*;

#[test]
fn a_registry_is_public_or_allowed_by_the_user_and_never_denied() {
    let policy = |allow: &[&str], deny: &[&str]| {
        let rules = |texts: &[&str]| texts.iter().map(|text| Rule::parse(text).unwrap()).collect();
        let mut policy = Policy::builtin();
        (policy.egress.allow, policy.egress.deny) = (rules(allow), rules(deny));
        policy
    };
    let cases: &[(&str, &[&str], &[&str], bool)] = &[
        ("docker.io", &[], &[], true),
        ("docker.io", &[], &["**.docker.io"], false),
        ("docker.io:5000", &[], &[], false),
        ("evil-docker.io", &[], &[], false),
        ("registry.example.com", &[], &[], false),
        ("registry.example.com", &["*.example.com"], &[], true),
        ("registry.example.com:5000", &["*.example.com"], &[], false),
        ("registry.example.com:5000", &["*.example.com:5000"], &[], true),
        ("localhost:5000", &["*.example.com"], &[], false),
        ("192.0.2.1:5000", &[], &[], false),
        ("192.0.2.1:5000", &["192.0.2.1:5000"], &[], true),
        ("registry.example.com:", &["*.example.com"], &[], false),
        ("", &[], &[], false),
    ];
    for (registry, allow, deny, expected) in cases {
        assert_eq!(is_listed(&policy(allow, deny), registry), *expected, "{registry} {allow:?} {deny:?}");
    }
    assert!(PUBLIC.iter().all(|rule| Rule::parse(rule).is_ok()));
}
