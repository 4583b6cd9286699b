//! What a repository asks for: nothing of it before a person approved its exact content, and then just that.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{User, exists, own, text};

const IMAGE: &str = "cloister-test:bookworm";
/// Asks for a host, and says what came of it.
const ASK: &str = "curl -s -o /dev/null -w '%{http_connect}' --max-time 20 https://api.example.org/ || true";

fn user(config: Value) -> User {
    let mut config = config;
    config["image"] = IMAGE.into();
    let user = User::with(&config.to_string());
    user.allow(&json!({ "presets": [] }));
    user
}

/// Waits for something, for as long as a busy machine may take.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < Duration::from_secs(40), "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn cards(user: &User) -> Vec<Value> {
    serde_json::from_str(&user.run(&["approve", "--format", "json"]).expect(0)).unwrap()
}

fn card(user: &User) -> Value {
    let card = until("the repository's request is a card", || cards(user).into_iter().next());
    assert_eq!(card["kind"], "repository");
    card
}

fn listed(user: &User) -> Vec<Value> {
    serde_json::from_str(&user.run(&["trust", "--list", "--format", "json"]).expect(0)).unwrap()
}

fn trust_all(user: &User) {
    for one in listed(user).iter().filter(|one| one["state"] != "unused") {
        user.run(&["trust", "--yes", "--digest", text(&one["digest"])]).expect(0);
    }
}

/// Puts a script into the project.
fn script(user: &User, text: &str) {
    let path = user.project.join("setup.sh");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    own(&[&path]);
}

fn ran(user: &User) -> String {
    std::fs::read_to_string(user.root.path().join("ran")).unwrap_or_default()
}

#[test]
fn a_command_for_the_host_runs_at_each_start_once_its_exact_content_is_approved() {
    let user = user(json!({ "initializeCommand": ["./setup.sh", "one two"] }));
    script(
        &user,
        "#!/bin/sh\necho \"$PWD|$1\" >> \"$HOME/ran\"\nprintf 'said \\033[31m\\n'\n[ -t 0 ] || [ -t 1 ] || true\n",
    );
    let waits = user.run(&["start", "--detach"]);
    waits.expect(0);
    let said = waits.stderr();
    assert!(said.contains("the repository asks for 1 thing; answer: cloister trust"), "{said}");
    assert_eq!(ran(&user), "", "the start goes on without it");
    let card = card(&user);
    let facts = card["facts"].to_string();
    assert!(facts.contains("one two") && facts.contains("$HOME/ran") && facts.contains("sha256:"), "{facts}");
    assert!(card["warnings"].to_string().contains("nothing of it is sealed"), "{card}");
    user.run(&["approve", &card["id"].to_string()]).expect(0);
    until("an answered card goes", || cards(&user).is_empty().then_some(()));
    assert_eq!(ran(&user), "", "not before the next start");
    let started = user.run(&["start", "--", "true"]);
    started.expect(0);
    assert!(started.stderr().contains("[initializeCommand] said "), "{}", started.stderr());
    let once = format!("{}|one two\n", user.project.display());
    assert_eq!(ran(&user), once, "in the project's folder, with its words");
    user.run(&["start", "--", "true"]).expect(0);
    assert_eq!(ran(&user), once.repeat(2), "at each start");
    let events = user.run(&["audit", "--format", "json"]).expect(0);
    let phases =
        |phase: &str| events.lines().filter(|line| line.contains("host-command") && line.contains(phase)).count();
    assert_eq!((phases("\"started\""), phases("\"ended\"")), (2, 2), "{events}");
    // One byte of the script is another request, and the old answer is none to it.
    script(&user, "#!/bin/sh\necho other >> \"$HOME/ran\"\nexit 3\n");
    user.run(&["start", "--", "true"]).expect(0);
    assert_eq!(ran(&user), once.repeat(2));
    let changed = listed(&user).into_iter().find(|one| one["state"] == "changed").expect("it asks again");
    assert!(text(&changed["was"]).contains("$PWD") && text(&changed["content"]).contains("exit 3"), "{changed}");
    let card = self::card(&user);
    assert!(card["facts"].to_string().contains("+ exit 3"), "{card}");
    user.run(&["trust", "--yes", "--digest", text(&changed["digest"])]).expect(0);
    let failed = user.run(&["start", "--rebuild", "--detach"]);
    failed.expect(1);
    assert!(failed.stderr().contains("`initializeCommand` failed with exit code 3"), "{}", failed.stderr());
    assert_eq!(user.listed().len(), 1, "what ran goes on");
    user.run(&["trust", "--revoke"]).expect(0);
    user.run(&["start", "--", "true"]).expect(0);
    user.run(&["audit", "verify"]).expect(0);
}

