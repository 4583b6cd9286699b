//! What others do to a sandbox with the engine's own commands, and sandboxes that would meet in one folder.

use std::process::Command;

use super::{User, exists, inspect, text};

const CONFIG: &str = r#"{ "image": "debian:bookworm" }"#;

fn docker(words: &[&str]) {
    let ran = Command::new("docker").args(words).output().unwrap();
    assert!(ran.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn a_container_that_was_started_again_is_not_joined() {
    let user = User::with(CONFIG);
    let listed = user.start();
    let name = text(&listed["container"]);
    docker(&["restart", "-t", "0", name]);
    let refused = user.run(&["exec", "--", "true"]);
    refused.expect(1);
    assert!(refused.stderr().contains("`project` does not run"), "{}", refused.stderr());
    assert_eq!(user.listed(), Vec::<serde_json::Value>::new());
    assert!(inspect("container", name).is_none());
    user.run(&["start", "--", "true"]).expect(0);
}

#[test]
fn a_paused_or_disconnected_sandbox_says_so() {
    let user = User::with(CONFIG);
    let listed = user.start();
    let name = text(&listed["container"]);
    docker(&["pause", name]);
    for words in [&["exec", "--", "true"][..], &["start", "--", "true"]] {
        let refused = user.run(words);
        refused.expect(1);
        let stderr = refused.stderr();
        assert!(stderr.contains("is paused") && stderr.contains(&format!("docker unpause {name}")), "{stderr}");
    }
    docker(&["unpause", name]);
    user.run(&["exec", "--", "true"]).expect(0);
    docker(&["network", "disconnect", "-f", name, name]);
    for words in [&["exec", "--", "true"][..], &["start", "--", "true"]] {
        let refused = user.run(words);
        refused.expect(1);
        let stderr = refused.stderr();
        assert!(stderr.contains("taken off its network") && stderr.contains("start --rebuild"), "{stderr}");
    }
    docker(&["pause", name]);
    user.run(&["start", "--rebuild", "--", "true"]).expect(0);
}

#[test]
fn a_sandbox_on_another_network_is_not_joined() {
    let user = User::with(CONFIG);
    let listed = user.start();
    let name = text(&listed["container"]);
    docker(&["network", "connect", "bridge", name]);
    for words in [&["exec", "--", "true"][..], &["start", "--", "true"]] {
        let refused = user.run(words);
        refused.expect(1);
        let stderr = refused.stderr();
        assert!(stderr.contains("`project` to another network") && stderr.contains("start --rebuild"), "{stderr}");
    }
    user.run(&["start", "--rebuild", "--", "true"]).expect(0);
}

#[test]
fn a_folder_inside_or_around_a_sandboxs_own_waits() {
    let user = User::with(CONFIG);
    user.start();
    let inner = user.project.join("inner");
    user.shell("mkdir -p inner/.devcontainer && cp .devcontainer/devcontainer.json inner/.devcontainer").expect(0);
    let refused = user.run(&["start", "inner", "-d"]);
    refused.expect(1);
    let stderr = refused.stderr();
    assert!(stderr.contains("the sandbox `project` of ") && stderr.contains("cloister stop project"), "{stderr}");
    user.run(&["stop"]).expect(0);
    user.run(&["start", "inner", "-d"]).expect(0);
    let refused = user.run(&["start", "-d"]);
    refused.expect(1);
    assert!(refused.stderr().contains("the sandbox `inner` of "), "{}", refused.stderr());
    assert!(exists(&inner));
}

#[test]
fn shutdown_takes_a_sandbox_whose_receipt_is_broken() {
    let user = User::with(CONFIG);
    let listed = user.start();
    let (id, name) = (text(&listed["id"]), text(&listed["container"]));
    let receipt = user.state().join("sandboxes").join(id).join("receipt.json");
    std::fs::write(&receipt, "{").unwrap();
    let refused = user.run(&["start", "-d"]);
    refused.expect(1);
    assert!(refused.stderr().contains("cloister shutdown"), "{}", refused.stderr());
    let ended = user.run(&["shutdown"]);
    ended.expect(0);
    assert!(ended.stderr().contains(&format!("`{id}` stopped")), "{}", ended.stderr());
    assert!(inspect("container", name).is_none() && inspect("network", name).is_none());
}

#[test]
fn cloisters_own_programs_are_found_by_name() {
    let user = User::with(CONFIG);
    user.start();
    assert_eq!(user.shell("command -v cloister-hostexec").expect(0), "/run/cloister/bin/cloister-hostexec\n");
    assert_eq!(user.shell("command -v sh").expect(0), "/usr/bin/sh\n");
}
