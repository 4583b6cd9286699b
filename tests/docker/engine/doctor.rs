//! What `cloister doctor` says of the engine that the tests run on, and what is left of its trial.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{User, exists, inspect};

const CONFIG: &str = r#"{ "image": "debian:bookworm" }"#;

fn trial(user: &User) -> String {
    let uid = rustix::process::geteuid().as_raw();
    cloister::engine::names::trial(&cloister::engine::names::instance(uid, &user.state()))
}

fn report(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn status<'a>(report: &'a Value, id: &str) -> &'a Value {
    let checks = report["checks"].as_array().unwrap();
    &checks.iter().find(|check| check["id"] == id).unwrap()["status"]
}

fn nothing_is_left(user: &User) {
    for kind in ["container", "network"] {
        assert_eq!(inspect(kind, &trial(user)), None, "{kind}");
    }
}

#[test]
fn the_engine_is_tried_and_nothing_is_left() {
    let user = User::with(CONFIG);
    let report = report(&user.run(&["doctor", "--format", "json"]).expect(0));
    assert_eq!(report["works"], true, "{report:#}");
    for id in ["engine", "endpoint", "seal", "seccomp", "space", "programs", "configuration"] {
        assert_eq!(*status(&report, id), "ok", "{id}: {report:#}");
    }
    nothing_is_left(&user);
    assert!(user.listed().is_empty());
    let again = user.run(&["doctor"]);
    assert!(again.expect(0).ends_with(&format!("{}\n", last_line(&report))), "{}", again.stdout());
}

fn last_line(report: &Value) -> String {
    let warnings = report["checks"].as_array().unwrap().iter().filter(|check| check["status"] == "warning").count();
    match warnings {
        0 => "sandboxes can be started".to_owned(),
        1 => "sandboxes can be started, with 1 warning".to_owned(),
        _ => format!("sandboxes can be started, with {warnings} warnings"),
    }
}

#[test]
fn what_a_killed_trial_leaves_goes_with_the_next_command() {
    let user = User::with(CONFIG);
    user.run(&["doctor"]).expect(0);
    let mut killed = user.command(&["doctor"]).stdout(Stdio::null()).spawn().unwrap();
    let begin = Instant::now();
    while inspect("container", &trial(&user)).is_none() {
        assert!(begin.elapsed() < Duration::from_secs(20), "the trial makes a container");
        std::thread::sleep(Duration::from_millis(2));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    user.run(&["list"]).expect(0);
    nothing_is_left(&user);
}

#[test]
fn a_folder_that_others_can_write_is_a_failure_and_nothing_is_made() {
    let user = User::with(CONFIG);
    std::fs::create_dir_all(user.state()).unwrap();
    std::fs::set_permissions(user.state(), Permissions::from_mode(0o777)).unwrap();
    let report = report(&user.run(&["doctor", "--format", "json"]).expect(1));
    assert_eq!((&report["works"], status(&report, "seal")), (&false.into(), &"failure".into()), "{report:#}");
    let open = report["checks"].as_array().unwrap().iter().find(|check| check["status"] == "failure").unwrap();
    assert!(open["hint"].as_str().unwrap().contains("chmod 700"), "{open:#}");
    nothing_is_left(&user);
    assert!(!exists(&user.state().join("sandboxes")));
    std::fs::set_permissions(user.state(), Permissions::from_mode(0o700)).unwrap();
}
