//! The example that asks for everything: it starts, works, and gets none of it.

use std::path::Path;

use serde_json::Value;

use crate::engine::{User, exists, inspect};

const EXAMPLE: &str = "examples/hostile";

fn user() -> User {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join(EXAMPLE);
    let config = std::fs::read_to_string(example.join(".devcontainer/devcontainer.json")).unwrap();
    User::with(&config)
}

#[test]
fn a_project_that_asks_for_everything_starts_and_gets_nothing() {
    let user = user();
    let listed = user.start();
    assert_ne!(user.run(&["exec", "--", "id", "-u"]).expect(0).trim(), "0");

    let container = inspect("container", listed["container"].as_str().unwrap()).unwrap();
    let host = &container["HostConfig"];
    assert_eq!(host["Privileged"], false);
    assert_eq!(host["CapDrop"], serde_json::json!(["ALL"]));
    for empty in [
        "CapAdd",
        "Devices",
        "DeviceRequests",
        "DeviceCgroupRules",
        "PortBindings",
        "GroupAdd",
        "VolumesFrom",
        "Binds",
        "Links",
    ] {
        let value = &host[empty];
        let is_empty = value.is_null()
            || value.as_array().is_some_and(Vec::is_empty)
            || value.as_object().is_some_and(serde_json::Map::is_empty);
        assert!(is_empty, "{empty}: {value}");
    }
    for (namespace, own) in
        [("PidMode", ""), ("UTSMode", ""), ("UsernsMode", ""), ("IpcMode", "private"), ("CgroupnsMode", "private")]
    {
        assert_eq!(host[namespace], own, "{namespace}");
    }
    assert_eq!(host["LogConfig"]["Type"], "json-file");
    assert_eq!(host["RestartPolicy"]["Name"], "no");
    let sources: Vec<&str> =
        container["Mounts"].as_array().unwrap().iter().filter_map(|mount| mount["Source"].as_str()).collect();
    let own = user.root.path().canonicalize().unwrap();
    for source in sources.iter().filter(|source| !source.contains("/volumes/cloister-")) {
        assert!(Path::new(source).starts_with(&own), "{source} is mounted");
    }
    let text = Value::to_string(&container);
    for loot in ["unconfined\"", "docker.sock", "/.ssh", "/.aws", "collector.example.com"] {
        assert!(!text.contains(loot), "{loot} is in the container");
    }
    let marker = user.project.parent().unwrap().join("initialize-command-was-here");
    assert!(!exists(&marker) && !exists(&user.project.join("initialize-command-was-here")));
}
