use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::policy::decision::By;
use crate::policy::rule::Rule;

fn decision(verdict: Verdict, rule: &str, scope: Scope) -> Decision {
    Decision {
        id: DecisionId::derive(rule),
        verdict,
        rules: vec![Rule::parse_deny(rule).expect(rule)],
        scope,
        made: 5,
        until: None,
        by: By::Page,
        asked_by: "web".to_owned(),
    }
}

fn rules(loaded: &Loaded) -> Vec<String> {
    loaded.decisions.iter().flat_map(|decision| &decision.rules).map(ToString::to_string).collect()
}

fn scopes() -> [Scope; 4] {
    [
        Scope::Global,
        Scope::Project { folder: "/home/me/web".to_owned() },
        Scope::Sandbox { sandbox: "0123456789ab".to_owned() },
        Scope::Session { sandbox: "0123456789ab".to_owned(), session: "x".to_owned() },
    ]
}

#[tokio::test]
async fn decisions_are_kept_by_scope_and_forgotten_by_id() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = Store::of(&folder.path().join("config"), &folder.path().join("state"), 1000);
    assert!(store.load().is_whole());
    for (number, scope) in scopes().into_iter().enumerate() {
        store.keep(&decision(Verdict::Allow, &format!("h{number}.example.com:443"), scope)).await.expect("kept");
    }
    let loaded = Store::of(&folder.path().join("config"), &folder.path().join("state"), 1000).load();
    assert!(loaded.is_whole(), "{:?}", loaded.broken);
    let expected = [0, 1, 2, 3].map(|number| format!("h{number}.example.com:443"));
    assert_eq!(rules(&loaded), expected);
    let global = folder.path().join("config/decisions/global.json");
    assert_eq!(fs::metadata(&global).expect("a file").permissions().mode() & 0o777, 0o600);
    for decision in &loaded.decisions {
        store.forget(&decision.id, &decision.scope).await.expect("forgotten");
        store.forget(&decision.id, &decision.scope).await.expect("again is fine");
    }
    assert!(!global.exists());
    assert_eq!(rules(&store.load()), Vec::<String>::new());
}

#[tokio::test]
async fn a_broken_file_allows_nothing_and_goes_on_denying() {
    let folder = tempfile::tempdir().expect("a folder");
    let (config, state) = (folder.path().join("config"), folder.path().join("state"));
    let mut store = Store::of(&config, &state, 1000);
    store.keep(&decision(Verdict::Allow, "a.example.com:443", Scope::Global)).await.expect("kept");
    store.keep(&decision(Verdict::Deny, "b.example.com", Scope::Global)).await.expect("kept");
    store.keep(&decision(Verdict::Allow, "c.example.com:443", scopes()[1].clone())).await.expect("kept");
    assert_eq!(store.load().decisions.len(), 3);
    let path = config.join("decisions/global.json");
    let good = fs::read(&path).expect("a file");

    let breakages: [(&str, &dyn Fn()); 4] = [
        ("half a file", &|| fs::write(&path, &good[..40]).expect("written")),
        ("writable for others", &|| {
            fs::write(&path, &good).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("changed");
        }),
        ("a link", &|| {
            fs::remove_file(&path).expect("removed");
            std::os::unix::fs::symlink("/dev/zero", &path).expect("linked");
        }),
        ("another scope", &|| {
            fs::remove_file(&path).expect("removed");
            let text = String::from_utf8_lossy(&good).replace("\"global\"", "{ \"project\": { \"folder\": \"/x\" } }");
            file::write(&path, text.as_bytes(), 0o600).expect("written");
        }),
    ];
    for (what, breaks) in breakages {
        breaks();
        let loaded = store.load();
        assert_eq!(rules(&loaded), ["b.example.com", "c.example.com:443"], "{what}");
        assert_eq!(loaded.broken.len(), 1, "{what}");
        assert!(loaded.broken[0].hint().is_some(), "{what}");
        let kept = store.keep(&decision(Verdict::Allow, "d.example.com:443", Scope::Global)).await;
        assert!(kept.is_err(), "{what}: nothing is written over it");
        let fresh = Store::of(&config, &state, 1000).load();
        assert!(!fresh.is_whole() && rules(&fresh) == ["c.example.com:443"], "{what}");
    }
    fs::remove_file(&path).expect("removed");
    assert_eq!(rules(&store.load()), ["c.example.com:443"], "a file that is gone denies nothing");
}

#[tokio::test]
async fn a_name_of_a_sandbox_leads_nowhere_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::of(&folder.path().join("config"), &folder.path().join("state"), 1000);
    let scope = Scope::Sandbox { sandbox: "../../outside".to_owned() };
    store.keep(&decision(Verdict::Allow, "a.example.com:443", scope)).await.expect("kept");
    assert!(folder.path().join("state/decisions/outside.json").exists());
}

#[tokio::test]
async fn two_programs_at_once_lose_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (config, state) = (folder.path().join("config"), folder.path().join("state"));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..20 {
        let store = Store::of(&config, &state, 1000);
        tasks.spawn(async move {
            store.keep(&decision(Verdict::Allow, &format!("h{number}.example.com:443"), Scope::Global)).await
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("ran").expect("kept");
    }
    assert_eq!(Store::of(&config, &state, 1000).load().decisions.len(), 20);
}
