use super::*;

fn decision(verdict: Verdict, rules: &[&str], scope: Scope) -> Decision {
    Decision {
        id: DecisionId::derive(&rules.concat()),
        verdict,
        rules: rules.iter().map(|rule| Rule::parse_deny(rule).expect(rule)).collect(),
        scope,
        made: 1_700_000_000_000,
        until: Some(1_700_000_900_000),
        by: By::Terminal,
        asked_by: "web".to_owned(),
    }
}

#[test]
fn what_is_written_is_read() {
    let decisions = [
        decision(Verdict::Allow, &["a.example.com:443", "a.example.com:80"], Scope::Global),
        decision(Verdict::Deny, &["**.example.org"], Scope::Project { folder: "/home/me/we\u{202e}b".to_owned() }),
        decision(Verdict::Deny, &["*.com"], Scope::Sandbox { sandbox: "s1".to_owned() }),
        decision(
            Verdict::Allow,
            &["b.example.com:443"],
            Scope::Session { sandbox: "s1".to_owned(), session: "x".to_owned() },
        ),
    ];
    let text = to_json(&decisions);
    assert_eq!(from_json(text.as_bytes(), |_| true).expect("a file"), decisions);
}

#[test]
fn a_file_with_anything_odd_counts_for_nothing() {
    let good = to_json(&[decision(Verdict::Allow, &["a.example.com:443"], Scope::Global)]);
    let id = DecisionId::derive("a.example.com:443");
    let twice = decision(Verdict::Allow, &["a.example.com:443"], Scope::Global);
    let cases = [
        (good.replace("a.example.com:443", "*.com"), "it has the rule \"*.com\"".to_owned()),
        (good.replace("a.example.com:443", "localhost:443"), "it has the rule \"localhost:443\"".to_owned()),
        (
            good.replace("\"version\": 1", "\"version\": 2"),
            "another version of cloister wrote it (version 2)".to_owned(),
        ),
        (good.replace("\"made\"", "\"more\""), "it is not as cloister wrote it".to_owned()),
        (good.replace(id.as_str(), "../etc/pwd"), "it is not as cloister wrote it".to_owned()),
        (good[..good.len() / 2].to_owned(), "it is not as cloister wrote it".to_owned()),
        (String::new(), "it is not as cloister wrote it".to_owned()),
        (to_json(&[twice.clone(), twice]), format!("its decision {id} is there twice")),
        (
            to_json(&[decision(Verdict::Deny, &["x"], Scope::Sandbox { sandbox: "s".to_owned() })]),
            format!("its decision {} belongs into another file", DecisionId::derive("x")),
        ),
        (
            to_json(&[decision(Verdict::Deny, &[], Scope::Global)]),
            format!("its decision {} is about nothing", DecisionId::derive("")),
        ),
    ];
    for (text, expected) in cases {
        let error = from_json(text.as_bytes(), |scope| *scope == Scope::Global).expect_err(&text);
        assert_eq!(error.to_string(), expected, "{text}");
    }
}
