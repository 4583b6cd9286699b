//! The plan as JSON: canonical, digested, as its schema says; and what changed between two of them.

use cloister::plan::model::*;
use cloister::plan::{Action, Code, Plan, canonical, diff};
use serde_json::{Value, json};

use crate::render::plans::{bind, clean, hook, hostile, refused, thirty, with};

fn validator() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(canonical::SCHEMA).expect("the schema is JSON");
    jsonschema::draft202012::new(&schema).expect("the schema is a schema")
}

fn complaints(plan: &Value) -> Vec<String> {
    validator().iter_errors(plan).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn every_plan_is_as_the_schema_says() {
    let mut refusal = hostile().findings;
    refusal[0].action = Action::Refused;
    let mut passing = clean();
    passing.passed_env = vec!["ANTHROPIC_API_KEY".into()];
    passing.containers[0].stop_signal = Some("SIGINT".into());
    let plans =
        [clean(), with(clean(), hostile().findings), with(clean(), thirty().findings), refused(refusal), passing];
    for plan in plans {
        let json = canonical::to_json(&plan);
        assert_eq!(complaints(&json), Vec::<String>::new(), "{json:#}");
    }
}

#[test]
fn a_plan_that_could_hurt_is_not_as_the_schema_says() {
    let cases: &[(&str, Value)] = &[
        ("/containers/0/privileged", json!(true)),
        ("/containers/0/capAdd", json!(["SYS_ADMIN"])),
        ("/containers/0/capAdd", json!(["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"])),
        ("/containers/0/capDrop", json!([])),
        ("/containers/0/ports", json!(["80:80"])),
        ("/containers/0/devices", json!(["/dev/kvm"])),
        ("/containers/0/namespaces/pid", json!("host")),
        ("/containers/0/namespaces/ipc", json!("container:other")),
        ("/containers/0/user", json!("vscode")),
        ("/containers/0/restart", json!("always")),
        ("/containers/0/mounts/0/target", json!("relative")),
        ("/containers/0/limits/pids", json!(0)),
        ("/network/internal", json!(false)),
        ("/lifecycle/0/where", json!("host")),
        ("/outcome", json!("maybe")),
        ("/digest", json!("")),
        ("/version", json!(2)),
        ("/network", Value::Null),
        ("/workspace", json!({ "source": null, "target": "/w", "folder": "/w", "more": 1 })),
    ];
    for (pointer, value) in cases {
        let mut json = canonical::to_json(&clean());
        *json.pointer_mut(pointer).expect("the plan has this member") = value.clone();
        assert!(!complaints(&json).is_empty(), "{pointer} = {value}");
    }
}

#[test]
fn a_refused_plan_has_nothing_to_run_and_a_reason() {
    let ready = canonical::to_json(&clean());
    for member in ["containers", "network", "proxy"] {
        let mut json = ready.clone();
        json.as_object_mut().expect("a plan is an object").remove(member);
        assert!(!complaints(&json).is_empty(), "ready without {member}");
    }
    let mut json = ready;
    json["outcome"] = json!("refused");
    assert!(!complaints(&json).is_empty(), "refused with containers");
    assert!(!complaints(&canonical::to_json(&refused(Vec::new()))).is_empty(), "refused without a reason");
}

#[test]
fn the_schema_knows_every_code() {
    let schema: Value = serde_json::from_str(canonical::SCHEMA).expect("the schema is JSON");
    let known: Vec<_> = Code::ALL.iter().map(|code| json!(code.as_str())).collect();
    assert_eq!(schema["$defs"]["finding"]["properties"]["code"]["enum"], Value::Array(known));
}

#[test]
fn same_plan_same_bytes() {
    let plan = with(clean(), hostile().findings);
    assert_eq!(canonical::compact(&plan), canonical::compact(&plan.clone()));
    assert_eq!(
        serde_json::from_str::<Value>(&canonical::pretty(&plan)).expect("it is JSON"),
        canonical::to_json(&plan)
    );
    assert_eq!(canonical::seal(plan.clone()), plan, "sealing twice changes nothing");
    assert!(canonical::pretty(&plan).ends_with("}\n"));
}

#[test]
fn the_digest_covers_all_but_itself_and_the_facts() {
    let base = clean();
    let digest = canonical::digest(&base);
    let edited = |edit: fn(&mut Plan)| {
        let mut plan = base.clone();
        edit(&mut plan);
        canonical::digest(&plan)
    };
    assert_eq!(edited(|plan| plan.digest = "sha256:other".into()), digest);
    assert_eq!(edited(|plan| plan.facts.unknown.push("image.user".into())), digest);
    let edits: [fn(&mut Plan); 6] = [
        |plan| plan.containers[0].limits.cpus = 2.0,
        |plan| plan.containers[0].mounts.swap(0, 1),
        |plan| plan.proxy.as_mut().expect("it is ready").allow.truncate(1),
        |plan| plan.config.name = None,
        |plan| plan.passed_env.push("TOKEN".into()),
        |plan| plan.findings = hostile().findings,
    ];
    for (number, edit) in edits.into_iter().enumerate() {
        assert_ne!(edited(edit), digest, "edit {number}");
    }
}

fn changes(edit: impl FnOnce(&mut Plan)) -> Vec<String> {
    let old = clean();
    let mut new = old.clone();
    edit(&mut new);
    diff::diff(&canonical::to_json(&old), &canonical::to_json(&canonical::seal(new)))
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn only_what_runs_is_a_change() {
    assert_eq!(changes(|_| {}), Vec::<String>::new());
    let silent = changes(|plan| {
        plan.findings = hostile().findings;
        plan.facts.unknown.push("image.user".into());
        plan.config.digest = None;
    });
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn changes_are_named_by_what_people_know() {
    let shown = changes(|plan| {
        let container = &mut plan.containers[0];
        container.limits.pids = 2048;
        container.image = Some("registry.example.com/base:trixie".into());
        container.mounts.remove(1);
        container.mounts[0].readonly = true;
        container.mounts.push(bind("/home/ada/shop-api/data", "/data", true));
        container.env.insert("NEW".into(), "a\u{202e}b".into());
        plan.lifecycle[0].command = vec!["/bin/sh".into(), "-c".into(), "npm install".into()];
        plan.lifecycle.push(hook("postAttach", "", &["true"], HookStatus::Run));
        plan.proxy.as_mut().expect("it is ready").allow[0] = "new.example.com:443".into();
        plan.passed_env = vec!["TOKEN".into()];
    });
    let expected = [
        "~ image: registry.example.com/base:bookworm → registry.example.com/base:trixie",
        "~ files /workspaces/shop-api, readonly: false → true",
        "- files: /home/ada/shop-api/.git/hooks → /workspaces/shop-api/.git/hooks read-only",
        "+ files: /home/ada/shop-api/data → /data read-only",
        "+ env, NEW: a\\u{202e}b",
        "~ limits, processes: 4096 → 2048",
        "- proxy.allow: host-00.example.com:443",
        "+ proxy.allow: new.example.com:443",
        "~ hooks onCreate, command: /bin/sh -c npm ci → /bin/sh -c npm install",
        "+ hooks: postAttach true",
        "+ passedEnv: TOKEN",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn a_plan_of_another_version_still_compares() {
    let old = json!({ "containers": [{ "name": "x", "gone": [1, 2] }], "odd": "yes" });
    let new = json!({ "containers": [{ "name": "x" }], "odd": ["yes"] });
    let shown: Vec<_> = diff::diff(&old, &new).iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["- gone: [1,2]", "~ odd: yes → yes"]);
}
