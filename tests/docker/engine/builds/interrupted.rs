//! Cleaning up behind an interrupted start may have to wait for others: a second Ctrl-C ends that as well, and the next
//! command does it.

use std::io::Read;
use std::process::Child;
use std::sync::{Arc, Mutex};

use rustix::fs::FlockOperation;
use rustix::process::{Pid, Signal};

use super::*;

fn interrupt(child: &Child) {
    let process = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(process, Signal::INT).unwrap();
}

/// Waits for something, for as long as a busy machine may take.
fn until(what: &str, mut there: impl FnMut() -> bool) {
    let begin = std::time::Instant::now();
    while !there() {
        assert!(begin.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Interrupts a start twice, the second time while it waits for the lock that somebody else holds.
fn interrupt_twice(builder: &Builder, mut child: Child) {
    let lock = std::fs::File::open(builder.user.state().join("lock")).unwrap();
    rustix::fs::flock(&lock, FlockOperation::LockExclusive).unwrap();
    let said = Arc::new(Mutex::new(String::new()));
    let (mut stderr, heard) = (child.stderr.take().unwrap(), Arc::clone(&said));
    let listening = std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = stderr.read(&mut buffer) {
            heard.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
    });
    interrupt(&child);
    until("it waits for the lock", || said.lock().unwrap().contains("waiting for another cloister"));
    assert!(child.try_wait().unwrap().is_none(), "it waits for the lock");
    interrupt(&child);
    until("it waits no longer", || child.try_wait().unwrap().is_some());
    listening.join().unwrap();
    let stderr = said.lock().unwrap().clone();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{stderr}");
    assert!(stderr.contains("interrupted before everything that was made so far was removed"), "{stderr}");
    assert!(stderr.contains("hint: the next command removes the rest: `cloister list`"), "{stderr}");
    drop(lock);
    assert!(!builder.left().is_empty());
    assert_eq!(builder.settled(), "");
}

fn start(builder: &Builder, arguments: &[&str]) -> Child {
    builder.user.command(arguments).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_second_word_ends_the_cleaning_behind_a_build() {
    let mark = std::process::id();
    let slow = format!("FROM debian:bookworm\nRUN echo i{mark} > /made\nRUN trap '' TERM; sleep 100\n");
    let builder = Builder::with(CONFIG, &slow);
    let mut child = start(&builder, &["start", "-d"]);
    builder.wait_for_step(&mut child);
    interrupt_twice(&builder, child);
    assert!(!exists(&builder.user.state().join("sandboxes").join(&builder.id).join("building.json")));
}

#[test]
fn a_second_word_ends_the_cleaning_behind_a_start() {
    let slow = "FROM debian:bookworm\nRUN printf '#!/bin/sh\\nexec sleep 1000\\n' > /usr/local/bin/git; chmod +x /usr/local/bin/git\n";
    let builder = Builder::with(CONFIG, slow);
    let project = &builder.user.project;
    let script = "git() { command git -c safe.directory=* -c user.name=a -c user.email=a@example.com \"$@\"; }; \
        git init -q && git add . && git commit -qm one";
    let made =
        Command::new("sh").args(["-c", script]).env("GIT_CONFIG_GLOBAL", "/dev/null").current_dir(project).status();
    assert!(made.unwrap().success());
    if rustix::process::geteuid().is_root() {
        assert!(Command::new("chown").args(["-Rh", "1000:1000"]).arg(project).status().unwrap().success());
    }
    let mut child = start(&builder, &["start", "--clone", "-d"]);
    let name = format!("cloister-{}", builder.id);
    let runs = || {
        let listed = Command::new("docker").args(["top", &name, "-eo", "pid,args"]).output().unwrap();
        String::from_utf8_lossy(&listed.stdout).contains("sleep 1000")
    };
    let begin = std::time::Instant::now();
    while !runs() {
        assert!(begin.elapsed() < Duration::from_secs(60), "git never ran inside");
        assert!(child.try_wait().unwrap().is_none(), "it ended before its time");
        std::thread::sleep(Duration::from_millis(50));
    }
    interrupt_twice(&builder, child);
    assert!(builder.user.listed().is_empty());
    builder.user.run(&["gc", "--yes"]).expect(0);
}
