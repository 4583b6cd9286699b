//! What an agent tries against its container, one object of data each: `tests/golden/container/*.json`.
//!
//! `{OWNER}` and `{GROUP}` are the ids of the workspace's owner.

use std::os::unix::fs::MetadataExt;

use serde_json::json;

use super::attempts::surprises;
use super::{User, inspect, text};

#[test]
fn every_attempt_on_the_container_ends_as_it_should() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    user.allow(&json!({ "limits": { "pids": 128, "memory": "256m", "shm": "16m", "nofile": 1000 } }));
    let listed = user.start();
    let state = || {
        let mut state = inspect("container", text(&listed["container"])).unwrap()["State"].clone();
        // it stays true after a process of an attempt was killed for its memory
        state.as_object_mut().unwrap().remove("OOMKilled");
        state
    };
    let (before, owner) = (state(), user.project.metadata().unwrap());
    let fill =
        |text: &str| text.replace("{OWNER}", &owner.uid().to_string()).replace("{GROUP}", &owner.gid().to_string());
    let found = surprises(&user, "container", fill, || 0);
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert_eq!(state(), before, "the container runs on");
}
