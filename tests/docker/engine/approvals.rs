//! A person in the loop: what nobody listed waits, an answer lets it go on, and everything is written down.

mod agent;
mod facts;
mod live;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{User, exists, guardian};

const CONFIG: &str = r#"{ "image": "cloister-test:bookworm" }"#;
/// Asks for a host, and says what came of it: a host that has no address is as good as one that has.
const ASK: &str = "curl -s -o /dev/null -w '%{http_connect}' --max-time 50 https://api.example.org/ || true";

/// A user whom requests wait for.
fn user() -> User {
    let user = User::with(CONFIG);
    user.allow(&json!({ "presets": [], "approvals": { "hold": "45s" } }));
    user
}

/// Standard input stays open for as long as the child is: a shell would end without it.
pub(super) fn begin(user: &User, script: &str) -> Child {
    let mut command = user.command(&["exec", "--", "sh", "-c", script]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

pub(super) fn cards(user: &User) -> Vec<Value> {
    serde_json::from_str(&user.run(&["approve", "--format", "json"]).expect(0)).unwrap()
}

/// Waits for something, for as long as a busy machine may take.
pub(super) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < Duration::from_secs(40), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn card(user: &User) -> Value {
    until("something waits", || cards(user).into_iter().next())
}

fn said(child: Child) -> String {
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

pub(super) fn audit(user: &User) -> Vec<Value> {
    let text = user.run(&["audit", "--format", "json"]).expect(0);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Asks the control plane for its process; `None` where none lives.
pub(super) fn plane(user: &User) -> Option<i32> {
    let mut stream = UnixStream::connect(user.state().join("control/socket")).ok()?;
    stream.write_all(b"\"hello\"\n").ok()?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).ok()?;
    let answer: Value = serde_json::from_str(&answer).ok()?;
    answer["welcome"]["process"].as_i64()?.try_into().ok()
}

/// Kills the control plane, where one lives.
fn kill(user: &User) {
    if let Some(process) = plane(user) {
        let process = rustix::process::Pid::from_raw(process).unwrap();
        let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
    }
}

#[test]
fn what_nobody_listed_waits_and_an_answer_lets_it_go_on() {
    let user = user();
    user.start();
    let all: Vec<Child> = (0..3).map(|_| begin(&user, ASK)).collect();
    let card = until("all of them wait for one answer", || {
        let cards = cards(&user);
        assert!(cards.len() < 2, "one card for one host: {cards:?}");
        cards.into_iter().next().filter(|card| card["waiting"] == 3)
    });
    assert_eq!((&card["title"], &card["kind"]), (&"api.example.org:443".into(), &"host".into()));
    assert_eq!(card["subject"]["folder"], user.project.to_str().unwrap());
    user.run(&["approve", &card["id"].to_string()]).expect(0);
    for one in all {
        assert_ne!(said(one), "403", "it went on to where the name leads");
    }
    assert!(cards(&user).is_empty());
    assert_ne!(user.shell(ASK).expect(0), "403", "until the sandbox stops");
    let why = user.run(&["why", "api.example.org"]).expect(0);
    assert!(why.contains("is allowed") && why.contains("decision"), "{why}");
    // What was decided goes with the sandbox.
    user.run(&["stop"]).expect(0);
    user.start();
    let again = begin(&user, ASK);
    let card = self::card(&user);
    user.run(&["deny", &card["id"].to_string(), "--for", "once"]).expect(0);
    assert_eq!(said(again), "403");
    assert_eq!(user.shell(ASK).expect(0), "403", "nobody is asked again at once");
    assert!(cards(&user).is_empty());
    user.run(&["audit", "verify"]).expect(0);
}

#[test]
fn an_answer_is_for_what_was_shown_and_can_be_taken_back() {
    let user = user();
    user.start();
    let waiting = begin(&user, ASK);
    let id = card(&user)["id"].to_string();
    let refused = user.run(&["approve", &id, "--for", "global", "--wildcard", "*.org"]);
    refused.expect(1);
    assert!(refused.stderr().contains("this is no answer"), "{}", refused.stderr());
    let refused = user.run(&["approve", &id, "--for", "project", "--wildcard", "*.example.org"]);
    refused.expect(1);
    assert!(refused.stderr().contains("--confirm"), "{}", refused.stderr());
    let unknown = user.run(&["approve", "77"]);
    unknown.expect(1);
    assert!(unknown.stderr().contains("answered or has expired already"), "{}", unknown.stderr());
    let listed = user.run(&["approve"]);
    listed.expect(0);
    assert!(
        listed.stderr().ends_with(&format!("  cloister approve {id} --for session\n  cloister deny {id}\n")),
        "{}",
        listed.stderr()
    );
    let answered = user.run(&["approve", &id, "--for", "project"]);
    answered.expect(0);
    assert!(
        answered.stderr().contains("until you undo it; to take it back: cloister decisions undo "),
        "{}",
        answered.stderr()
    );
    let empty = user.run(&["approve"]);
    assert_eq!((empty.expect(0), empty.stderr().as_str()), (String::new(), "nothing waits for an answer\n"));
    assert_ne!(said(waiting), "403");
    let decided: Vec<Value> =
        serde_json::from_str(&user.run(&["decisions", "list", "--format", "json"]).expect(0)).unwrap();
    assert_eq!(decided.len(), 1, "{decided:?}");
    user.run(&["decisions", "undo", decided[0]["id"].as_str().unwrap()]).expect(0);
    let asked = begin(&user, ASK);
    let id = card(&user)["id"].to_string();
    user.run(&["deny", &id]).expect(0);
    assert_eq!(said(asked), "403");
}

/// Neither a decision nor an event is lost with the control plane, and nothing opens while it is away.
#[test]
fn a_control_plane_that_is_killed_loses_nothing() {
    let user = user();
    user.start();
    let waiting = begin(&user, ASK);
    user.run(&["approve", &card(&user)["id"].to_string(), "--for", "1h"]).expect(0);
    said(waiting);
    for _ in 0..5 {
        kill(&user);
        assert_ne!(user.shell(ASK).expect(0), "403", "what was decided counts still");
    }
    user.run(&["audit", "verify"]).expect(0);
    let decisions: Vec<u64> = audit(&user)
        .iter()
        .filter(|one| !one["what"]["decision"].is_null())
        .map(|one| one["origin"]["event"].as_u64().unwrap())
        .collect();
    let distinct: std::collections::BTreeSet<u64> = decisions.iter().copied().collect();
    assert_eq!(decisions.len(), distinct.len(), "no event is kept twice");
    assert_eq!(decisions.len(), 6, "nor is one lost");
}

/// Sandboxes that lost their guardian get one again, which allows what it is told to and nothing before that.
#[test]
fn a_guardian_that_is_killed_comes_back_with_the_policy() {
    let user = User::with(CONFIG);
    user.allow(&json!({ "presets": [], "allow": ["api.example.org"], "approvals": { "hold": 0 } }));
    user.start();
    assert_ne!(user.shell(ASK).expect(0), "403");
    let name = guardian(&user);
    for verb in [&["kill"][..], &["rm", "-f"]] {
        assert!(Command::new("docker").args(verb).arg(&name).output().unwrap().status.success());
        until("another guardian runs", || {
            let status = user.run(&["guardian", "status", "--format", "json"]);
            let status: Value = serde_json::from_str(&status.stdout()).ok()?;
            (status["status"]["sandboxes"].as_array()?.len() == 1).then_some(())
        });
        assert_ne!(user.shell(ASK).expect(0), "403");
        assert_eq!(user.shell(&ASK.replace("api.", "other.")).expect(0), "403");
    }
    user.run(&["audit", "verify"]).expect(0);
}

#[test]
fn a_policy_that_is_saved_is_in_force_and_a_broken_one_changes_nothing() {
    let user = User::with(CONFIG);
    user.start();
    assert_eq!(user.shell(ASK).expect(0), "403");
    user.allow(&json!({ "allow": ["api.example.org"] }));
    until("it is in force", || (user.shell(ASK).expect(0) != "403").then_some(()));
    let file = user.root.path().join("CONFIG/cloister/config.json5");
    std::fs::write(&file, "{ allow: [").unwrap();
    // It is told of to whoever looks, with its place.
    let told = |user: &User| {
        let status = user.run(&["guardian", "status"]);
        status.expect(0);
        let stderr = status.stderr();
        (stderr.contains("config.json5:1:") && stderr.contains("the policy stays as it was")).then_some(())
    };
    until("it is told", || told(&user));
    assert!(user.run(&["approve"]).stderr().contains("config.json5:1:"));
    std::thread::sleep(Duration::from_millis(2500));
    let noted =
        audit(&user).into_iter().filter(|one| one["what"]["diagnostic"].to_string().contains("config.json5:1:"));
    assert_eq!(noted.count(), 1, "once for each mistake");
    // One that `reload` comes upon first is told of as well.
    std::fs::write(&file, "{ deny: [").unwrap();
    user.run(&["guardian", "reload"]).expect(3);
    let both =
        || audit(&user).iter().filter(|one| one["what"]["diagnostic"].to_string().contains("config.json5:1:")).count();
    until("both are written down", || (both() == 2).then_some(()));
    user.allow(&json!({ "allow": ["api.example.org"] }));
    assert_ne!(user.shell(ASK).expect(0), "403");
    until("it is told of no more", || told(&user).is_none().then_some(()));
}

/// A stop is what cuts everything off at once: nothing but the user's own word takes it back.
#[test]
fn a_guardian_that_was_stopped_stays_so_until_somebody_starts_it() {
    let user = User::with(CONFIG);
    user.allow(&json!({ "presets": [], "allow": ["api.example.org"], "approvals": { "hold": 0 } }));
    user.start();
    assert_ne!(user.shell(ASK).expect(0), "000");
    user.run(&["guardian", "stop"]).expect(0);
    for kills in [false, true] {
        if kills {
            kill(&user);
        }
        let asked = user.run(&["exec", "--", "sh", "-c", ASK]);
        assert_eq!(asked.expect(0), "000", "nothing is reached");
        assert!(asked.stderr().contains("cloister guardian start"), "{}", asked.stderr());
        user.allow(&json!({ "presets": [], "allow": ["api.example.org"], "approvals": { "hold": 0 } }));
        user.run(&["guardian", "reload"]).expect(0);
        // As long as the control plane takes to make another one for sandboxes that lost theirs.
        std::thread::sleep(Duration::from_millis(3500));
        assert_eq!(user.run(&["guardian", "status"]).expect(0), "the guardian does not run\n");
    }
    for words in [&["guardian", "start"][..], &["start", "--detach"]] {
        user.run(&["guardian", "stop"]).expect(0);
        user.run(words).expect(0);
        let asked = user.run(&["exec", "--", "sh", "-c", ASK]);
        assert!(!["000", "403"].contains(&asked.expect(0).as_str()), "{words:?}");
        assert!(!asked.stderr().contains("guardian start"), "{}", asked.stderr());
    }
}

/// Whoever works in a sandbox keeps the control plane alive; a number that was read is never another question.
#[test]
fn a_shell_that_is_open_has_a_control_plane_and_numbers_go_on() {
    let user = user();
    user.start();
    let waiting = begin(&user, ASK);
    let first = card(&user)["id"].as_u64().unwrap();
    user.run(&["deny", &first.to_string(), "--for", "once"]).expect(0);
    said(waiting);
    let mut shell = begin(&user, "read -r line; true");
    let before = until("it lives", || plane(&user));
    kill(&user);
    let after = until("another one lives", || plane(&user).filter(|process| *process != before));
    assert_ne!(before, after);
    let other = begin(&user, &ASK.replace("api.", "other."));
    let second = card(&user)["id"].as_u64().unwrap();
    assert!(second > first, "{second} after {first}");
    user.run(&["approve", &first.to_string()]).expect(1);
    user.run(&["deny", &second.to_string()]).expect(0);
    assert_eq!(said(other), "403");
    let _ = shell.kill();
    let _ = shell.wait();
}

/// One control plane for one state folder, gone with the last sandbox.
#[test]
fn the_control_plane_lives_as_long_as_there_are_sandboxes() {
    let user = User::with(CONFIG);
    user.start();
    let first = until("it lives", || plane(&user));
    user.shell("true").expect(0);
    assert_eq!(plane(&user), Some(first), "the same");
    user.run(&["stop"]).expect(0);
    // Whoever asks it keeps it: looking must not.
    until("it is gone", || (!exists(&user.state().join("control/socket"))).then_some(()));
    assert_eq!(plane(&user), None);
    let nothing = user.run(&["approve"]);
    nothing.expect(1);
    assert!(nothing.stderr().contains("no sandbox runs"), "{}", nothing.stderr());
}

/// An agent has the user's machine do something: what is shown is what runs, once somebody said so.
#[test]
fn a_command_of_the_host_runs_once_somebody_said_so() {
    let user = user();
    user.start();
    let asked = begin(&user, "hostexec uname -s 2>&1; echo $?");
    let card = self::card(&user);
    assert_eq!((&card["kind"], &card["title"]), (&"host-command".into(), &r#""uname" "-s""#.into()));
    let facts = card["facts"].to_string();
    assert!(facts.contains("/uname") && facts.contains("sha256") && facts.contains("PATH"), "{facts}");
    user.run(&["approve", &card["id"].to_string(), "--for", "once"]).expect(0);
    let told = said(asked);
    assert!(told.contains("up to 10 minutes for an answer") && told.ends_with("Linux\n0\n"), "{told}");
    let asked = begin(&user, "hostexec sh -c 'echo $HOME; exit 7'; echo $?");
    let card = self::card(&user);
    assert!(!card["warnings"].as_array().unwrap().is_empty(), "a shell is told of: {card}");
    user.run(&["deny", &card["id"].to_string(), "--for", "once"]).expect(0);
    assert_eq!(said(asked), "3\n");
    let told = user.shell("hostexec sh -c 'echo $HOME; exit 7' 2>&1; true").expect(0);
    assert!(told.contains("hostexec") && !told.contains("for an answer"), "it is refused, and nobody is asked: {told}");
    // Whoever asked and went away asks no more.
    let asked = begin(&user, "timeout -s KILL 2 hostexec uname -r; true");
    self::card(&user);
    said(asked);
    until("nobody is asked any more", || cards(&user).is_empty().then_some(()));
    // Ahead of a connection, with a reason.
    let asked = begin(&user, "cloister-hostexec request-domain api.example.org --reason 'the docs'; echo $?");
    let card = self::card(&user);
    assert!(card["facts"].to_string().contains("the docs"), "{card}");
    user.run(&["approve", &card["id"].to_string()]).expect(0);
    assert!(said(asked).ends_with("0\n"));
    assert_ne!(user.shell(ASK).expect(0), "403");
    let phases: Vec<String> = audit(&user)
        .iter()
        .map(|one| &one["what"]["host-command"]["phase"])
        .filter_map(|phase| {
            phase.as_str().map_or_else(|| phase.as_object()?.keys().next().cloned(), |word| Some(word.to_owned()))
        })
        .collect();
    assert_eq!(phases, ["asked", "started", "ended", "asked", "refused", "asked", "refused", "asked", "refused"]);
    user.run(&["audit", "verify"]).expect(0);
}

/// HX-035: what is kept is the digest of everything that was shown; one changed word, folder or byte is asked for again.
#[test]
fn a_command_that_is_allowed_for_the_project_runs_again_and_no_other_does() {
    let user = user();
    let tool = user.root.path().canonicalize().unwrap().join("tools/greet");
    let write = |text: &str| {
        std::fs::create_dir_all(tool.parent().unwrap()).unwrap();
        std::fs::write(&tool, text).unwrap();
        std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    write("#!/bin/sh\necho good $1\n");
    user.allow(&json!({
        "presets": [],
        "approvals": { "hold": "45s" },
        "hostexec": { "path": [tool.parent().unwrap().to_str().unwrap(), "/usr/bin", "/bin"] },
    }));
    user.start();
    let asked = begin(&user, "hostexec greet you");
    user.run(&["approve", &card(&user)["id"].to_string(), "--for", "project"]).expect(0);
    assert_eq!(said(asked), "good you\n");
    kill(&user);
    assert_eq!(user.shell("hostexec greet you").expect(0), "good you\n", "nobody is asked, after a restart neither");
    for other in ["hostexec greet me", "mkdir -p in; cd in; hostexec greet you", "echo | hostexec --stdin greet you"] {
        let asked = begin(&user, &format!("{other}; echo $?"));
        user.run(&["deny", &card(&user)["id"].to_string(), "--for", "once"]).expect(0);
        assert_eq!(said(asked), "3\n", "{other}");
    }
    write("#!/bin/sh\necho evil $1\n");
    let asked = begin(&user, "hostexec greet you; echo $?");
    user.run(&["deny", &card(&user)["id"].to_string(), "--for", "once"]).expect(0);
    assert_eq!(said(asked), "3\n");
}

/// What nobody could look up later does not happen, whatever a rule says.
#[test]
fn where_nothing_can_be_written_down_no_command_runs() {
    let user = User::with(CONFIG);
    let rule = json!({ "argv": ["uname", "-s"], "effect": "auto" });
    user.allow(&json!({ "presets": [], "hostexec": { "rules": [rule] }, "approvals": { "hold": "45s" } }));
    user.start();
    assert_eq!(user.shell("hostexec uname -s").expect(0), "Linux\n");
    let file = user.state().join("audit/00000001.jsonl");
    let mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    kill(&user);
    mode(0o644);
    for asked in ["hostexec uname -s", "hostexec date", "cloister-hostexec request-domain api.example.org"] {
        let refused = user.shell(asked);
        assert_ne!(refused.0.status.code(), Some(0), "{asked}");
        assert!(refused.stderr().contains("the audit log cannot be written"), "{asked}: {}", refused.stderr());
    }
    assert!(cards(&user).is_empty());
    mode(0o600);
    until("it goes on", || (user.shell("hostexec uname -s").stdout() == "Linux\n").then_some(()));
    user.run(&["audit", "verify"]).expect(0);
}
