//! The audit log through its public interface, and `cloister audit` as a user runs it.
#![expect(clippy::disallowed_methods, reason = "adapter: runs the program, and a writer that is killed")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cloister::control::audit::event::{Closed, Control, Entry, Origin, Sandbox, What};
use cloister::control::audit::filter::Filter;
use cloister::control::audit::log::{Log, Sizes};
use cloister::control::audit::read::read;
use cloister::control::audit::verify::verify;

use crate::decided::decided;

/// Set in a process that is this test program again, and writes until it is killed.
const KILLED: &str = "CLOISTER_TEST_AUDIT";
/// How long a test waits for what has to happen.
const PATIENCE: Duration = Duration::from_secs(60);

fn request(event: u64, host: &str, allowed: bool) -> Entry {
    event_of(event, decided(event, host, allowed))
}

fn event_of(event: u64, what: What) -> Entry {
    let sandbox = Some(Sandbox { id: "0123456789ab".into(), name: "web".into() });
    let time = 1_790_000_000_000 + event * 1000;
    Entry { time, sandbox, origin: Some(Origin { epoch: "e1".into(), event }), what }
}

fn faults(folder: &Path) -> Vec<String> {
    verify(folder).unwrap().faults.iter().map(|fault| fault.wrong.to_string()).collect()
}

/// A user with a state folder.
struct User {
    root: tempfile::TempDir,
}

impl User {
    fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    fn folder(&self) -> PathBuf {
        self.root.path().join("state/cloister/audit")
    }

    fn log(&self) -> Log {
        Log::open(&self.folder()).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloister"));
        command.arg("audit").args(arguments).env_clear().env("HOME", self.root.path()).env("TZ", "UTC0");
        command.env("XDG_STATE_HOME", self.root.path().join("state")).stdin(Stdio::null());
        command
    }

    /// Returns exit code, standard output and standard error.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn lines(&self, arguments: &[&str]) -> Vec<String> {
        let (code, stdout, stderr) = self.run(arguments);
        assert_eq!(code, 0, "{arguments:?}");
        let is_nothing = stdout.is_empty() && stderr == "nothing in the audit log is like that\n";
        assert!(stderr.is_empty() || is_nothing, "{arguments:?}: {stderr}");
        stdout.lines().map(str::to_owned).collect()
    }
}

fn some(user: &User) {
    let closed = Closed { connection: 1, address: None, sent: 10, received: 2048, milliseconds: 1500 };
    let entries = vec![
        request(1, "api.example.com", true),
        request(2, "evil.test", false),
        event_of(3, What::Closed(closed)),
        Entry { time: 1, sandbox: None, origin: None, what: What::Control(Control::Stopped) },
    ];
    user.log().append(entries).unwrap();
}

#[test]
fn a_log_is_printed_in_the_order_of_what_happened() {
    let user = User::new();
    some(&user);
    let lines = user.lines(&["--kind", "decision", "--kind", "closed"]);
    assert_eq!(
        lines,
        [
            "2026-09-21 14:13:21  web           allowed    CONNECT api.example.com:443, rule api.example.com",
            "2026-09-21 14:13:22  web           refused    CONNECT evil.test:443, not-allowed",
            "2026-09-21 14:13:23  web           closed     api.example.com:443, 10 bytes sent, 2.0 KiB received, 1.5 s",
        ]
    );
}

#[test]
fn times_are_of_the_zone_of_who_reads_them() {
    let user = User::new();
    some(&user);
    let output = user.command(&["--kind", "closed"]).env("TZ", "XYZ-05:30").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("2026-09-21 19:43:23  "), "{text}");
}

#[test]
fn filters_choose() {
    let user = User::new();
    some(&user);
    let cases: &[(&[&str], usize)] = &[
        (&[], 5),
        (&["--sandbox", "web"], 3),
        (&["--sandbox", "other"], 0),
        (&["--host", "*.example.com"], 2),
        (&["--verdict", "refused"], 1),
        (&["--verdict", "failed"], 0),
        (&["--since", "2026-09-21T14:13:22Z", "--kind", "decision"], 1),
        (&["--since", "2026-09-21T14:13:21Z", "--until", "2026-09-21T16:13:22+02:00", "--sandbox", "web"], 2),
        (&["--until", "36500d"], 0),
        (&["--limit", "2"], 2),
        (&["-n", "0"], 0),
        (&["-n", "1", "--verdict", "allowed"], 1),
    ];
    for (arguments, count) in cases {
        assert_eq!(user.lines(arguments).len(), *count, "{arguments:?}");
    }
    assert!(user.lines(&["-n", "1"])[0].ends_with("control plane ended"), "the last ones");
}

