//! Projects whose image is built from a Dockerfile: what the steps reach, what the context holds, and what is left.

mod interrupted;
mod open;

use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::beside::Beside;
use super::{User, exists, guardian, inspect};
use crate::client::docker;

const CONFIG: &str = r#"{ "build": { "dockerfile": "Dockerfile", "context": ".." } }"#;

/// A user whose project builds this Dockerfile; the image goes with the user.
struct Builder {
    user: User,
    id: String,
}

impl Builder {
    fn with(config: &str, dockerfile: &str) -> Self {
        let user = User::with(config);
        let uid = rustix::process::geteuid().as_raw();
        let id = cloister::ident::SandboxId::derive(uid, &user.project).as_str().to_owned();
        let builder = Self { user, id };
        builder.write(".devcontainer/Dockerfile", dockerfile);
        builder
    }

    fn write(&self, path: &str, contents: &str) {
        let path = self.user.project.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, contents).unwrap();
    }

    fn name(&self) -> String {
        format!("cloister-build-{}", self.id)
    }

    fn image(&self) -> String {
        docker(&["image", "inspect", "--format", "{{.Id}}", &self.name()])
    }

    /// Everything that the engine has of this project: containers, networks, images without a name.
    fn left(&self) -> String {
        let label = format!("label=cloister.sandbox={}", self.id);
        let containers = docker(&["ps", "-aq", "--filter", &label]);
        let networks = docker(&["network", "ls", "-q", "--filter", &label]);
        let images = docker(&["images", "-q", "--filter", &label, "--filter", "dangling=true"]);
        [containers, networks, images].concat()
    }

    /// Waits until the step runs.
    fn wait_for_step(&self, child: &mut std::process::Child) {
        let holder = self.name();
        for _ in 0..600 {
            assert!(child.try_wait().unwrap().is_none(), "it ended before its time");
            let label = format!("label=cloister.sandbox={}", self.id);
            let running = docker(&["ps", "--format", "{{.Names}}", "--filter", &label]);
            if running.lines().count() > 1 && running.contains(&holder) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the step never ran");
    }

    fn settled(&self) -> String {
        for _ in 0..100 {
            self.user.listed();
            if self.left().is_empty() {
                return String::new();
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        self.left()
    }
}

impl Drop for Builder {
    fn drop(&mut self) {
        self.user.run(&["stop"]);
        self.user.run(&["gc", "--yes", "project"]);
        let label = format!("label=cloister.sandbox={}", self.id);
        let images = docker(&["images", "-q", "--filter", &label]);
        images.lines().for_each(|image| drop(Command::new("docker").args(["rmi", "-f", image]).output()));
    }
}

/// Answers everything.
const MIRROR: &str = r#"use IO::Socket; $s = IO::Socket::INET->new(LocalPort => 80, Listen => 9) or die;
    while ($c = $s->accept) { while (<$c>) { last if /^\r\n$/ }
    print $c "HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nmirror"; close $c }"#;

#[test]
fn steps_reach_what_the_policy_allows_and_nothing_else() {
    let canary = std::net::TcpListener::bind("[::]:0").unwrap();
    let port = canary.local_addr().unwrap().port();
    let script = r#"RUN ask() { what=$1; shift; echo "$what $(curl -s -g -o /dev/null -m 5 -w '%{http_code}' "$@")" >> /asked; }; \
        ask mirror http://mirror.example.com/; ask other http://other.example.com/; ask tls https://other.example.com/; \
        ask internet http://1.1.1.1/ --noproxy '*'; ask metadata http://169.254.169.254/ --noproxy '*'; \
        for address in $HOSTS; do ask host http://$address:$PORT/ --noproxy '*'; done; \
        getent hosts example.com >> /asked; grep -v ' lo$' /proc/net/if_inet6 >> /asked; \
        awk '$2 == "00000000"' /proc/net/route >> /asked; cat /asked"#;
    let hosts: Vec<String> = cloister::host::addresses::own()
        .unwrap()
        .iter()
        .filter(|address| !address.is_loopback())
        .map(|address| if address.is_ipv6() { format!("[{address}%25eth0]") } else { address.to_string() })
        .collect();
    let dockerfile = format!("FROM debian:bookworm\nARG HOSTS\nARG PORT\n{script}\n");
    let args = json!({ "HOSTS": hosts.join(" "), "PORT": port.to_string() });
    let config = json!({ "build": { "dockerfile": "Dockerfile", "args": args } });
    let builder = Builder::with(&config.to_string(), &dockerfile);
    builder.user.run(&["guardian", "start"]).expect(0);
    let mirror = Beside::run(&guardian(&builder.user), "mirror", "debian:bookworm", &["perl", "-e", MIRROR]);
    let address = &mirror.address;
    let range = format!("{address}/32");
    builder.user.allow(&json!({
        "allow": ["mirror.example.com"],
        "network": { "hosts": { "mirror.example.com": address }, "permitAddresses": [range] },
    }));
    let asked = builder.user.run(&["start", "--", "cat", "/asked"]).expect(0);
    let expected = ["mirror 200", "other 403", "tls 000", "internet 000", "metadata 000"];
    let lines: Vec<&str> = asked.lines().collect();
    assert_eq!(lines[..5], expected, "{asked}");
    assert_eq!(lines[5..], vec!["host 000"; hosts.len()], "{asked}");
    canary.set_nonblocking(true).unwrap();
    assert!(canary.accept().is_err(), "a step reached the host");
    for name in [guardian(&builder.user).replace("guardian", "build"), builder.name()] {
        assert!(inspect("network", &name).is_none() && inspect("container", &name).is_none());
    }
    let kept = docker(&["history", "--no-trunc", &builder.name()]) + &docker(&["image", "inspect", &builder.name()]);
    for secret in [":3128", "cloister:", "_PROXY", "_proxy"] {
        let kept = kept.replace("cloister:latest", "").replace("--noproxy", "");
        assert!(!kept.contains(secret), "{secret} is in the image: {kept}");
    }
}

#[test]
fn an_unchanged_project_builds_nothing() {
    let dockerfile = "FROM debian:bookworm AS base\nARG GREETING\nRUN echo $GREETING > /greeting\nFROM base AS dev\n\
        COPY wanted /wanted\nLABEL devcontainer.metadata='{\"containerEnv\": {\"FROM_LABEL\": \"yes\"}}'\n\
        ENTRYPOINT [\"touch\", \"/workspaces/project/entrypoint-was-here\"]\nFROM base\nRUN exit 9\n";
    let config = json!({ "build": { "dockerfile": "Dockerfile", "context": "..", "target": "dev",
        "args": { "GREETING": "hello" }, "options": ["--network=host", "--no-cache"], "cacheFrom": "cloister-test-absent" } });
    let builder = Builder::with(&config.to_string(), dockerfile);
    builder.write("wanted", "1");
    let user = &builder.user;
    let first = user.run(&["start", "--", "sh", "-c", "cat /greeting /wanted; echo $FROM_LABEL"]);
    assert_eq!(first.expect(0), "hello\n1yes\n");
    assert!(first.stderr().contains("step ") && !first.stderr().contains("LABEL cloister"), "{}", first.stderr());
    let image = builder.image();
    let quiet = |arguments: &[&str], builds: bool| {
        let ran = user.run(arguments);
        ran.expect(0);
        assert_eq!(ran.stderr().contains("step 1: FROM"), builds, "{arguments:?}: {}", ran.stderr());
    };
    quiet(&["start", "--", "true"], false);
    builder.write("wanted", "2");
    quiet(&["start", "--", "true"], false);
    user.run(&["stop"]).expect(0);
    quiet(&["start", "--", "true"], true);
    assert_eq!(user.shell("cat /wanted").expect(0), "2");
    assert_ne!(builder.image(), image);
    user.run(&["stop"]).expect(0);
    quiet(&["start", "--", "true"], false);
    builder.write(".devcontainer/Dockerfile", &dockerfile.replace("$GREETING", "$GREETING again"));
    let changed = user.run(&["start", "--", "true"]);
    changed.expect(1);
    assert!(
        changed.stderr().contains("another plan") && changed.stderr().contains("--rebuild"),
        "{}",
        changed.stderr()
    );
    quiet(&["start", "--rebuild", "--", "true"], true);
    assert_eq!(user.shell("cat /greeting").expect(0), "hello again\n");
    quiet(&["start", "--rebuild", "--", "true"], true);
    assert!(!exists(&user.project.join("entrypoint-was-here")));
    user.run(&["stop"]).expect(0);
    let removed = user.run(&["gc", "--yes", "project"]);
    removed.expect(0);
    assert!(removed.stderr().contains(" image"), "{}", removed.stderr());
    assert!(!Command::new("docker").args(["image", "inspect", &builder.name()]).output().unwrap().status.success());
    assert_eq!(builder.left(), "");
}

#[test]
fn a_failing_step_is_shown_and_leaves_only_its_layers() {
    let failing = "FROM debian:bookworm\nRUN echo slow > /slow\n\
        RUN curl -s https://refused.example.org/; printf 'tell\\033[2Jtale\\n'; exit 7\n";
    let builder = Builder::with(CONFIG, failing);
    let failed = builder.user.run(&["start", "--", "true"]);
    failed.expect(1);
    let stderr = failed.stderr();
    for part in [
        "tell\\u{1b}[2Jtale\n",
        "the build failed at step 3, `RUN curl",
        "exit 7`",
        "code: 7",
        "refused.example.org:443",
    ] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    assert!(stderr.contains("hint: ") && !stderr.contains('\u{1b}'), "{stderr}");
    assert_eq!(builder.user.listed(), Vec::<Value>::new());
    assert!(inspect("network", &builder.name()).is_none() && inspect("container", &builder.name()).is_none());
    builder.write(".devcontainer/Dockerfile", "FROM debian:bookworm\nRUN exit 8");
    let quiet = builder.user.run(&["start", "--", "true"]);
    quiet.expect(1);
    assert!(quiet.stderr().contains("change that step in `.devcontainer/Dockerfile`"), "{}", quiet.stderr());
}

/// What a build left that no sandbox came of is nobody's, unless somebody builds or gave it a name.
#[test]
fn gc_removes_what_builds_left_whose_sandbox_never_started() {
    let mark = std::process::id();
    let failing = format!("FROM debian:bookworm\nRUN echo u{mark} > /made\n");
    let builder = Builder::with(CONFIG, &(failing.clone() + "RUN exit 7\n"));
    builder.user.run(&["start", "-d"]).expect(1);
    let images = || {
        let label = format!("label=cloister.sandbox={}", builder.id);
        docker(&["images", "-q", "--filter", &label])
    };
    assert_ne!(builder.left(), "", "layers are kept for the next attempt");
    let folder = builder.user.state().join("sandboxes").join(&builder.id);
    let lock = std::fs::File::open(folder.join("lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let stays = |why: &str| {
        let (before, said) = (images(), builder.user.run(&["gc", "--yes"]).stderr());
        assert!(!said.contains(" of builds") && images() == before, "{why}: {said}");
    };
    stays("somebody builds");
    drop(lock);
    let named = format!("cloister-test:own-{mark}");
    docker(&["tag", images().trim(), &named]);
    stays("it has a name of the user's");
    docker(&["rmi", "--no-prune", &named]);
    builder.user.run(&["start", "-d"]).expect(1);
    let removed = builder.user.run(&["gc", "--yes"]);
    removed.expect(0);
    assert!(removed.stderr().contains(" of builds whose sandbox never started\n"), "{}", removed.stderr());
    assert!(removed.stderr().contains(" of builds removed\n"), "{}", removed.stderr());
    assert_eq!(images(), "");
    assert!(!exists(&folder));

    // The label decides which folder goes, and a Dockerfile can write it.
    let secret = builder.user.state().join("secret");
    std::fs::create_dir_all(&secret).unwrap();
    let forged = format!("{failing}LABEL cloister.sandbox=../secret\nRUN exit 7\n");
    builder.write(".devcontainer/Dockerfile", &forged);
    builder.user.run(&["start", "-d"]).expect(1);
    builder.user.run(&["gc", "--yes"]).expect(0);
    assert!(exists(&secret));
    let forged = docker(&["images", "-q", "--filter", "label=cloister.sandbox=../secret"]);
    forged.lines().for_each(|image| drop(docker(&["rmi", image])));
}

#[test]
fn a_hostile_context_gets_nothing_of_the_host() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "secret of the host").unwrap();
    let dockerfile = "FROM debian:bookworm\nCOPY . /ctx\nRUN find /ctx -mindepth 1 | sort > /found\n";
    let builder = Builder::with(CONFIG, dockerfile);
    let project = &builder.user.project;
    let start = || builder.user.run(&["start", "--rebuild", "--", "cat", "/found"]);
    symlink(secret.path(), project.join("link")).unwrap();
    symlink("../..", project.join("up")).unwrap();
    builder.write("node_modules/x", "");
    builder.write("kept/.dockerfile.cloister", "kept");
    builder.write(".dockerfile.cloister", "FROM evil.example.com/x\n");
    builder.write(".dockerignore", "node_modules\n.devcontainer\n!.dockerfile.cloister\n");
    let expected = "/ctx/.dockerignore\n/ctx/kept\n/ctx/kept/.dockerfile.cloister\n/ctx/link\n/ctx/up\n";
    assert_eq!(start().expect(0), expected);
    let cases = [("COPY link /copied", "1"), ("ADD up/../etc/passwd /copied", "1"), ("COPY up/ /copied", "?")];
    for (step, code) in cases {
        builder.write(".devcontainer/Dockerfile", &format!("FROM debian:bookworm\n{step}\nRUN touch /found\n"));
        let ran = start();
        assert!(code == "?" || ran.0.status.code() == Some(1), "{step}: {}", ran.stderr());
        if ran.0.status.success() {
            let found = builder.user.shell("grep -rl 'secret of the host' /copied /tmp; ls /copied/etc/shadow");
            assert_eq!(found.stdout(), "", "{step}");
        }
    }
    builder.write(".devcontainer/Dockerfile", dockerfile);
    let fifo = project.join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
    let refused = start();
    refused.expect(1);
    assert!(refused.stderr().contains("`pipe` of the build context") && refused.stderr().contains("hint: name it in"));
    std::fs::remove_file(fifo).unwrap();

    let link = |target: &Path| {
        let path = project.join(".devcontainer/Dockerfile");
        std::fs::remove_file(&path).unwrap();
        symlink(target, &path).unwrap();
    };
    link(secret.path());
    let refused = start();
    refused.expect(3);
    assert!(!refused.stderr().contains("secret of the host"), "{}", refused.stderr());
    builder.write("Dockerfile.real", dockerfile);
    link(Path::new("../Dockerfile.real"));
    start().expect(0);
}

#[test]
fn a_build_that_ends_early_leaves_nothing() {
    let slow =
        |mark: &str| format!("FROM debian:bookworm\nRUN echo {mark} > /made\nRUN echo now; trap '' TERM; sleep 100\n");
    for (mark, signal) in [("a", rustix::process::Signal::KILL), ("b", rustix::process::Signal::INT)] {
        let builder = Builder::with(CONFIG, &slow(&format!("{mark}{}", std::process::id())));
        let mut child = builder.user.command(&["start", "-d"]).stderr(Stdio::piped()).spawn().unwrap();
        builder.wait_for_step(&mut child);
        let process = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        rustix::process::kill_process(process, signal).unwrap();
        let ended = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
        if signal == rustix::process::Signal::INT {
            assert!(stderr.contains("interrupted") && ended.status.code() == Some(130), "{stderr}");
            assert_eq!(builder.left(), "", "{signal:?}");
        }
        assert_eq!(builder.settled(), "", "{signal:?}");
        builder.write(".devcontainer/Dockerfile", "FROM debian:bookworm\n");
        builder.user.run(&["start", "--", "true"]).expect(0);
    }
}

#[test]
fn a_build_does_not_hold_up_a_stop() {
    let mark = std::process::id();
    let slow = format!("FROM debian:bookworm\nRUN echo s{mark} > /made\nRUN echo now; trap '' TERM; sleep 100\n");
    let builder = Builder::with(CONFIG, &slow);
    for (words, said) in [(["stop"], "`project` stopped\n"), (["shutdown"], " stopped\n")] {
        let mut child = builder.user.command(&["start", "-d"]).stderr(Stdio::piped()).spawn().unwrap();
        builder.wait_for_step(&mut child);
        let begin = std::time::Instant::now();
        let stopped = builder.user.run(&words);
        stopped.expect(0);
        assert!(stopped.stderr().contains(said), "{}", stopped.stderr());
        assert!(begin.elapsed() < Duration::from_secs(20), "{words:?}: {:?}", begin.elapsed());
        let ended = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(stderr.contains("cloister: `project` was stopped") && ended.status.code() == Some(1), "{stderr}");
        assert_eq!(builder.left(), "", "{words:?}");
    }
    builder.write(".devcontainer/Dockerfile", "FROM debian:bookworm\n");
    builder.user.run(&["start", "--", "true"]).expect(0);
}

#[test]
fn what_looked_at_an_image_is_removed_when_nobody_looks_any_more() {
    let builder = Builder::with(CONFIG, "FROM debian:bookworm\n");
    builder.user.run(&["start", "--", "true"]).expect(0);
    builder.user.run(&["stop"]).expect(0);
    let uid = rustix::process::geteuid().as_raw();
    let cache = builder.user.root.path().join("CACHE/cloister");
    let mut create = Command::new("docker");
    create.args(["create", "--name", &format!("cloister-image-test-{}", builder.id)]);
    for (name, value) in cloister::engine::names::look_labels(&cache, uid) {
        create.args(["--label", &format!("{name}={value}")]);
    }
    let id = String::from_utf8(create.args([&builder.name(), "x"]).output().unwrap().stdout).unwrap();
    let there = || inspect("container", id.trim()).is_some();
    let lock = std::fs::File::open(cache.join("images/lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    builder.user.listed();
    assert!(there(), "somebody looks");
    drop(lock);
    builder.user.listed();
    assert!(!there());
}

#[test]
fn two_starts_at_once_build_once() {
    let builder = Builder::with(CONFIG, "FROM debian:bookworm\nRUN sleep 2; date +%N > /built\n");
    let start = || {
        builder.user.command(&["start", "--", "cat", "/built"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    };
    let children = [start().unwrap(), start().unwrap()];
    let outputs = children.map(|child| child.wait_with_output().unwrap());
    let built =
        outputs.iter().filter(|output| String::from_utf8_lossy(&output.stderr).contains("step 1: FROM")).count();
    assert!(outputs.iter().all(|output| output.status.success()), "{outputs:?}");
    assert_eq!((built, &outputs[0].stdout), (1, &outputs[1].stdout));
}

#[test]
fn base_images_follow_the_same_rules() {
    let absent = Builder::with(CONFIG, "FROM cloister-test-absent:1\n");
    let refused = absent.user.run(&["start", "-d"]);
    refused.expect(1);
    assert!(refused.stderr().contains("image `cloister-test-absent:1` "), "{}", refused.stderr());
    let unlisted = Builder::with(CONFIG, "FROM registry.example.com/a:1\n");
    unlisted.user.run(&["start", "-d"]).expect(3);

    let name = format!("cloister-test:trigger-{}", std::process::id());
    let mut base = Command::new("docker").args(["build", "-t", &name, "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let text = "FROM debian:bookworm\nONBUILD RUN echo triggered > /triggered\nONBUILD ADD http://192.0.2.1/x /x\n";
    base.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(base.wait().unwrap().success());
    let triggered = Builder::with(CONFIG, &format!("FROM {name}\n"));
    let refused = triggered.user.run(&["start", "-d"]);
    docker(&["rmi", &name]);
    refused.expect(1);
    assert!(refused.stderr().contains("ONBUILD") && refused.stderr().contains("hint: "), "{}", refused.stderr());
}

#[test]
fn what_runs_nothing_needs_no_network() {
    let user = Builder::with(CONFIG, "FROM scratch\nCOPY .devcontainer/busybox /bin/sh\n");
    let id = docker(&["create", "cloister-test:busybox", "x"]);
    docker(&[
        "cp",
        &format!("{}:/bin/busybox", id.trim()),
        &user.user.project.join(".devcontainer/busybox").to_string_lossy(),
    ]);
    docker(&["rm", id.trim()]);
    assert_eq!(user.user.run(&["start", "--", "/bin/sh", "-c", "echo here"]).expect(0), "here\n");
}

#[test]
fn what_the_engine_fetches_itself_needs_an_approval_of_the_exact_dockerfile() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in server.incoming().flatten() {
            let _ = std::io::Read::read(&mut stream, &mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nfetch");
        }
    });
    let dockerfile = format!(
        "# syntax=docker/dockerfile:1\nFROM debian:bookworm\nADD http://127.0.0.1:{port}/tool /tool\nRUN chmod 644 /tool\n"
    );
    let builder = Builder::with(CONFIG, &dockerfile);
    let user = &builder.user;
    let refused = user.run(&["start", "--", "true"]);
    refused.expect(3);
    assert!(refused.stderr().contains("waits"), "{}", refused.stderr());
    let listed: Value = serde_json::from_str(&user.run(&["trust", "--list", "--format", "json"]).expect(0)).unwrap();
    assert_eq!((&listed[0]["kind"], &listed[0]["place"]), (&"build".into(), &".devcontainer/Dockerfile".into()));
    assert!(listed[0]["content"].as_str().unwrap().contains(&dockerfile), "{listed}");
    user.run(&["trust", "--yes", "--digest", listed[0]["digest"].as_str().unwrap()]).expect(0);
    assert_eq!(user.run(&["start", "--", "cat", "/tool"]).expect(0), "fetch");
    user.run(&["stop"]).expect(0);
    builder.write(".devcontainer/Dockerfile", &(dockerfile.clone() + "# one more byte\n"));
    user.run(&["start", "--", "true"]).expect(3);
    let changed: Value = serde_json::from_str(&user.run(&["trust", "--list", "--format", "json"]).expect(0)).unwrap();
    assert_eq!((&changed[0]["state"], changed[0]["was"].is_string()), (&"changed".into(), true));
    builder.write(".devcontainer/Dockerfile", &dockerfile);
    user.run(&["start", "--", "true"]).expect(0);
    user.run(&["stop"]).expect(0);
    user.run(&["trust", "--revoke", "--build"]).expect(0);
    user.run(&["start", "--", "true"]).expect(3);
}
