use serde_json::json;

use super::*;

fn texts(value: &Value) -> Vec<String> {
    Domains::read(value).0.map(|domains| domains.rules.iter().map(ToString::to_string).collect()).unwrap_or_default()
}

#[test]
fn a_repository_asks_for_names_as_a_user_would_write_them() {
    let asked =
        json!(["b.example.com", "a.example.com:8443", "*.example.org", "b.example.com", "git.example.com:22/raw"]);
    let expected = ["*.example.org", "a.example.com:8443", "b.example.com", "git.example.com:22/raw"];
    assert_eq!(texts(&asked), expected);
    assert_eq!(Domains::read(&asked).1, []);
}

#[test]
fn what_no_user_could_allow_no_repository_can_ask_for() {
    let long = "a".repeat(300);
    let cases = [
        (json!("*.com"), "reaches sites of everybody"),
        (json!("**.co.uk"), "reaches sites of everybody"),
        (json!("localhost"), "machine itself"),
        (json!("metadata.google.internal"), "machine itself"),
        (json!("192.0.2.1:443"), "not for addresses"),
        (json!("[2001:db8::1]:443"), "not for addresses"),
        (json!("https://example.com/"), "without a scheme"),
        (json!("*"), ""),
        (json!("exa\u{202e}mple.com"), ""),
        (json!("a.example.com\nb.example.com"), ""),
        (json!(long), "longer than any host"),
        (json!(["example.com"]), "a rule is a text"),
        (json!(7), "a rule is a text"),
        (json!(null), "a rule is a text"),
    ];
    for (item, said) in cases {
        let (domains, mistakes) = Domains::read(&json!([item.clone(), "good.example.com"]));
        assert_eq!(domains.map(|domains| domains.rules.len()), Some(1), "the other one stays: {item}");
        assert!(mistakes.len() == 1 && mistakes[0].reason.contains(said), "{item}: {mistakes:?}");
        assert_eq!(mistakes[0].index, Some(0));
    }
}

#[test]
fn a_list_that_nobody_reads_is_no_request() {
    let flood: Vec<String> = (0..10_000).map(|number| format!("host-{number}.example.com")).collect();
    for odd in [json!(flood), json!("example.com"), json!({ "a": "b" }), json!(null)] {
        let (domains, mistakes) = Domains::read(&odd);
        assert_eq!(domains, None);
        assert!(mistakes.len() == 1 && mistakes[0].index.is_none());
    }
    assert_eq!(Domains::read(&json!([])), (None, Vec::new()));
    let most: Vec<String> = (0..MOST).map(|number| format!("host-{number}.example.com")).collect();
    assert_eq!(texts(&json!(most)).len(), MOST);
}

#[test]
fn what_was_approved_is_known_by_its_digest_and_not_by_its_text() {
    let (one, other) = (Domains::read(&json!(["a.example.com"])).0, Domains::read(&json!(["b.example.com"])).0);
    let (one, other) = (one.unwrap(), other.unwrap());
    let mut approvals = Approvals::default();
    assert_eq!(Domains::approved(&approvals, &one.digest), None);
    approvals.add(one.request());
    assert_eq!(Domains::approved(&approvals, &one.digest), Some(one.clone()));
    assert_eq!(Domains::approved(&approvals, &other.digest), None);
    // Whoever writes other hosts beside a digest that was approved gets nothing.
    let forged = Request { content: other.request().content, ..one.request() };
    approvals.add(forged);
    assert_eq!(Domains::approved(&approvals, &one.digest), None);
    approvals.deny(one.request());
    assert_eq!(Domains::approved(&approvals, &one.digest), None);
}

#[test]
fn the_order_and_the_form_of_a_list_are_nothing_to_ask_again_for() {
    let digest = |value: &Value| Domains::read(value).0.unwrap().digest;
    assert_eq!(digest(&json!(["A.example.com", "b.example.com"])), digest(&json!(["b.example.com", "a.example.com"])));
    assert_ne!(digest(&json!(["a.example.com"])), digest(&json!(["*.a.example.com"])));
}
