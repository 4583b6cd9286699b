use super::super::decision::{By, DecisionId, Scope};
use super::super::host::Host;
use super::super::model::DEFAULT_POOL;
use super::super::user_config;
use super::*;
use crate::source::Source;

fn user(text: &str) -> Layer {
    user_config::layer(&Source::new("config.json5", text)).0.expect(text)
}

fn project(text: &str) -> Layer {
    user_config::project(&Source::new("projects/web.json5", text), DEFAULT_POOL).0.expect(text)
}

fn decision(verdict: Verdict, rule: &str, made: u64) -> Decision {
    Decision {
        id: DecisionId::derive(rule),
        verdict,
        rules: vec![Rule::parse_deny(rule).expect(rule)],
        scope: Scope::Global,
        made,
        until: None,
        by: By::Page,
        asked_by: "web".to_owned(),
    }
}

fn origin(origin: &Origin) -> String {
    let place = |location: &Location| format!("{}:{}:{}", location.file, location.line, location.column);
    match origin {
        Origin::Builtin => "builtin".to_owned(),
        Origin::Preset { name, chosen: None } => format!("preset {name}"),
        Origin::Preset { name, chosen: Some(chosen) } => format!("preset {name} by {}", place(chosen)),
        Origin::User(location) | Origin::Project(location) => place(location),
        Origin::Decision(decision) => format!("decision {}", decision.id),
        Origin::Repository(digest) => format!("repository {digest}"),
    }
}

fn verdict(effective: &Effective, host: &str) -> String {
    let place = Place::Name(Host::parse(host).expect(host));
    let explained = effective.explain(&place, 443, Use::Tunnel);
    let because: Vec<_> = explained.because.iter().map(|sourced| origin(&sourced.origin)).collect();
    let word = match explained.found {
        Match::Allowed(rule) => format!("allowed {rule}"),
        Match::Denied(rule) => format!("denied {rule}"),
        Match::OtherPort(rule) => format!("other port {rule}"),
        Match::Nothing => "nothing".to_owned(),
    };
    format!("{word} ({})", because.join(", "))
}

#[test]
fn deny_wins_whichever_layer_it_stands_in() {
    let allow = "{ presets: [], allow: ['a.example.com'] }";
    let deny = "{ presets: [], deny: ['*.example.com'] }";
    let about = |text: &str| project(&text.replacen('{', "{ folder: '/web',", 1));
    let (yes, no) = (decision(Verdict::Allow, "a.example.com", 1), decision(Verdict::Deny, "a.example.com", 2));
    let none = || user("{ presets: [] }");
    let cases = [
        (user(allow), about(deny), vec![], "denied *.example.com (projects/web.json5:1:39)"),
        (user(deny), about(allow), vec![], "denied *.example.com (config.json5:1:23)"),
        (user(deny), about("{}"), vec![yes.clone()], "denied *.example.com (config.json5:1:23)"),
        (none(), about(deny), vec![yes.clone()], "denied *.example.com (projects/web.json5:1:39)"),
        (user(allow), about(allow), vec![no.clone()], "denied a.example.com (decision 7653e4959f)"),
        (none(), about("{}"), vec![yes.clone(), no.clone()], "denied a.example.com (decision 7653e4959f)"),
        (none(), about("{}"), vec![yes.clone()], "allowed a.example.com (decision 7653e4959f)"),
        (none(), about("{}"), vec![], "nothing ()"),
        (
            user(allow),
            about(allow),
            vec![yes],
            "allowed a.example.com (config.json5:1:24, projects/web.json5:1:40, decision 7653e4959f)",
        ),
    ];
    for (user, project, decisions, expected) in cases {
        let effective = Effective::of(Some(&user), Some(&project), &decisions);
        assert_eq!(verdict(&effective, "a.example.com"), expected);
    }
}

