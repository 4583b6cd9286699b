use serde_json::Value;

use super::User;

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
