use std::process::{Command, Stdio};
use std::time::Duration;

use super::{User, guardian, inspect, text};

const CONFIG: &str = r#"{ "image": "debian:bookworm" }"#;

#[test]
fn a_start_that_was_killed_leaves_nothing() {
    let user = User::with(CONFIG);
    let listed = user.start();
    let name = text(&listed["container"]);
    for milliseconds in [50, 100, 200, 300, 450, 600] {
        user.run(&["stop"]).expect(0);
        let mut child = user.command(&["start", "--", "sleep", "60"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        match settled(&user, name) {
            Some(listed) => assert_eq!(listed["state"], "running", "{milliseconds} ms"),
            None => assert!(inspect("container", name).is_none(), "{milliseconds} ms: a container is left"),
        }
        user.run(&["start", "--", "true"]).expect(0);
    }
}

/// Returns the sandbox that is left, if any, once nothing else is.
///
/// The engine may still be busy with the last request of the program that was killed: what it makes then is removed by
/// the next command.
fn settled(user: &User, name: &str) -> Option<serde_json::Value> {
    for _ in 0..50 {
        let listed = user.listed();
        if !listed.is_empty() || inspect("network", name).is_none() {
            return listed.into_iter().next();
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("a network is left, whatever is run");
}

/// What was killed is a shell that waits, a program that hears nothing, and a lifecycle command.
#[test]
fn what_a_killed_cloister_ran_is_ended_by_the_next_command() {
    let user = User::with(r#"{ "image": "debian:bookworm", "postStartCommand": "touch began; exec sleep 4711" }"#);
    let killed = |words: &[&str]| {
        let began = user.project.join("began");
        let mut child = user.command(words).spawn().unwrap();
        let times =
            (0..600).take_while(|_| !super::exists(&began)).map(|_| std::thread::sleep(Duration::from_millis(50)));
        assert!(times.count() < 600, "{words:?} did not begin");
        child.kill().unwrap();
        child.wait().unwrap();
        std::fs::remove_file(began).unwrap();
    };
    let runs = || user.shell("grep -lzE '^471[1-9]' /proc/[0-9]*/cmdline").stdout();
    killed(&["start", "--detach"]);
    assert_ne!(runs(), "", "exec itself ends nothing");
    let awaited = user.command(&["exec", "--", "sleep", "4719"]).spawn().unwrap();
    killed(&["exec", "--", "sh", "-c", "touch began; sleep 4712; true"]);
    killed(&["exec", "--", "sh", "-c", "trap '' HUP TERM INT; touch began; sleep 4713; true"]);
    assert_eq!(runs().lines().count(), 4, "{}", runs());
    user.listed();
    let left = runs();
    assert_eq!(left.lines().count(), 1, "what somebody waits for goes on: {left}");
    user.run(&["stop"]).expect(0);
    let awaited = awaited.wait_with_output().unwrap();
    assert_eq!(awaited.status.code(), Some(137));
}

#[test]
fn what_the_engine_made_too_late_is_removed() {
    let user = User::with(CONFIG);
    let listed = user.start();
    let (id, name) = (text(&listed["id"]), text(&listed["container"]));
    user.run(&["stop"]).expect(0);
    let uid = rustix::process::geteuid().as_raw();
    let instance = cloister::engine::names::instance(uid, &user.state());
    let made = Command::new("docker")
        .args(["network", "create", "--label", &format!("cloister.sandbox={id}")])
        .args(["--label", &format!("cloister.user={uid}")])
        .args(["--label", &format!("cloister.instance={instance}"), name])
        .output();
    assert!(made.unwrap().status.success());
    user.listed();
    assert!(inspect("network", name).is_none());
}

#[test]
fn an_interrupted_start_removes_what_it_made() {
    let user = User::with(CONFIG);
    let listed = user.start();
    let name = text(&listed["container"]);
    let made = || inspect("network", name).is_some();
    user.run(&["stop"]).expect(0);
    let mut child = user.command(&["start", "-d"]).spawn().unwrap();
    while !made() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was interrupted");
    }
    let process = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
    // On a fast machine it was done before the signal came.
    if !child.wait().unwrap().success() {
        assert!(!made() && inspect("container", name).is_none());
    }
}

#[test]
fn a_container_that_ended_by_itself_is_cleaned_up() {
    let user = User::with(CONFIG);
    let listed = user.start();
    let name = text(&listed["container"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { super::engine().await.docker.kill_container(name, None).await }).unwrap();
    let gone = user.run(&["exec", "--", "true"]);
    gone.expect(1);
    assert!(gone.stderr().contains("hint: start it"), "{}", gone.stderr());
    assert_eq!(user.listed(), Vec::<serde_json::Value>::new());
    assert!(inspect("container", name).is_none() && inspect("network", name).is_none());
}

#[test]
fn stop_and_shutdown_leave_nothing_in_the_engine() {
    let user = User::with(CONFIG);
    let listed = user.start();
    let name = text(&listed["container"]);
    user.run(&["stop", "project"]).expect(0);
    assert!(inspect("container", name).is_none() && inspect("network", name).is_none());
    assert!(inspect("container", &guardian(&user)).is_some());
    user.run(&["shutdown"]).expect(0);
    assert!(inspect("container", &guardian(&user)).is_none());
    assert!(inspect("network", &guardian(&user).replace("guardian", "egress")).is_none());
}

/// What comes too late finds no sandbox, and makes no guardian for it.
#[test]
fn no_guardian_comes_back_after_a_shutdown() {
    let user = User::with(CONFIG);
    for round in 0..6 {
        user.start();
        let shutdown = user.command(&["shutdown"]).stderr(Stdio::null()).spawn().unwrap();
        let late: Vec<_> = (0..4)
            .map(|_| {
                std::thread::sleep(Duration::from_millis(15));
                user.command(&["exec", "--", "true"]).stderr(Stdio::null()).spawn().unwrap()
            })
            .collect();
        for mut child in [shutdown].into_iter().chain(late) {
            child.wait().unwrap();
        }
        assert!(inspect("container", &guardian(&user)).is_none(), "round {round}");
    }
}

#[test]
fn errors_name_the_next_step() {
    type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a str, &'a str);
    let user = User::with(r#"{ "image": "cloister-test-absent:1" }"#);
    let cases: [Case<'_>; 7] = [
        (&["start", "-d"], &[], "cloister-test-absent:1`", "docker pull"),
        (
            &["list"],
            &[("DOCKER_HOST", "unix:///nowhere/engine.sock")],
            "no container engine answers",
            "unset DOCKER_HOST",
        ),
        (&["list"], &[("DOCKER_HOST", "ssh://example.com")], "could not tell where the engine is", "ssh -NL"),
        (&["list"], &[("DOCKER_HOST", "tcp://127.0.0.1:9")], "no container engine answers", "unset DOCKER_HOST"),
        (&["list"], &[("DOCKER_HOST", "tcp://localhost")], "could not tell where the engine is", "tcp://HOST:PORT"),
        (&["list"], &[("XDG_STATE_HOME", "/proc/none")], "could not prepare the folder", "let XDG_STATE_HOME"),
        (&["exec", "--", "true"], &[], "no sandbox belongs to this folder", "cloister start"),
    ];
    for (arguments, env, error, hint) in cases {
        let output = user.command(arguments).envs(env.iter().copied()).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(error) && stderr.contains(hint), "{arguments:?}: {stderr}");
    }
}

#[test]
fn a_paused_container_is_said() {
    let user = User::with(CONFIG);
    let listed = user.start();
    let name = text(&listed["container"]);
    let docker = |word: &str| Command::new("docker").args([word, name]).output().unwrap().status.success();
    assert!(docker("pause"));
    let paused = user.run(&["exec", "--", "true"]);
    assert!(docker("unpause"));
    paused.expect(1);
    assert!(paused.stderr().contains("is paused") && paused.stderr().contains("docker unpause"), "{}", paused.stderr());
    user.run(&["exec", "--", "true"]).expect(0);
}

#[test]
fn an_exhausted_pool_is_said() {
    let user = User::with(CONFIG);
    let config = user.root.path().join("CONFIG/cloister");
    std::fs::create_dir_all(&config).unwrap();
    // One network: the guardian's own takes it.
    std::fs::write(config.join("config.json5"), "{ network: { pool: '10.223.7.0/28' } }").unwrap();
    let exhausted = user.run(&["start", "-d"]);
    exhausted.expect(1);
    assert!(exhausted.stderr().contains("network.pool"), "{}", exhausted.stderr());
    assert_eq!(user.listed(), Vec::<serde_json::Value>::new());
}

#[test]
fn an_image_that_would_block_the_engine_is_refused() {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Fifo);
    header.set_size(0);
    header.set_mode(0o644);
    archive.append_data(&mut header, "etc/passwd", std::io::empty()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("image.tar");
    std::fs::write(&file, archive.into_inner().unwrap()).unwrap();
    let docker = |words: &[&str]| Command::new("docker").args(words).output().unwrap();
    let image = format!("cloister-test:fifo-{}", std::process::id());
    assert!(docker(&["import", file.to_str().unwrap(), &image]).status.success());
    let user = User::with(&format!(r#"{{ "image": "{image}" }}"#));
    let refused = user.run(&["start", "--", "true"]);
    docker(&["rmi", &image]);
    refused.expect(1);
    assert!(refused.stderr().contains("/etc/passwd"), "{}", refused.stderr());
}

#[test]
fn a_shutdown_with_nothing_to_stop_is_no_failure() {
    let user = User::with(CONFIG);
    user.start();
    for expected in ["`project` stopped\nthe guardian stopped\n", "nothing runs\n"] {
        let ended = user.run(&["shutdown"]);
        ended.expect(0);
        assert_eq!(ended.stderr(), expected);
    }
}
