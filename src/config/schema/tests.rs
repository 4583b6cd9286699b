use serde_json::json;

use super::*;

fn told(violation: &Violation) -> String {
    let problem = match &violation.problem {
        Problem::Takes { takes, found } => format!("{takes}, not {found}"),
        Problem::Lacks(key) => format!("lacks {key}"),
        Problem::Unknown { nearest, .. } => format!("unknown, nearest {nearest:?}"),
    };
    format!("{}: {problem}", violation.pointer)
}

#[test]
fn each_wrong_type_is_told_at_its_place() {
    let cases = [
        (json!({ "privileged": "true" }), "/privileged: takes true or false, not a string"),
        (json!({ "privileged": null }), "/privileged: takes true or false, not null"),
        (json!({ "image": ["a"] }), "/image: takes a string, not a list"),
        (json!({ "runArgs": "--init" }), "/runArgs: takes a list of strings, not a string"),
        (json!({ "runArgs": ["--init", 1] }), "/runArgs/1: takes a string, not a number"),
        (json!({ "capAdd": { "0": "SYS_ADMIN" } }), "/capAdd: takes a list of strings, not an object"),
        (json!({ "containerEnv": { "A": 1 } }), "/containerEnv/A: takes a string, not a number"),
        (
            json!({ "remoteEnv": { "A/b": true } }),
            "/remoteEnv/A~1b: takes a string, or null to unset the variable, not true",
        ),
        (json!({ "build": { "args": { "A": [] } } }), "/build/args/A: takes a string, not a list"),
        (json!({ "mounts": [{ "type": "bind", "source": "/" }] }), "/mounts/0: lacks target"),
        (json!({ "mounts": [{ "type": 1, "target": "/x" }] }), "/mounts/0/type: takes a string, not a number"),
        (
            json!({ "postStartCommand": 1 }),
            "/postStartCommand: takes a string for the shell, a list of strings, or an object of named commands, not a number",
        ),
        (json!({ "postStartCommand": ["a", ["b"]] }), "/postStartCommand/1: takes a string, not a list"),
        (
            json!({ "postStartCommand": { "a": { "b": "c" } } }),
            "/postStartCommand/a: takes a string or a list of strings, not an object",
        ),
        (
            json!({ "waitFor": "never" }),
            "/waitFor: takes one of \"initializeCommand\", \"onCreateCommand\", \"updateContentCommand\", \"postCreateCommand\", \"postStartCommand\", not \"never\"",
        ),
        (
            json!({ "forwardPorts": [70000] }),
            "/forwardPorts/0: takes a port number up to 65535, or \"host:port\", not 70000",
        ),
        (
            json!({ "hostRequirements": { "memory": "8 GB" } }),
            "/hostRequirements/memory: takes a size such as \"4gb\", not \"8 GB\"",
        ),
        (
            json!({ "hostRequirements": { "gpu": "maybe" } }),
            "/hostRequirements/gpu: takes true, false, \"optional\", or an object with `cores` and `memory`, not \"maybe\"",
        ),
        (
            json!({ "features": ["a"] }),
            "/features: takes an object such as { \"example.com/features/node:1\": {} }, not a list",
        ),
    ];
    let published = jsonschema::validator_for(&SCHEMA).expect("the published draft");
    for (document, expected) in cases {
        assert_eq!(check(&document).iter().map(told).collect::<Vec<_>>(), [expected], "{document}");
        assert_eq!(published.iter_errors(&document).count(), 1, "{document}");
    }
}

#[test]
fn unknown_keys_name_the_nearest_known_one() {
    let cases = [
        (json!({ "Privileged": true }), "/Privileged: unknown, nearest Some(\"privileged\")"),
        (json!({ "postCreateComand": "x" }), "/postCreateComand: unknown, nearest Some(\"postCreateCommand\")"),
        (json!({ "forwardPort": [1] }), "/forwardPort: unknown, nearest Some(\"forwardPorts\")"),
        (json!({ "extends": "./x" }), "/extends: unknown, nearest None"),
        (json!({ "build": { "dockerFile": "x" } }), "/build/dockerFile: unknown, nearest Some(\"dockerfile\")"),
    ];
    for (document, expected) in cases {
        assert_eq!(check(&document).iter().map(told).collect::<Vec<_>>(), [expected], "{document}");
    }
}

#[test]
fn every_form_of_the_specification_passes() {
    let document = json!({
        "$schema": "https://example.com/x.json", "name": "x", "image": "debian",
        "build": { "dockerfile": "Dockerfile", "context": "..", "args": { "A": "1" }, "target": "t", "cacheFrom": ["a"], "options": ["-q"] },
        "dockerComposeFile": ["a.yml", "b.yml"], "service": "app", "runServices": ["db"],
        "features": { "a": "1", "b": true, "c": { "list": [1], "number": 2 } }, "overrideFeatureInstallOrder": ["a"],
        "appPort": [3000, "127.0.0.1:1:1"], "forwardPorts": [3000, "db:5432"], "portsAttributes": { "3000": { "label": "web" } },
        "otherPortsAttributes": { "onAutoForward": "silent" }, "runArgs": [], "workspaceMount": "", "workspaceFolder": "/w",
        "mounts": ["type=volume,target=/x", { "type": "volume", "source": "a", "target": "/x", "external": true }],
        "containerEnv": {}, "remoteEnv": { "A": null }, "containerUser": "a", "remoteUser": "b", "updateRemoteUserUID": false,
        "userEnvProbe": "none", "overrideCommand": true, "shutdownAction": "none", "init": true, "privileged": false,
        "capAdd": [], "securityOpt": [], "initializeCommand": "a", "onCreateCommand": ["a"],
        "updateContentCommand": { "a": "b", "c": ["d"] }, "waitFor": "onCreateCommand",
        "hostRequirements": { "cpus": 4, "memory": "8gb", "storage": "32gb", "gpu": "optional" },
        "secrets": { "TOKEN": { "description": "a", "documentationUrl": "https://example.com" } },
        "customizations": { "vscode": {} }, "extensions": [], "settings": {}, "devPort": 1, "dockerFile": "a", "context": "b"
    });
    assert_eq!(check(&document).iter().map(told).collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn many_unknown_keys_do_not_hide_a_wrong_type() {
    let mut document: serde_json::Map<_, _> = (0..1000).map(|index| (format!("unknown{index}"), json!(1))).collect();
    document.insert("privileged".into(), json!("true"));
    let violations = check(&Value::Object(document));
    assert_eq!(told(&violations[0]), "/privileged: takes true or false, not a string");
    assert_eq!(violations.len(), 1 + DIAGNOSTIC_LIMIT);
}

#[test]
fn every_part_of_the_schema_compiles() {
    let names = SCHEMA["properties"].as_object().unwrap().keys();
    let document: Value = names.map(|name| (name.clone(), Value::Null)).collect::<serde_json::Map<_, _>>().into();
    assert!(!compile(&document).is_valid(&document));
}
