//! Dockerfiles that ask for more than a sealed build: what is not approved, what an approval opens, and what never is.

use std::net::{IpAddr, TcpListener};
use std::process::Child;

use super::*;

/// Takes connections and says nothing; what came is counted.
struct Canary(TcpListener);

impl Canary {
    fn at(address: &str) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    fn was_reached(&self) -> bool {
        self.0.accept().is_ok()
    }
}

/// A repository that git itself serves, on the loopback of this machine.
struct GitServer {
    _root: tempfile::TempDir,
    daemon: Child,
}

impl GitServer {
    fn at(port: u16) -> Self {
        let root = tempfile::tempdir().unwrap();
        let git = |words: &[&str]| {
            let mut git = Command::new("git");
            git.args(["-C", &root.path().to_string_lossy(), "-c", "user.name=a", "-c", "user.email=a@example.com"]);
            assert!(git.args(words).status().unwrap().success(), "{words:?}");
        };
        git(&["init", "--quiet", "tools"]);
        std::fs::write(root.path().join("tools/tool"), "cloned").unwrap();
        git(&["-C", "tools", "add", "tool"]);
        git(&["-C", "tools", "commit", "--quiet", "-m", "a tool"]);
        let mut daemon = Command::new("git");
        daemon.args(["daemon", "--export-all", "--reuseaddr", "--listen=127.0.0.1", &format!("--port={port}")]);
        daemon.arg(format!("--base-path={}", root.path().display())).arg(root.path());
        let daemon = daemon.stderr(Stdio::null()).spawn().unwrap();
        for _ in 0..100 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { _root: root, daemon }
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        // `git` starts the daemon and passes this signal on.
        let id = i32::try_from(self.daemon.id()).ok().and_then(rustix::process::Pid::from_raw);
        let _ = rustix::process::kill_process(id.unwrap(), rustix::process::Signal::TERM);
        let _ = self.daemon.wait();
    }
}

impl Builder {
    fn waiting(&self) -> Value {
        let listed = self.user.run(&["trust", "--list", "--format", "json"]);
        serde_json::from_str::<Value>(&listed.expect(0)).unwrap()[0].clone()
    }

    fn approve(&self) -> Value {
        let waiting = self.waiting();
        self.user.run(&["trust", "--yes", "--digest", waiting["digest"].as_str().unwrap()]).expect(0);
        waiting
    }

    fn refused(&self) {
        let refused = self.user.run(&["start", "--", "true"]);
        refused.expect(3);
        assert!(refused.stderr().contains(" waits "), "{}", refused.stderr());
    }
}

fn address_of_this_machine() -> IpAddr {
    // Others come and go with the networks of other tests.
    let bridge = inspect("network", "bridge").unwrap();
    bridge["IPAM"]["Config"][0]["Gateway"].as_str().unwrap().parse().unwrap()
}

/// Processes of this machine that have this among their words.
fn running(mark: &str) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let words = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    words.filter(|words| words.split(|byte| *byte == 0).any(|word| word == mark.as_bytes())).count()
}