#[test]
fn json_is_what_the_log_has() {
    let user = User::new();
    some(&user);
    let file = fs::read_to_string(user.folder().join("00000001.jsonl")).unwrap();
    assert_eq!(user.lines(&["--format", "json"]).join("\n") + "\n", file);
}

#[test]
fn what_makes_no_sense_is_a_mistake_of_the_command_line() {
    let user = User::new();
    for arguments in [
        &["--since", "yesterday"][..],
        &["--verdict", "maybe"],
        &["--kind", "everything"],
        &["--follow", "--until", "1h"],
        &["--sandbox", "web", "verify"],
        &["--limit", "-1"],
    ] {
        assert_eq!(user.run(arguments).0, 2, "{arguments:?}");
    }
}

#[test]
fn without_a_log_nothing_is_wrong() {
    let user = User::new();
    let hint = "there is no audit log yet; `cloister start` begins it\n".to_owned();
    assert_eq!(user.run(&[]), (0, String::new(), hint));
    assert_eq!(user.run(&["verify"]), (0, "there is no audit log yet\n".to_owned(), String::new()));
    assert!(!user.folder().exists(), "looking makes nothing");
}

/// Whoever removes the whole log removes the proof that there was one, but not the sandboxes that it was about.
#[test]
fn a_log_that_is_gone_is_missed_where_sandboxes_or_decisions_are() {
    for left in ["sandboxes/4afa445a1757/receipt.json", "decisions/4afa445a1757.json"] {
        let user = User::new();
        let path = user.root.path().join("state/cloister").join(left);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let (code, stdout, _) = user.run(&["verify"]);
        assert_eq!((code, stdout.as_str()), (0, "there is no audit log yet\n"), "an empty folder is none");
        fs::write(path, "{}").unwrap();
        let (code, stdout, stderr) = user.run(&["verify"]);
        assert_eq!((code, stdout.as_str()), (1, ""), "{left}");
        assert!(stderr.contains("the audit log is gone"), "{stderr}");
    }
}

#[test]
fn what_matches_nothing_says_so() {
    let user = User::new();
    drop(user.log());
    let said = (0, String::new(), "nothing in the audit log is like that\n".to_owned());
    let log = user.run(&[]).1;
    for arguments in [["--sandbox", "nobody"], ["--host", "nowhere.example.com"]] {
        assert_eq!(user.run(&arguments), said, "{log}");
    }
}

#[test]
fn verify_says_file_line_and_what() {
    let user = User::new();
    some(&user);
    assert_eq!(user.run(&["verify"]), (0, "entries 1 to 5 in 1 file whole\n".to_owned(), String::new()));
    let path = user.folder().join("00000001.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("evil.test", "good.test")).unwrap();
    let (code, stdout, stderr) = user.run(&["verify"]);
    assert_eq!((code, stdout.as_str()), (1, "entries 1 to 5 in 1 file read\n"));
    assert!(
        stderr.contains("\n  00000001.jsonl, line 3: entry 3, or what stands before it, was changed\n"),
        "{stderr}"
    );
}

#[test]
fn a_line_that_is_no_entry_is_told_and_the_others_are_printed() {
    let user = User::new();
    some(&user);
    let path = user.folder().join("00000001.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"number\":3", "\"\u{1b}[2J\":3", 1)).unwrap();
    let (code, stdout, stderr) = user.run(&[]);
    assert_eq!((code, stdout.lines().count()), (1, 4));
    assert!(
        stderr.contains("00000001.jsonl` is no entry of the log") && stderr.contains("cloister audit verify"),
        "{stderr}"
    );
}