#[test]
fn a_text_for_a_shell_ends_with_ctrl_c_and_everything_that_it_started() {
    let user =
        user(json!({ "initializeCommand": "echo $$ > \"$HOME/pid\"; sleep 600 & echo $! >> \"$HOME/pid\"; wait" }));
    trust_all(&user);
    let started = user.command(&["start", "--detach"]).stderr(Stdio::piped()).spawn().unwrap();
    let path = user.root.path().join("pid");
    let pids = until("it runs", || {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        (text.lines().count() == 2).then(|| text.lines().map(str::to_owned).collect::<Vec<_>>())
    });
    Command::new("kill").args(["-INT", &started.id().to_string()]).status().unwrap();
    assert_eq!(started.wait_with_output().unwrap().status.code(), Some(130));
    for pid in pids {
        assert!(!exists(&PathBuf::from(format!("/proc/{pid}"))), "{pid} is gone");
    }
    assert!(user.listed().is_empty());
}

#[test]
fn hosts_of_a_repository_are_open_for_as_long_as_exactly_they_are_approved() {
    let user = user(json!({ "customizations": { "cloister": { "allow": ["api.example.org", "gist.example.org"] } } }));
    user.allow(&json!({ "presets": [], "deny": ["gist.example.org"] }));
    user.start();
    assert_eq!(user.shell(ASK).expect(0), "403");
    let card = card(&user);
    let said = card["choices"].to_string();
    assert!(said.contains("then, to have it: cloister start\""), "{said}");
    user.run(&["approve", &card["id"].to_string()]).expect(0);
    assert_eq!(user.shell(ASK).expect(0), "403", "not before the next start");
    user.run(&["start", "--", "true"]).expect(0);
    assert_ne!(user.shell(ASK).expect(0), "403");
    assert_eq!(user.shell(&ASK.replace("api", "gist")).expect(0), "403", "deny wins");
    let why = user.run(&["why", "api.example.org"]).expect(0);
    assert!(why.contains("is allowed") && why.contains("asked by the repository, approved as sha256:"), "{why}");
    let shown = user.run(&["config", "show"]).expect(0);
    assert!(shown.contains("asked by the repository"), "{shown}");
    // Whatever is killed and comes again, it stays open; and what is taken back is closed at once.
    user.run(&["guardian", "reload"]).expect(0);
    assert_ne!(user.shell(ASK).expect(0), "403");
    user.run(&["trust", "--revoke", "--kind", "domains"]).expect(0);
    until("what is taken back is closed", || (user.shell(ASK).expect(0) == "403").then_some(()));
    assert!(user.run(&["why", "api.example.org"]).expect(0).contains("is refused"));
}

