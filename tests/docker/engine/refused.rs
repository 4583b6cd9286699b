use serde_json::{Value, json};

use super::User;

/// The host on the engine's default bridge, where nothing listens on port 1.
const BRIDGE: &str = "172.17.0.1";

#[test]
fn what_was_refused_is_said_after_the_command_and_by_the_status() {
    let user =
        User::with(r#"{ "image": "debian:bookworm", "onCreateCommand": "curl -s https://hook.example.org/ || true" }"#);
    let quiet = user.run(&["start", "--", "sh", "-c", "exit 3"]);
    quiet.expect(3);
    assert!(quiet.stderr().ends_with("refused: hook.example.org:443 (1); see `cloister guardian status`\n"));
    let script =
        "for _ in 1 2; do curl -s -o /dev/null https://api.example.org/; done; curl -s http://api.example.org/";
    let told = user.shell(&format!("{script}; exit 4"));
    told.expect(4);
    let expected = "cloister: 3 requests were refused: api.example.org:443 (2), api.example.org:80 (1); \
                    see `cloister guardian status`\n";
    assert_eq!(told.stderr(), expected);
    assert_eq!(user.shell("true").stderr(), "", "what was refused before is not said again");
    let status = user.run(&["guardian", "status"]).expect(0);
    let line = |start: &str| status.lines().find(|line| line.starts_with(start)).unwrap_or_default().to_owned();
    assert!(status.contains("\nrefused in `project`\n"), "{status}");
    assert!(line("api.example.org:443  ").contains("not-listed  2 "), "{status}");
    let json: Value = serde_json::from_str(&user.run(&["guardian", "status", "--format", "json"]).expect(0)).unwrap();
    assert_eq!(json["status"]["refusals"][0]["refused"].as_array().map(Vec::len), Some(3), "{json}");
}

#[test]
fn what_was_allowed_and_does_not_answer_is_no_refusal() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    user.allow(&json!({
        "allow": ["gone.invalid", "dead.example.org:1"],
        "network": {
            "hosts": { "dead.example.org": BRIDGE },
            "permitAddresses": [format!("{BRIDGE}/32")],
        },
    }));
    user.start();
    let told = user.shell("curl -s -m 30 https://gone.invalid/; curl -s -m 30 https://dead.example.org:1/; exit 4");
    told.expect(4);
    let expected = "cloister: 2 requests failed: dead.example.org:1 (1, unreachable), gone.invalid:443 (1, not-found); \
                    see `cloister guardian status`\n";
    assert_eq!(told.stderr(), expected);
    let status = user.run(&["guardian", "status"]).expect(0);
    assert!(status.contains("\nallowed, but failed in `project`\n"), "{status}");
    assert!(!status.contains("refused in"), "{status}");
}
