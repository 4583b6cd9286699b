use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::config::model::{Command, Kind as From};
use crate::config::{Reading, read};
use crate::source::Source;

fn reading(text: &str) -> Reading {
    let variables = Variables { local_workspace_folder: "/home/me/shop".into(), ..Variables::default() }
        .with_local_env(&BTreeSet::new(), [("LANG".to_owned(), "C".to_owned())]);
    read(&Source::new("devcontainer.json", text), &variables)
}

fn config(text: &str) -> DevContainer {
    reading(text).config.expect(text)
}

#[test]
fn the_kind_follows_the_precedence_of_the_reference() {
    let cases = [
        (r#"{}"#, "default"),
        (r#"{"image": "a"}"#, "image a"),
        (r#"{"build": {"args": {}}, "image": "a"}"#, "image a"),
        (r#"{"build": {"dockerfile": "D"}, "image": "a"}"#, "build D"),
        (r#"{"dockerComposeFile": "c.yml", "dockerFile": "D", "build": {"dockerfile": "E"}}"#, "build D"),
        (r#"{"dockerComposeFile": "c.yml", "image": "a"}"#, "image a"),
        (r#"{"dockerComposeFile": ["c.yml", "d.yml"], "service": "x"}"#, "compose c.yml,d.yml x"),
        (r#"{"build": {}}"#, "default"),
    ];
    for (text, expected) in cases {
        let told = match config(text).kind {
            From::Default => "default".to_owned(),
            From::Image(image) => format!("image {}", image.value.value),
            From::Dockerfile(build) => format!("build {}", build.dockerfile.value.value),
            From::Compose(compose) => {
                let files: Vec<_> = compose.files.iter().map(|file| file.value.value.as_str()).collect();
                format!(
                    "compose {} {}",
                    files.join(","),
                    compose.service.map(|one| one.value.value).unwrap_or_default()
                )
            }
        };
        assert_eq!(told, expected, "{text}");
    }
}

#[test]
fn a_build_keeps_all_its_parts_with_their_places() {
    let text = r#"{"dockerFile": "D", "context": "${localWorkspaceFolder}", "build": {"context": "ignored",
        "args": {"A": "${localEnv:LANG}"}, "target": "t", "cacheFrom": "c", "options": ["-q"], "extra": 1}}"#;
    let config = config(text);
    let From::Dockerfile(build) = config.kind else { panic!("{:?}", config.kind) };
    let context = build.context.expect("context");
    assert_eq!((context.value.value.as_str(), context.origin.pointer.as_str()), ("/home/me/shop", "/context"));
    assert_eq!(build.args[0].value, Some(Text { raw: "${localEnv:LANG}".into(), value: "C".into() }));
    assert_eq!(build.args[0].origin.pointer, "/build/args/A");
    assert_eq!(build.target.expect("target").value.value, "t");
    assert_eq!(build.cache_from[0].origin.pointer, "/build/cacheFrom");
    assert_eq!(build.options[0].origin.pointer, "/build/options/0");
    assert_eq!(config.unknown[0].value, "build.extra");
    assert_eq!(config.unknown[0].origin.pointer, "/build/extra");
}

#[test]
fn keys_are_never_substituted_and_values_always_are() {
    let config = config(
        r#"{"containerEnv": {"${localEnv:LANG}": "${localEnv:LANG}"}, "remoteEnv": {"U": null},
            "features": {"${localEnv:LANG}": {"o": ["${localEnv:LANG}", 1]}}, "runArgs": ["-e", "X=${env:LANG}"],
            "postStartCommand": {"${localEnv:LANG}": ["echo", "${localEnv:LANG}"]},
            "mounts": ["src=${localWorkspaceFolder}", {"type": "bind", "target": "${localEnv:LANG}", "external": true}]}"#,
    );
    assert_eq!(config.container_env[0].name, "${localEnv:LANG}");
    assert_eq!(config.container_env[0].value.as_ref().map(|text| text.value.as_str()), Some("C"));
    assert_eq!(config.remote_env[0].value, None);
    assert_eq!(config.features[0].value.id, "${localEnv:LANG}");
    assert_eq!(config.features[0].value.options, json!({ "o": ["C", 1] }));
    assert_eq!(config.run_args[1].value.value, "X=C");
    let Some(Command::Parallel(named)) = config.post_start_command.map(|one| one.value) else { panic!("parallel") };
    assert_eq!(named[0].0, "${localEnv:LANG}");
    assert_eq!(
        named[0].1,
        Command::Argv(vec![Text::plain("echo"), Text { raw: "${localEnv:LANG}".into(), value: "C".into() }])
    );
    assert_eq!(
        config.mounts[0].value,
        MountRequest::Text(Text { raw: "src=${localWorkspaceFolder}".into(), value: "src=/home/me/shop".into() })
    );
    let MountRequest::Object(fields) = &config.mounts[1].value else { panic!("object") };
    assert_eq!(fields[2], ("external".to_owned(), Text::plain("true")));
}

#[test]
fn numbers_become_text_and_single_values_lists() {
    let config = config(r#"{"appPort": 3000, "forwardPorts": [3000, "db:5432"]}"#);
    assert_eq!(config.app_port[0].value, Text::plain("3000"));
    assert_eq!(config.app_port[0].origin.pointer, "/appPort");
    assert_eq!(config.forward_ports[1].value, Text::plain("db:5432"));
}

#[test]
fn older_properties_move_into_customizations() {
    let cases = [
        (r#"{"extensions": ["a"]}"#, json!({ "extensions": ["a"] })),
        (r#"{"devPort": 1, "customizations": {"vscode": {"devPort": 2}}}"#, json!({ "devPort": 2 })),
        (
            r#"{"extensions": ["b"], "settings": {"x": 1, "y": 1}, "customizations": {"vscode": {"extensions": ["a"], "settings": {"x": 2}}}}"#,
            json!({ "extensions": ["a", "b"], "settings": { "x": 2, "y": 1 } }),
        ),
    ];
    for (text, expected) in cases {
        let config = config(text);
        let [(tool, value)] = config.customizations.as_slice() else { panic!("{:?}", config.customizations) };
        assert_eq!((tool.as_str(), &value.value), ("vscode", &expected), "{text}");
    }
}

#[test]
fn what_the_host_does_not_give_is_recorded_where_it_was_asked() {
    let reading = reading(
        "{\n \"build\": {\"dockerfile\": \"D\", \"args\": {\"A\": \"${localEnv:SECRET}\"}},\n \"customizations\": {\"x\": {\"y/z\": [\"${env:TOKEN:none}\"]}}}",
    );
    let denied: Vec<_> = reading
        .denied
        .iter()
        .map(|one| {
            (one.name.as_str(), one.pointer.as_str(), one.had_default, one.location.as_ref().map(|place| place.line))
        })
        .collect();
    let expected = [("SECRET", "/build/args/A", false, Some(2)), ("TOKEN", "/customizations/x/y~1z/0", true, Some(3))];
    assert_eq!(denied, expected);
}