#[test]
fn without_a_file_there_are_the_default_presets_and_without_a_readable_one_there_is_nothing() {
    let builtin = Effective::of(None, None, []);
    assert_eq!(builtin.policy, Policy::builtin());
    assert!(builtin.rules.iter().all(|sourced| matches!(sourced.origin, Origin::Preset { chosen: None, .. })));
    let closed = Effective::closed();
    assert!(closed.policy.egress.allow.is_empty() && closed.rules.is_empty());
}

#[test]
fn presets_of_the_project_take_the_place_of_the_others_and_its_rules_do_not() {
    let user = user("{ presets: ['ai', 'docs'], allow: ['a.example.com'], deny: ['b.example.com'] }");
    let effective = Effective::of(Some(&user), Some(&project("{ folder: '/web', presets: ['docs', 'docs'] }")), []);
    assert_eq!(effective.policy.egress.presets, BTreeSet::from(["docs".to_owned()]));
    assert_eq!(verdict(&effective, "a.example.com"), "allowed a.example.com (config.json5:1:36)");
    assert_eq!(verdict(&effective, "b.example.com"), "denied b.example.com (config.json5:1:61)");
    assert_eq!(verdict(&effective, "docs.rs"), "allowed docs.rs (preset docs by projects/web.json5:1:29)");
}

#[test]
fn of_other_keys_the_nearest_layer_counts() {
    let user =
        user("{ strict: true, limits: { memory: '2g', pids: 100 }, env: { pass: ['A'] }, approvals: { hold: '5s' } }");
    let project = project("{ folder: '/web', strict: false, limits: { memory: '4g' }, env: { pass: ['B'] } }");
    let effective = Effective::of(Some(&user), Some(&project), []);
    let policy = &effective.policy;
    assert!(!policy.strict);
    assert_eq!((policy.limits.memory, policy.limits.pids, policy.limits.cpus), (4 << 30, 100, 4.0));
    assert_eq!(policy.env.pass, BTreeSet::from(["A".to_owned(), "B".to_owned()]));
    assert_eq!(policy.hold, 5);
    let keys = ["strict", "limits.memory", "limits.pids", "approvals.hold", "limits.cpus"];
    let origins = keys.map(|key| effective.keys.get(key).map(origin));
    let expected = [
        Some("projects/web.json5:1:19".to_owned()),
        Some("projects/web.json5:1:44".to_owned()),
        Some("config.json5:1:41".to_owned()),
        Some("config.json5:1:89".to_owned()),
        None,
    ];
    assert_eq!(origins, expected);
}

#[test]
fn a_decision_counts_for_whom_and_as_long_as_it_was_made() {
    let subject = |sandbox: &str, session: &str, folder: &str| Subject {
        sandbox: sandbox.to_owned(),
        session: session.to_owned(),
        name: "web".to_owned(),
        folder: folder.to_owned(),
    };
    let session = Scope::Session { sandbox: "s1".to_owned(), session: "x".to_owned() };
    let cases = [
        (session.clone(), subject("s1", "x", "/a"), true),
        (session.clone(), subject("s1", "y", "/a"), false),
        (session.clone(), subject("s12", "x", "/a"), false),
        (session, subject("s2", "x", "/a"), false),
        (Scope::Sandbox { sandbox: "s1".to_owned() }, subject("s1", "y", "/a"), true),
        (Scope::Sandbox { sandbox: "s1".to_owned() }, subject("s2", "y", "/a"), false),
        (Scope::Project { folder: "/a".to_owned() }, subject("s2", "y", "/a"), true),
        (Scope::Project { folder: "/a".to_owned() }, subject("s2", "y", "/a/b"), false),
        (Scope::Global, subject("s2", "y", "/b"), true),
    ];
    for (scope, subject, expected) in cases {
        let forever = Decision { scope, ..decision(Verdict::Allow, "example.com", 5) };
        assert_eq!(counting(std::slice::from_ref(&forever), &subject, 10).len(), usize::from(expected), "{forever:?}");
        let over = Decision { until: Some(10), ..forever };
        assert_eq!(counting(std::slice::from_ref(&over), &subject, 10).len(), 0);
        assert_eq!(counting(&[over], &subject, 9).len(), usize::from(expected));
    }
}
