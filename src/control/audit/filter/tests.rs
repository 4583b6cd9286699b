use super::*;
use crate::control::audit::event::{Entry, Record};
use crate::control::audit::samples::{decision, every_kind};

fn record(entry: Entry) -> Record {
    Record { number: 1, time: entry.time, sandbox: entry.sandbox, origin: entry.origin, what: entry.what }
}

fn wanted(filter: &Filter) -> Vec<&'static str> {
    let kinds = every_kind().into_iter().map(record).filter(|record| filter.wants(record, Some("example.com")));
    kinds.map(|record| record.what.kind()).collect()
}

#[test]
fn a_filter_that_says_nothing_wants_everything() {
    assert_eq!(wanted(&Filter::default()).len(), every_kind().len());
}

#[test]
fn each_condition_counts() {
    let record = record(decision(1, "api.example.com", true));
    let cases = [
        (Filter { sandbox: Some("web".into()), ..Filter::default() }, true),
        (Filter { sandbox: Some("0123456789ab".into()), ..Filter::default() }, true),
        (Filter { sandbox: Some("0123".into()), ..Filter::default() }, false),
        (Filter { host: Some("api.example.com".into()), ..Filter::default() }, true),
        (Filter { host: Some("*.example.com".into()), ..Filter::default() }, true),
        (Filter { host: Some("example.com".into()), ..Filter::default() }, false),
        (Filter { since: Some(record.time), ..Filter::default() }, true),
        (Filter { since: Some(record.time + 1), ..Filter::default() }, false),
        (Filter { until: Some(record.time), ..Filter::default() }, true),
        (Filter { until: Some(record.time - 1), ..Filter::default() }, false),
        (Filter { verdict: Some(Verdict::Allowed), ..Filter::default() }, true),
        (Filter { verdict: Some(Verdict::Refused), ..Filter::default() }, false),
        (Filter { verdict: Some(Verdict::Failed), ..Filter::default() }, false),
        (Filter { kinds: vec!["closed".into(), "decision".into()], ..Filter::default() }, true),
        (Filter { kinds: vec!["closed".into()], ..Filter::default() }, false),
        (Filter { host: Some("api.*".into()), verdict: Some(Verdict::Refused), ..Filter::default() }, false),
    ];
    for (filter, is_wanted) in cases {
        assert_eq!(filter.wants(&record, None), is_wanted, "{filter:?}");
    }
}

#[test]
fn what_has_no_host_of_its_own_goes_where_its_connection_goes() {
    let filter = Filter { host: Some("example.com".into()), ..Filter::default() };
    assert_eq!(wanted(&filter), ["decision", "closed", "failed"]);
    let filter = Filter { host: Some("new.test".into()), ..Filter::default() };
    assert_eq!(wanted(&filter), ["held", "approval", "approval", "approval", "approval"]);
}

#[test]
fn a_verdict_is_of_requests_answers_and_commands() {
    let of = |verdict| wanted(&Filter { verdict: Some(verdict), ..Filter::default() });
    assert_eq!(of(Verdict::Allowed), ["decision", "decision", "approval", "host-command"]);
    assert_eq!(of(Verdict::Refused), ["decision", "approval", "approval", "approval", "host-command"]);
    assert_eq!(of(Verdict::Failed), ["failed"]);
}

#[test]
fn a_star_stands_for_anything() {
    let cases = [
        ("", "", true),
        ("", "a", false),
        ("*", "", true),
        ("*", "abc", true),
        ("a*", "abc", true),
        ("*c", "abc", true),
        ("a*c", "abc", true),
        ("a*b*c", "aXbYbZc", true),
        ("a*b*c", "aXcYb", false),
        ("*.example.com", "api.example.com", true),
        ("*.example.com", "example.com", false),
        ("EXAMPLE.com", "example.COM", true),
        ("**", "abc", true),
        ("a", "ab", false),
        ("ab", "a", false),
    ];
    for (pattern, text, is_match) in cases {
        assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), is_match, "{pattern:?} {text:?}");
    }
}

/// A pattern of many stars takes no more than its length times that of the text.
#[test]
fn no_pattern_takes_forever() {
    assert!(!matches("*a".repeat(2000).as_bytes(), "a".repeat(1999).as_bytes()));
}
