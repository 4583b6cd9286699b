//! What a person is told before they answer: it is what the sandbox says, and what cloister found out.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::super::User;
use super::{ASK, CONFIG, begin, card, cards, said, until, user};

/// The facts of a card with this label, and those that go on about the same.
fn facts(card: &Value, label: &str) -> Vec<String> {
    let facts = card["facts"].as_array().unwrap();
    let mut under = "";
    let labelled = facts.iter().filter_map(|fact| {
        under = fact[0].as_str().filter(|name| !name.is_empty()).unwrap_or(under);
        (under == label).then(|| fact[1].as_str().unwrap().to_owned())
    });
    labelled.collect()
}

/// SEC-63: an approval that counts for every time is for every byte of it.
#[test]
fn a_script_with_one_changed_byte_is_asked_about_again_with_what_changed() {
    let user = User::with(CONFIG);
    let rule = json!({ "argv": ["./deploy.sh"], "effect": "ask", "allowWorkspaceCode": true });
    user.allow(&json!({ "presets": [], "hostexec": { "rules": [rule] } }));
    let script = user.project.join("deploy.sh");
    let write = |text: &str| {
        std::fs::write(&script, text).unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    write("#!/bin/sh\necho first\necho hi\necho last\n");
    user.start();
    let asked = begin(&user, "hostexec ./deploy.sh");
    let first = card(&user);
    assert!(facts(&first, "changed").is_empty(), "nothing was allowed before: {first}");
    user.run(&["approve", &first["id"].to_string(), "--for", "project"]).expect(0);
    assert_eq!(said(asked), "first\nhi\nlast\n");
    assert_eq!(user.shell("hostexec ./deploy.sh").expect(0), "first\nhi\nlast\n", "nobody is asked again");
    write("#!/bin/sh\necho first\necho ho\necho last\n");
    let asked = begin(&user, "hostexec ./deploy.sh");
    let again = card(&user);
    assert_ne!(again["digest"], first["digest"]);
    let changed = facts(&again, "changed");
    assert!(changed[0].starts_with("program: "), "{changed:?}");
    assert_eq!(changed[1..], [r#"-"echo hi\n""#, r#"+"echo ho\n""#], "and no other line");
    let shown = user.run(&["approve"]).expect(0);
    assert!(shown.contains(r#"+"echo ho\n""#), "{shown}");
    user.run(&["deny", &again["id"].to_string(), "--for", "once"]).expect(0);
    assert_eq!(said(asked), "");
    let kept = user.state().join("control/commands.json");
    assert_eq!(std::fs::metadata(kept).unwrap().permissions().mode() & 0o777, 0o600);
}

/// What the sandbox says of itself is on the card a moment later, as its word; another program's is added.
#[test]
fn a_card_says_which_program_asks() {
    let user = user();
    user.start();
    let script = format!(
        "{ASK} & sh -c 'sleep 0.5; exec -a \"$(printf \"cu\\033[2Jrl\")\" curl -s https://api.example.org/ token=ghp_0a1B2c3D4e0a1B2c3D4e0a1B2c3D4e0a1B2c' & wait"
    );
    let asked = begin(&user, &script.replace("sh -c", "bash -c"));
    let card = until("both are seen", || {
        let card = cards(&user).into_iter().next()?;
        (facts(&card, "sandbox says").len() == 2).then_some(card)
    });
    let said = facts(&card, "sandbox says").join("\n");
    assert!(said.contains("/usr/bin/curl: curl -s -o /dev/null"), "{said}");
    assert!(said.contains("\\u{1b}[2J") || said.contains("cu\u{1b}[2Jrl"), "{said}");
    assert!(!said.contains("ghp_0a"), "{said}");
    let shown = user.run(&["approve"]).expect(0);
    assert!(shown.contains("sandbox says /usr/bin/curl: curl -s -o /dev/null") && !shown.contains('\u{1b}'), "{shown}");
    user.run(&["deny", &card["id"].to_string()]).expect(0);
    drop(asked.wait_with_output());
    // Not for what is allowed or refused without asking: nothing of cloister's runs inside then.
    assert_eq!(user.shell(ASK).expect(0), "403");
}

/// However many cards there are, none waits for whoever looks, and few looks find the programs of all.
#[test]
fn a_flood_of_cards_is_looked_at_together() {
    let user = user();
    user.start();
    let asked = begin(&user, "curl -s --parallel --parallel-max 60 --max-time 40 'https://h[1-60].example.org/'; true");
    let seen = |cards: &[Value]| cards.iter().filter(|card| !facts(card, "sandbox says").is_empty()).count();
    until("all are asked, and all are seen", || {
        let cards = cards(&user);
        (cards.len() == 60 && seen(&cards) == 60).then_some(())
    });
    user.run(&["stop"]).expect(0);
    drop(asked.wait_with_output());
}

/// A command gets the variables of the latest login, and whoever asked for it reads none of their values (SEC-68).
#[test]
fn a_command_gets_the_variables_of_the_latest_login_and_the_agent_does_not() {
    let user = User::with(CONFIG);
    let rule = json!({ "argv": ["printenv", "LOGIN"], "effect": "auto", "env": ["LOGIN"] });
    let other = json!({ "argv": ["printenv", "OTHER"], "effect": "auto" });
    user.allow(&json!({ "presets": [], "hostexec": { "rules": [rule, other] } }));
    user.start();
    let printed = |value: Option<&str>, name: &str| {
        let mut command = user.command(&["exec", "--", "hostexec", "printenv", name]);
        command.env_remove("LOGIN").env("OTHER", "nobody's");
        value.map(|value| command.env("LOGIN", value));
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert_eq!(printed(None, "LOGIN"), "", "there is none");
    assert_eq!(printed(Some("first"), "LOGIN"), "first\n");
    assert_eq!(printed(Some("second"), "LOGIN"), "second\n");
    assert_eq!(printed(None, "LOGIN"), "second\n", "a login without one takes none away");
    assert_eq!(printed(Some("a-long-s3cret"), "LOGIN"), "[redacted]\n");
    assert_eq!(printed(None, "OTHER"), "", "no rule names it");
    // Nothing of it is written down.
    let found = std::process::Command::new("grep").args(["-rl", "a-long-s3cret"]).arg(user.state()).output().unwrap();
    assert_eq!(String::from_utf8(found.stdout).unwrap(), "");
}

/// What an agent writes into the words of a command, its own token included, is in no log.
#[test]
fn secrets_in_what_is_asked_for_are_not_logged() {
    let user = user();
    user.start();
    let secret = format!("ghp_{}", "0a1B2c3D4e".repeat(4));
    let words = format!(
        "hostexec true --token={secret} \"$HTTPS_PROXY\" \"$(echo \"$HTTPS_PROXY\" | sed 's,.*cloister:,,; s,@.*,,')\""
    );
    let asked = begin(&user, &words);
    let card = card(&user);
    assert!(card["title"].as_str().unwrap().contains(&secret), "what is shown is what runs: {card}");
    user.run(&["approve", &card["id"].to_string(), "--for", "once"]).expect(0);
    said(asked);
    user.run(&["stop"]).expect(0);
    let log = std::fs::read_to_string(user.state().join("audit/00000001.jsonl")).unwrap();
    let commands: Vec<Value> = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect();
    let argv = commands.iter().find_map(|entry| entry["what"]["host-command"]["argv"].as_array()).unwrap();
    assert_eq!(argv[..2], ["true", "--token=[redacted: by its name]"]);
    assert!(argv[2].as_str().unwrap().contains("cloister:[redacted: "), "{argv:?}");
    assert_eq!(argv[3], "[redacted: token of the sandbox]");
    assert!(!log.contains(&secret), "{log}");
    user.run(&["audit", "verify"]).expect(0);
}

/// Prometheus' configuration is printed, and what it leads to is for whoever has the token.
#[test]
fn what_is_counted_can_be_scraped() {
    let user = User::with(CONFIG);
    user.allow(&json!({ "presets": [], "allow": ["api.example.org"], "approvals": { "hold": 0 } }));
    user.start();
    user.shell(ASK).expect(0);
    user.shell(&ASK.replace("api.", "other.")).expect(0);
    let printed = user.run(&["ui", "--metrics"]).expect(0);
    let address = printed.lines().next().unwrap().trim_start_matches("# ");
    let token = std::fs::read_to_string(user.state().join("control/metrics-token")).unwrap();
    assert!(printed.contains("control/metrics-token") && !printed.contains(&token), "{printed}");
    let scrape = |bearer: &str| {
        let authorization = format!("Authorization: Bearer {bearer}");
        let curl = std::process::Command::new("curl").args(["-s", "-H", &authorization, address]).output().unwrap();
        String::from_utf8(curl.stdout).unwrap()
    };
    let text = scrape(&token);
    let name = user.listed()[0]["name"].as_str().unwrap().to_owned();
    for (metric, verdict) in [("cloister_decisions_total", "allowed"), ("cloister_decisions_total", "refused")] {
        let line = text.lines().find(|line| line.starts_with(metric) && line.contains(verdict)).unwrap();
        assert!(line.contains(&format!("sandbox=\"{name}\"")) && line.ends_with(" 1"), "{line}");
    }
    assert!(text.contains("cloister_guardian_connected 1") && text.contains("cloister_sandboxes_running 1"), "{text}");
    assert!(!text.contains("example.org"), "no host is a label: {text}");
    assert!(scrape("x").contains("log in first"));
    // Nothing of it is there for the sandbox.
    let port = address.rsplit(':').next().unwrap();
    let inside = format!(
        "curl -s -o /dev/null -w '%{{http_code}} %{{http_connect}}' --max-time 5 http://127.0.0.1:{port}; curl -s -o /dev/null -w ' %{{http_code}}' --noproxy '*' --max-time 5 http://127.0.0.1:{port}; true"
    );
    let reached = user.shell(&inside).expect(0);
    assert!(!reached.contains("200"), "{reached}");
}