#[test]
fn what_changes_while_a_card_is_open_is_not_what_an_answer_is_for() {
    let asks =
        |host: &str| json!({ "image": IMAGE, "customizations": { "cloister": { "allow": [host] } } }).to_string();
    let user = user(json!({ "customizations": { "cloister": { "allow": ["api.example.org"] } } }));
    user.start();
    let shown = card(&user);
    user.configure(&asks("evil.example.org"));
    let answered = user.run(&["approve", &shown["id"].to_string()]);
    answered.expect(1);
    until("a card that is not true any more goes", || cards(&user).is_empty().then_some(()));
    assert!(listed(&user).iter().all(|one| one["state"] == "pending"), "{:?}", listed(&user));
    // Back again: an answer to the earlier card is none still.
    user.configure(&asks("api.example.org"));
    user.run(&["approve", &shown["id"].to_string()]).expect(1);
    user.run(&["start", "--", "true"]).expect(0);
    let again = card(&user);
    assert_ne!(again["id"], shown["id"]);
    user.run(&["deny", &again["id"].to_string()]).expect(0);
    user.run(&["start", "--", "true"]).expect(0);
    assert_eq!(listed(&user)[0]["state"], "denied");
    std::thread::sleep(Duration::from_secs(3));
    assert!(cards(&user).is_empty(), "a no is not asked again");
    user.configure(&asks("evil.example.org"));
    let started = user.run(&["start", "--", "true"]);
    assert!(started.stderr().contains("asks for 1 thing"), "but what is another request is");
    card(&user);
    user.run(&["stop"]).expect(0);
    until("the cards of a sandbox go with it", || {
        let left = user.run(&["approve", "--format", "json"]);
        (left.0.status.code() != Some(0) || left.stdout().trim() == "[]").then_some(())
    });
}

#[test]
fn a_mount_of_a_repository_is_read_only_and_never_what_holds_secrets() {
    let user = user(json!({}));
    let home = user.root.path().canonicalize().unwrap();
    for folder in ["data", ".ssh", "other"] {
        std::fs::create_dir(home.join(folder)).unwrap();
    }
    std::fs::write(home.join("data/file"), "content").unwrap();
    std::os::unix::fs::symlink(home.join(".ssh"), home.join("link")).unwrap();
    let mount = |source: &str, target: &str| json!({ "source": source, "target": target });
    let mounts = [
        mount("~/data", "/data"),
        mount("~/.ssh", "/keys"),
        mount("~/link", "/link"),
        mount("~/data/../.ssh", "/up"),
        mount("/var/run/docker.sock", "/sock"),
        mount("~", "/home-of-mine"),
        mount("~/other", "/etc"),
    ];
    let config = json!({ "image": IMAGE, "customizations": { "cloister": { "mounts": mounts } } });
    user.configure(&config.to_string());
    let requests = listed(&user);
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert!(text(&requests[0]["content"]).starts_with(&format!("{}/data", home.display())), "{requests:?}");
    user.start();
    user.shell("test ! -e /data").expect(0);
    trust_all(&user);
    let inside = user.run(&[
        "start",
        "--rebuild",
        "--",
        "sh",
        "-c",
        "cat /data/file; touch /data/new; ls /keys /link /up /sock",
    ]);
    assert_eq!(inside.stdout(), "content", "{}", inside.stderr());
    assert!(inside.stderr().contains("Read-only file system"), "{}", inside.stderr());
    assert!(!exists(&home.join("data/new")));
    // What is there instead of it by now is not what was approved.
    std::fs::rename(home.join("data"), home.join("moved")).unwrap();
    std::os::unix::fs::symlink(home.join(".ssh"), home.join("data")).unwrap();
    user.run(&["start", "--rebuild", "--", "test", "!", "-e", "/data"]).expect(0);
}

#[test]
fn a_build_that_waits_is_a_card_although_nothing_runs() {
    let user = User::with(r#"{ "build": { "dockerfile": "Dockerfile" } }"#);
    let dockerfile = user.project.join(".devcontainer/Dockerfile");
    std::fs::write(&dockerfile, "FROM registry.example.org/base\n").unwrap();
    own(&[&dockerfile]);
    user.run(&["start", "--detach"]).expect(3);
    let card = card(&user);
    assert!(card["facts"].to_string().contains("FROM registry.example.org/base"), "{card}");
    user.run(&["approve", &card["id"].to_string()]).expect(0);
    assert_eq!(listed(&user)[0]["state"], "approved");
}