#[test]
fn what_an_open_build_reaches_is_approved_with_its_exact_dockerfile() {
    let (git, frontend, host) = (Canary::at("127.0.0.1:0"), Canary::at("127.0.0.1:0"), Canary::at("0.0.0.0:0"));
    let (port, address) = (git.port(), address_of_this_machine());
    let dockerfile = format!(
        "# syntax=127.0.0.1:{}/frontend:1\nFROM debian:bookworm\nADD git://127.0.0.1:{port}/tools /src\n\
         COPY . /context\n\
         RUN --mount=type=secret,id=token --mount=type=ssh --mount=type=cache,target=/kept <<END\n\
         curl -s -m 5 http://{address}:{}/\n\
         find /run/secrets >> /asked\n\
         env | grep -i -e proxy -e SSH >> /asked\n\
         cat /src/tool >> /asked\n\
         END\n\
         RUN --network=none ls -Ax /sys/class/net /context >> /asked\n",
        frontend.port(),
        host.port(),
    );
    let steered = format!("127.0.0.1:{}/frontend:1", frontend.port());
    let config = json!({ "build": { "dockerfile": "Dockerfile", "context": "..", "cacheFrom": steered,
        "args": { "BUILDKIT_SYNTAX": steered } } });
    let builder = Builder::with(&config.to_string(), &dockerfile);
    builder.write("file", "1");
    let user = &builder.user;
    builder.refused();
    assert!(!git.was_reached() && !frontend.was_reached() && !host.was_reached(), "nothing runs before the approval");
    let waiting = builder.approve();
    let opens = ["fetch", "engine-network", "shared-cache", "without-secret", "without-frontend"];
    assert_eq!((&waiting["kind"], &waiting["opens"]), (&json!("build"), &json!(opens)));
    drop(git);
    let server = GitServer::at(port);
    let asked = user.command(&["start", "--", "cat", "/asked"]);
    let asked = with_secrets(asked).output().unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let asked = String::from_utf8_lossy(&asked.stdout).into_owned();
    // No secret, no agent, no proxy, and without a network where that was asked for.
    assert_eq!(asked, "cloned/context:\n.devcontainer  .dockerfile.cloister  file\n\n/sys/class/net:\nlo\n");
    assert!(host.was_reached(), "an open build reaches this machine, as the approval said");
    assert!(!frontend.was_reached(), "no frontend is fetched, and no cache");
    assert!(inspect("network", &builder.name()).is_none() && inspect("container", &builder.name()).is_none());

    user.run(&["stop"]).expect(0);
    drop(server);
    let again = user.run(&["start", "--", "true"]);
    again.expect(0);
    assert!(!again.stderr().contains("step "), "nothing changed: {}", again.stderr());
    user.run(&["stop"]).expect(0);
    builder.write(".devcontainer/Dockerfile", &format!("{dockerfile}# one more byte\n"));
    builder.refused();
    let changed = builder.waiting();
    assert_eq!((&changed["state"], changed["was"].as_str()), (&json!("changed"), Some(dockerfile.as_str())));
    user.run(&["trust", "--revoke", "--build"]).expect(0);
    builder.write(".devcontainer/Dockerfile", &dockerfile);
    builder.refused();
}

/// What a careless builder could hand over.
fn with_secrets(mut command: Command) -> Command {
    command.env("token", "secret of the host").env("SSH_AUTH_SOCK", "/nowhere/agent");
    command
}

#[test]
fn the_network_of_the_machine_is_given_only_where_its_own_approval_says_so() {
    let canary = Canary::at("127.0.0.1:0");
    let step = format!("curl -s -m 5 http://127.0.0.1:{}/", canary.port());
    let builder = Builder::with(CONFIG, &format!("FROM debian:bookworm\nRUN --network=host {step} || true\n"));
    builder.refused();
    assert!(!canary.was_reached());
    assert_eq!(builder.approve()["opens"], json!(["host-network"]));
    builder.user.run(&["start", "--", "true"]).expect(0);
    assert!(canary.was_reached());
    builder.user.run(&["stop"]).expect(0);

    let engines = format!("FROM debian:bookworm\nRUN --mount=type=tmpfs,target=/t {step} || true\n");
    builder.write(".devcontainer/Dockerfile", &engines);
    builder.refused();
    assert_eq!(builder.approve()["opens"], json!(["engine-network"]));
    builder.user.run(&["start", "--", "true"]).expect(0);
    assert!(!canary.was_reached(), "the loopback of the machine is not in the engine's network");
}

