//! `stop` and `shutdown` do their work whatever runs inside, whatever another cloister waits for, and on a full disk.

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{Ran, User, exists, inspect, text};

/// A command that no polite signal ends.
const DEAF: &str = r#"{ "image": "debian:bookworm", "postStartCommand": "trap '' INT TERM HUP; touch deaf; while :; do sleep 1; done" }"#;

/// Starts the sandbox and returns once its command runs, which it does for ever.
fn deaf(user: &User) -> Child {
    let mut start = user.command(&["start", "--detach"]);
    let child = start.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for(&user.project.join("deaf"));
    child
}

fn wait_for(path: &std::path::Path) {
    let begin = Instant::now();
    while !exists(path) {
        assert!(begin.elapsed() < Duration::from_secs(60), "{path:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn ended(child: Child) -> Ran {
    Ran(child.wait_with_output().unwrap())
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), signal).unwrap();
}

/// Runs cloister where no file can be written, as on a full disk.
fn run_full(user: &User, arguments: &[&str]) -> Ran {
    let cloister = user.command(arguments);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""]).arg(cloister.get_program());
    command.args(cloister.get_args()).current_dir(&user.project);
    command.envs(cloister.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output: Output = command.output().unwrap();
    Ran(output)
}

#[test]
fn a_command_that_never_ends_holds_up_neither_stop_nor_shutdown() {
    let user = User::with(DEAF);
    for word in ["stop", "shutdown"] {
        let start = deaf(&user);
        let begin = Instant::now();
        let stopped = user.run(&[word]);
        stopped.expect(0);
        assert!(begin.elapsed() < Duration::from_secs(20), "{word}: {:?}", begin.elapsed());
        assert!(stopped.stderr().contains("`project` stopped"), "{}", stopped.stderr());
        let start = ended(start);
        start.expect(1);
        assert!(start.stderr().contains("cloister: `project` was stopped\n"), "{}", start.stderr());
        assert!(user.listed().is_empty());
        std::fs::remove_file(user.project.join("deaf")).unwrap();
    }
}

#[test]
fn a_sandbox_is_made_anew_whatever_command_never_ends_in_it() {
    let user = User::with(DEAF);
    let first = deaf(&user);
    user.configure(r#"{ "image": "debian:bookworm" }"#);
    user.run(&["start", "--rebuild", "--", "true"]).expect(0);
    let first = ended(first);
    first.expect(1);
    assert!(first.stderr().contains("cloister: `project` was stopped\n"), "{}", first.stderr());
    user.run(&["exec", "--", "true"]).expect(0);
}

/// Before the container is there, while it is made, and while it is measured.
#[test]
fn a_stop_at_any_time_of_a_start_ends_it() {
    let user = User::with(DEAF);
    let start = deaf(&user);
    user.run(&["stop"]).expect(0);
    ended(start).expect(1);
    for delay in [250, 450, 650, 850] {
        let mut start = user.command(&["start", "--detach"]);
        let mut start = start.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        user.run(&["stop"]).expect(0);
        // One that had not begun its work when the first `stop` ended is ended by the next.
        while start.try_wait().unwrap().is_none() {
            user.run(&["stop"]).expect(0);
        }
        ended(start).expect(1);
        assert!(user.listed().is_empty());
    }
}

#[test]
fn whoever_waits_for_another_cloister_says_so_once() {
    let user = User::with(DEAF);
    let start = deaf(&user);
    let mut second = user.command(&["start", "--detach"]);
    let second = second.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(3));
    signal(&second, Signal::TERM);
    let second = ended(second);
    let said = "waiting for another cloister that works on `project`";
    assert_eq!(second.stderr().matches(said).count(), 1, "{}", second.stderr());
    user.run(&["stop"]).expect(0);
    ended(start).expect(1);
}

#[test]
fn a_second_interrupt_ends_a_command_that_ignores_the_first() {
    let user = User::with(DEAF);
    for (first, second) in [(Signal::INT, Signal::INT), (Signal::TERM, Signal::INT)] {
        let start = deaf(&user);
        signal(&start, first);
        std::thread::sleep(Duration::from_millis(700));
        signal(&start, second);
        let start = ended(start);
        start.expect(130);
        let stderr = start.stderr();
        assert!(stderr.contains("postStartCommand was killed") && stderr.contains("hint: "), "{stderr}");
        assert_eq!(user.shell("grep -l '^sleep' /proc/[0-9]*/comm").stdout(), "", "it does not go on inside");
        std::fs::remove_file(user.project.join("deaf")).unwrap();
    }
}

/// cloister itself is held while the command ends and Ctrl-C comes, so that it learns of both at once.
#[test]
fn an_interrupt_between_two_commands_is_not_lost() {
    let user = User::with(
        r#"{ "image": "debian:bookworm", "onCreateCommand": "touch began; sleep 1; touch ended", "postStartCommand": "touch second" }"#,
    );
    let mut start = user.command(&["start", "--", "touch", "third"]);
    let start = start.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for(&user.project.join("began"));
    signal(&start, Signal::STOP);
    wait_for(&user.project.join("ended"));
    std::thread::sleep(Duration::from_millis(300));
    signal(&start, Signal::INT);
    signal(&start, Signal::CONT);
    let start = ended(start);
    start.expect(130);
    assert!(start.stderr().contains("interrupted before postStartCommand ran"), "{}", start.stderr());
    assert!(!exists(&user.project.join("second")) && !exists(&user.project.join("third")));
    user.run(&["start", "--", "ls", "second"]).expect(0);
}

#[test]
fn a_command_that_ends_with_its_sandbox_says_why() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    let name = text(&user.start()["container"]).to_owned();
    let docker = |words: &[&str]| assert!(Command::new("docker").args(words).output().unwrap().status.success());
    let ends: [&dyn Fn(); 3] =
        [&|| drop(user.run(&["stop"]).expect(0)), &|| docker(&["kill", &name]), &|| docker(&["rm", "-f", &name])];
    for end in ends {
        user.start();
        let began = user.project.join("began");
        let mut command = user.command(&["exec", "--", "sh", "-c", "touch began; sleep 600"]);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        wait_for(&began);
        std::fs::remove_file(began).unwrap();
        end();
        let command = ended(command);
        command.expect(137);
        let stderr = command.stderr();
        assert!(stderr.contains("`project` was stopped") && stderr.contains("hint: make it anew"), "{stderr}");
    }
}

#[test]
fn an_interrupt_while_waiting_ends_at_once() {
    let user = User::with(DEAF);
    let start = deaf(&user);
    let mut second = user.command(&["start", "--detach"]);
    let second = second.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1800));
    signal(&second, Signal::INT);
    let begin = Instant::now();
    let second = ended(second);
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    second.expect(130);
    assert!(second.stderr().contains("waiting for another cloister that works on `project`"), "{}", second.stderr());
    user.run(&["stop"]).expect(0);
    ended(start).expect(1);
}

#[test]
fn a_full_disk_keeps_nothing_running() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    for word in ["stop", "shutdown"] {
        let listed = user.start();
        let name = text(&listed["container"]);
        assert_eq!(run_full(&user, &["exec", "--", "echo", "works"]).expect(0), "works\n");
        let stopped = run_full(&user, &[word]);
        stopped.expect(1);
        assert!(stopped.stderr().contains("receipt.json`: File too large"), "{}", stopped.stderr());
        assert!(inspect("container", name).is_none() && inspect("network", name).is_none(), "{word}");
        let guardian = inspect("container", &super::guardian(&user));
        assert_eq!(guardian.is_none(), word == "shutdown");
        assert!(user.listed().is_empty());
    }
}