#[test]
fn a_link_in_place_of_a_file_is_not_followed() {
    let user = User::new();
    some(&user);
    let path = user.folder().join("00000001.jsonl");
    fs::rename(&path, user.root.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(user.root.path().join("elsewhere"), &path).unwrap();
    for arguments in [&[][..], &["verify"]] {
        let (code, stdout, stderr) = user.run(arguments);
        assert_eq!((code, stdout.as_str()), (1, ""), "{arguments:?}");
        assert!(stderr.contains("hint: move `"), "{stderr}");
    }
}

/// A process that is killed when the test is over.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn following_shows_what_comes_across_files() {
    let user = User::new();
    let log = Log::open_sized(&user.folder(), Sizes { file: 3000, files: 100 }).unwrap();
    log.append(vec![request(1, "h1.test", true)]).unwrap();
    let mut follower =
        Running(user.command(&["--follow", "--kind", "decision"]).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(follower.0.stdout.take().unwrap()).lines();
    for event in 2..=60 {
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains(&format!("CONNECT h{}.test:443", event - 1)), "{line}");
        log.append(vec![request(event, &format!("h{event}.test"), true)]).unwrap();
    }
    assert!(verify(&user.folder()).unwrap().files > 3);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let user = User::new();
    user.log().append((1..=2000).map(|event| request(event, &format!("h{event}.test"), true)).collect()).unwrap();
    let mut printing = user.command(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut some = [0; 100];
    printing.stdout.take().unwrap().read_exact(&mut some).unwrap();
    let output = printing.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

/// Ten thousand a second for some seconds, in the groups in which a guardian's events come: none is lost or doubled.
#[test]
fn a_flood_is_kept_whole() {
    let user = User::new();
    let log = user.log();
    for group in 0..300_u64 {
        let events = group * 100 + 1..=group * 100 + 100;
        let kept = log.append(events.map(|event| request(event, "flood.test", event % 2 == 0)).collect()).unwrap();
        assert_eq!(kept.end - kept.start, 100);
    }
    drop(log);
    assert_eq!(faults(&user.folder()), Vec::<String>::new());
    let found = verify(&user.folder()).unwrap();
    assert_eq!(found.span, Some((1, 30_001)));
}

/// Writes one entry after the other, and says each number once it is acknowledged; never ends.
fn write_until_killed(folder: &Path) -> ! {
    let log = Log::open_sized(folder, Sizes { file: 20_000, files: 1000 }).unwrap();
    let mut event = log.last_guardian_event("e1");
    loop {
        event += 1;
        log.append(vec![request(event, &format!("h{event}.test"), true)]).unwrap();
        std::io::stdout().write_all(format!("kept {event}\n").as_bytes()).unwrap();
    }
}

#[test]
fn a_writer_that_is_killed_at_any_moment_loses_nothing_that_was_acknowledged() {
    if let Some(folder) = std::env::var_os(KILLED) {
        write_until_killed(Path::new(&folder));
    }
    let user = User::new();
    let mut acknowledged = 0;
    for round in 0..20_u64 {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let name = "audit::a_writer_that_is_killed_at_any_moment_loses_nothing_that_was_acknowledged";
        command.args(["--exact", name, "--nocapture"]).env(KILLED, user.folder());
        let mut writer = Running(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap());
        let mut said = BufReader::new(writer.0.stdout.take().unwrap());
        let begun = Instant::now();
        let mut kept = 0;
        while kept < 20 + round * 7 {
            assert!(begun.elapsed() < PATIENCE, "the writer does not write");
            kept += u64::from(number_in(&mut said).is_some());
        }
        writer.0.kill().unwrap();
        while let Some(event) = number_in(&mut said) {
            acknowledged = event;
        }
        drop(writer);
        assert_eq!(faults(&user.folder()), Vec::<String>::new(), "round {round}");
        let log = user.log();
        assert!(log.last_guardian_event("e1") >= acknowledged, "round {round}: {acknowledged} is lost");
    }
    let events: Vec<u64> =
        read(&user.folder(), Filter::default()).filter_map(|seen| Some(seen.unwrap().record.origin?.event)).collect();
    assert_eq!(events, (1..=u64::try_from(events.len()).unwrap()).collect::<Vec<_>>(), "none is lost, none is doubled");
}

/// Returns the number in the next line of a writer that has one; `None` at the end.
fn number_in(said: &mut impl BufRead) -> Option<u64> {
    loop {
        let mut line = String::new();
        if said.read_line(&mut line).ok()? == 0 {
            return None;
        }
        // The last line may be torn.
        if let Some(number) = line.strip_suffix('\n').and_then(|line| line.strip_prefix("kept ")) {
            return number.parse().ok();
        }
    }
}