#[test]
fn what_can_stay_sealed_is_not_opened() {
    let canary = Canary::at("0.0.0.0:0");
    let reach = format!("curl -s -m 3 --noproxy '*' http://{}:{}/", address_of_this_machine(), canary.port());
    let offline = format!("FROM debian:bookworm\nRUN --network=none {reach}; ls /sys/class/net > /asked\n");
    let builder = Builder::with(CONFIG, &offline);
    let start = || builder.user.run(&["start", "--rebuild", "--", "cat", "/asked"]);
    assert_eq!(start().expect(0), "lo\n", "no step wants a network: no approval, and none is there");

    let cached = format!(
        "FROM debian:bookworm\nRUN --network=default --mount=type=cache,target=/kept {reach}; env > /asked\n\
         RUN --network=none grep -c HTTP_PROXY=http://cloister: /asked > /found; mv /found /asked\n"
    );
    builder.write(".devcontainer/Dockerfile", &cached);
    assert_eq!(start().expect(0), "1\n", "behind the guardian, without an approval");

    let secret = format!(
        "FROM debian:bookworm\nRUN --mount=type=secret,id=token --mount=type=ssh {reach}; \
         ls /run/secrets > /asked 2>&1; env | grep -c HTTP_PROXY=http://cloister: >> /asked\n"
    );
    builder.write(".devcontainer/Dockerfile", &secret);
    builder.refused();
    assert_eq!(builder.approve()["opens"], json!(["without-secret"]));
    let asked = start().expect(0);
    assert!(asked.ends_with("No such file or directory\n1\n"), "{asked}");
    assert!(!canary.was_reached());

    builder.write(".devcontainer/Dockerfile", "FROM debian:bookworm\nRUN --mount=type=secret,id=token,required true\n");
    let never = builder.user.run(&["start", "--", "true"]);
    never.expect(3);
    assert!(!never.stderr().contains(" waits "), "{}", never.stderr());
}

#[test]
fn a_step_of_an_open_build_that_fails_is_shown() {
    let step = "printf 'tell\\033[2Jtale\\nthe end'; exit 7";
    let builder = Builder::with(CONFIG, &format!("FROM debian:bookworm\nRUN --mount=type=tmpfs,target=/t {step}\n"));
    builder.approve();
    let failed = builder.user.run(&["start", "--", "true"]);
    failed.expect(1);
    let stderr = failed.stderr();
    for part in [
        "tell\\u{1b}[2Jtale\n",
        "the build failed at `[",
        "RUN --mount=type=tmpfs",
        "exit code: 7",
        "hint: change that step",
    ] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    assert!(!stderr.contains('\u{1b}'), "{stderr}");
    assert_eq!(builder.left(), "");
}

#[test]
fn an_open_build_that_ends_early_leaves_nothing() {
    for (number, end) in ["kill", "interrupt", "stop"].into_iter().enumerate() {
        let mark = format!("{}{number}.7", std::process::id());
        let step = format!("RUN --mount=type=tmpfs,target=/t trap '' TERM INT; sleep {mark}; true");
        let builder = Builder::with(CONFIG, &format!("FROM debian:bookworm\n{step}\n"));
        builder.approve();
        let mut child = builder.user.command(&["start", "-d"]).stderr(Stdio::piped()).spawn().unwrap();
        let until = |wanted: bool, child: &mut Option<&mut Child>| {
            for _ in 0..600 {
                if (running(&mark) > 0) == wanted {
                    return;
                }
                assert!(
                    child.as_mut().is_none_or(|child| child.try_wait().unwrap().is_none()),
                    "{end}: it ended early"
                );
                std::thread::sleep(Duration::from_millis(50));
            }
            panic!("{end}: the step runs: {}", !wanted);
        };
        until(true, &mut Some(&mut child));
        let process = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        match end {
            "kill" => rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap(),
            "interrupt" => rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap(),
            _ => _ = builder.user.run(&["stop"]).expect(0),
        }
        let ended = child.wait_with_output().unwrap();
        until(false, &mut None);
        let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
        let said = [("interrupt", "interrupted"), ("stop", "`project` was stopped")];
        assert!(said.iter().all(|(one, said)| *one != end || stderr.contains(said)), "{end}: {stderr}");
        assert_eq!(builder.settled(), "", "{end}");
        builder.write(".devcontainer/Dockerfile", "FROM debian:bookworm\n");
        builder.user.run(&["start", "--", "true"]).expect(0);
    }
}
