//! A pull that takes git on this machine its time: nobody else waits for it, and nothing of it outlives it.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::super::{Ran, User};
use super::{git, own, user};
use crate::bomb;

/// Objects that take git about a quarter of a minute.
const OBJECTS: u32 = 400;

/// A user whose sandbox has a git that sends what takes long.
fn slow_user() -> User {
    let user = user();
    user.configure(
        r#"{ "image": "debian:bookworm", "remoteEnv": { "PATH": "/tmp/bin:/usr/local/bin:/usr/bin:/bin" } }"#,
    );
    user.run(&["start", "--clone", "--detach"]).expect(0);
    let known = git(&user.project, &["rev-parse", "main"]);
    let bundle =
        [format!("# v2 git bundle\n{} refs/heads/main\n\n", known.trim()).as_bytes(), &bomb::pack(OBJECTS)].concat();
    let mut writing =
        user.command(&["exec", "--", "sh", "-c", "cat > /tmp/bundle"]).stdin(Stdio::piped()).spawn().unwrap();
    writing.stdin.take().unwrap().write_all(&bundle).unwrap();
    assert!(writing.wait().unwrap().success());
    user.shell(
        "git commit -q --allow-empty -m new; mkdir /tmp/bin; cat > /tmp/bin/git <<'EOF'\n#!/bin/sh\nfor word; do test \"$word\" != bundle || \
         { cat /tmp/bundle; exit; }; done\nPATH=/usr/bin exec git \"$@\"\nEOF\nchmod +x /tmp/bin/git",
    )
    .expect(0);
    user
}

/// Returns the processes of git that work on what came for a project.
fn indexing(project: &Path) -> Vec<u32> {
    let project = project.join(".git").display().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let words = String::from_utf8_lossy(&std::fs::read(entry.path().join("cmdline")).ok()?).into_owned();
        let is_it = words.contains(&project) && words.contains("index-pack");
        is_it.then(|| entry.file_name().to_str()?.parse().ok())?
    });
    processes.collect()
}

/// Pulls, and returns once git is at work.
fn pull(user: &User) -> Child {
    let mut child = user.command(&["pull"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while indexing(&user.project).is_empty() {
        if child.try_wait().unwrap().is_some() {
            panic!("it ended before its time: {}", Ran(child.wait_with_output().unwrap()).stderr());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

fn left(user: &User) -> usize {
    let entries = std::fs::read_dir(user.project.join(".git/objects")).unwrap().flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("tmp_objdir")).count()
}

#[test]
fn others_do_not_wait_for_a_pull_and_an_agent_does_not_get_the_repository_meanwhile() {
    let user = slow_user();
    let other = user.another("other");
    let inner = user.project.join("inner");
    std::fs::create_dir(&inner).unwrap();
    let copied = Command::new("cp").args(["-r", ".git", "file", "inner"]).current_dir(&user.project).status().unwrap();
    assert!(copied.success());
    own(&user, &inner);
    let pulling = pull(&user);
    let mut agent = user.command(&["start", "--detach"]).current_dir(&inner).stderr(Stdio::piped()).spawn().unwrap();
    let run = |arguments: &[&str]| Ran(user.command(arguments).current_dir(&other).output().unwrap());
    run(&["start", "--detach"]).expect(0);
    assert_eq!(run(&["exec", "--", "echo", "works"]).expect(0), "works\n");
    run(&["stop"]).expect(0);
    assert!(agent.try_wait().unwrap().is_none(), "the agent got the repository that git is in");
    assert!(!user.listed().iter().any(|one| one["workspace"] == inner.to_str().unwrap()));
    assert_eq!(indexing(&user.project).len(), 1, "git was done before the other sandbox was: more objects are needed");
    let pulled = Ran(pulling.wait_with_output().unwrap());
    assert!(pulled.expect(0).starts_with("refs/cloister/project/main  "));
    let agent = Ran(agent.wait_with_output().unwrap());
    agent.expect(0);
    assert!(agent.stderr().contains("waiting for another cloister, whose git works in"), "{}", agent.stderr());
}

#[test]
fn git_ends_with_the_pull_and_the_next_one_removes_what_is_left() {
    let user = slow_user();
    for (signal, code, remains) in [(Signal::INT, Some(130), 0), (Signal::KILL, None, 1)] {
        let mut pulling = pull(&user);
        let process = Pid::from_raw(i32::try_from(pulling.id()).unwrap()).unwrap();
        rustix::process::kill_process(process, signal).unwrap();
        assert_eq!(pulling.wait().unwrap().code(), code);
        let begin = Instant::now();
        while !indexing(&user.project).is_empty() {
            assert!(begin.elapsed() < Duration::from_secs(5), "git goes on after {signal:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(left(&user), remains, "{signal:?}");
    }
    user.shell("rm /tmp/bin/git; git commit -q --allow-empty -m real").expect(0);
    user.run(&["pull"]).expect(0);
    assert_eq!(left(&user), 0);
    git(&user.project, &["fsck", "--strict"]);
}
