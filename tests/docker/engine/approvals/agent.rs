//! A real agent's command line in a sandbox: what it does without asking, what waits for a person, what it is told.

use serde_json::json;

use super::super::beside::Beside;
use super::super::guardian;
use super::{begin, cards, said, until};
use crate::clients;

/// The agent, from the registry that this machine uses.
const AGENT: &str = "@openai/codex@0.169.0";

#[test]
fn a_real_agent_works_unasked_and_what_it_lacks_waits_for_a_person() {
    let user = clients::user();
    user.run(&["guardian", "start"]).expect(0);
    let commands = [
        "echo made by the agent > made && cat made",
        "curl -s -o /dev/null -w 'first %{http_code}\\n' http://first.example.com/",
        "hostexec uname -s",
        "curl -s -H 'Accept: application/json' http://second.example.com/",
    ];
    let server = [&["node", "-e", include_str!("model.js"), "--"], commands.as_slice()].concat();
    let model = Beside::run(&guardian(&user), "model", &clients::image(), &server);
    let mut policy = clients::policy();
    policy["allow"].as_array_mut().unwrap().push("model.example.com".into());
    policy["approvals"] = json!({ "hold": "45s" });
    policy["network"]["hosts"] = json!({ "model.example.com": model.address });
    policy["network"]["permitAddresses"].as_array_mut().unwrap().push(format!("{}/32", model.address).into());
    policy["hostexec"] = json!({ "rules": [{ "argv": ["uname", "-s"], "effect": "ask" }] });
    user.allow(&policy);
    user.start();
    user.shell(&format!("npm install --silent --prefix ~/agent {AGENT}")).expect(0);
    let provider = r#"{ name = "model", base_url = "http://model.example.com/v1", wire_api = "responses" }"#;
    let agent = begin(
        &user,
        &format!(
            "~/agent/node_modules/.bin/codex exec --skip-git-repo-check --dangerously-bypass-approvals-and-sandbox \
             -c model=any -c model_provider=own -c 'model_providers.own={provider}' 'do what you are asked' 2>&1 </dev/null"
        ),
    );
    for (title, verdict) in
        [("first.example.com:80", "approve"), (r#""uname" "-s""#, "approve"), ("second.example.com:80", "deny")]
    {
        // It also asks for services of its own, which nobody answers.
        let card = until(title, || cards(&user).into_iter().find(|card| card["title"] == title));
        user.run(&[verdict, &card["id"].to_string(), "--for", "once"]).expect(0);
    }
    let said = said(agent);
    for expected in ["made by the agent", "first 502", "Linux", "refused-by-cloister", "all commands ran"] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert_eq!(std::fs::read_to_string(user.project.join("made")).unwrap(), "made by the agent\n");
    user.run(&["audit", "verify"]).expect(0);
}
