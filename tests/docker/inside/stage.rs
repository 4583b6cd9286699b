#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]
//! A network as cloister makes it, a stand-in for the guardian on it, and a container with the exact restrictions, of
//! which a test can loosen one. Everything is removed when the stage goes.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cloister::sandbox::protocol::{ExpectedMount, ProbeReport, ProbeRequest};

use crate::client::docker;

pub(crate) const IMAGE: &str = "debian:bookworm";
pub(crate) const INIT: &str = "/run/cloister/bin/cloister-init";
const NONCE: &str = "canary-7f3a91";

/// Answers as the guardian does: 407 without credentials, 403 for what is not listed.
const GUARDIAN: &str = r#"
    $s = IO::Socket::INET->new(LocalPort => 3128, Listen => 64, ReuseAddr => 1) or die;
    while ($c = $s->accept) {
        next if fork; alarm 5; my $a = 0;
        while (<$c>) { $a = 1 if /^Proxy-Authorization: Basic /; last if /^\r\n$/ }
        print $c $a ? "HTTP/1.1 403 Forbidden\r\n\r\nnot listed\n" : "HTTP/1.1 407 Token Missing\r\n\r\n"; exit
    }"#;

/// Removes what it names when it goes.
pub(crate) struct Stage {
    name: String,
    base: u32,
    canary: u16,
}

/// One container and what is different about it.
pub(crate) struct Run {
    pub(crate) image: String,
    pub(crate) user: &'static str,
    /// `None` for the stage's own network.
    pub(crate) network: Option<&'static str>,
    pub(crate) dns: bool,
    pub(crate) drop_capabilities: bool,
    pub(crate) no_new_privileges: bool,
    pub(crate) seccomp: bool,
    pub(crate) ipv6: bool,
    pub(crate) extra: Vec<String>,
    pub(crate) command: Vec<&'static str>,
    pub(crate) forbidden: Vec<Ipv4Addr>,
    pub(crate) mounts: Vec<ExpectedMount>,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            image: IMAGE.to_owned(),
            user: "1000:1000",
            network: None,
            dns: true,
            drop_capabilities: true,
            no_new_privileges: true,
            seccomp: true,
            ipv6: false,
            extra: Vec::new(),
            command: Vec::new(),
            forbidden: Vec::new(),
            mounts: Vec::new(),
        }
    }
}

static NEXT: AtomicU32 = AtomicU32::new(0);

impl Stage {
    /// A network like a sandbox's, with the guardian on it.
    pub(crate) fn sealed() -> Self {
        Self::on(&["--internal", "--opt", "com.docker.network.bridge.inhibit_ipv4=true"])
    }

    /// The same, with other options for the network.
    pub(crate) fn on(options: &[&str]) -> Self {
        let name = format!("cloister-inside-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let base = network(&name, options);
        let stage = Self { name, base, canary: canary() };
        let address = stage.address(2).to_string();
        let guardian = stage.container("guardian");
        let place = ["run", "-d", "--name", &guardian, "--network", &stage.name, "--ip", &address];
        docker(&[&place[..], &[IMAGE, "perl", "-MIO::Socket", "-e", GUARDIAN]].concat());
        stage.wait_for_guardian();
        stage
    }

    /// Address number `host` of the network.
    pub(crate) fn address(&self, host: u32) -> Ipv4Addr {
        Ipv4Addr::from(self.base + host)
    }

    /// Name of a container of this stage.
    pub(crate) fn container(&self, name: &str) -> String {
        format!("{}-{name}", self.name)
    }

    /// Name of the network.
    pub(crate) fn network(&self) -> &str {
        &self.name
    }

    /// What the init is asked.
    pub(crate) fn request(&self, run: &Run) -> String {
        let host = [self.address(1), Ipv4Addr::new(172, 17, 0, 1)];
        let request = ProbeRequest {
            guardian: self.address(2),
            guardian_port: 3128,
            forbidden: host.into_iter().chain(run.forbidden.iter().copied()).map(Into::into).collect(),
            canary_port: self.canary,
            nonce: NONCE.to_owned(),
            user: "1000:1000".to_owned(),
            capabilities: 0,
            mounts: run.mounts.clone(),
        };
        serde_json::to_string(&request).unwrap()
    }

    fn arguments(&self, name: &str, run: &Run) -> Vec<String> {
        let mut list: Vec<String> = ["--name", &self.container(name), "--user", run.user].map(str::to_owned).into();
        let mut add = |words: &[&str]| list.extend(words.iter().map(|word| (*word).to_owned()));
        match run.network {
            Some(network) => add(&["--network", network]),
            None => add(&["--network", &self.name, "--ip", &self.address(3).to_string()]),
        }
        let profile = concat!("seccomp=", env!("CARGO_MANIFEST_DIR"), "/src/harden/seccomp.json");
        let ipv6 = format!("net.ipv6.conf.all.disable_ipv6={}", u8::from(!run.ipv6));
        add(&["--sysctl", &ipv6, "--sysctl", "net.ipv6.conf.lo.disable_ipv6=0"]);
        add(&["--security-opt", if run.seccomp { profile } else { "seccomp=unconfined" }]);
        add(if run.dns { &["--dns", "127.0.0.1"] } else { &[] });
        add(if run.drop_capabilities { &["--cap-drop", "ALL"] } else { &[] });
        add(if run.no_new_privileges { &["--security-opt", "no-new-privileges"] } else { &[] });
        for (program, target) in [
            (env!("CARGO_BIN_EXE_cloister-init"), "cloister-init"),
            (env!("CARGO_BIN_EXE_cloister-hostexec"), "cloister-hostexec"),
            (env!("CARGO_BIN_EXE_cloister-hostexec"), "hostexec"),
        ] {
            add(&["--volume", &format!("{program}:/run/cloister/bin/{target}:ro")]);
        }
        list.extend(run.extra.iter().cloned());
        list.extend(["--entrypoint", INIT, &run.image, "init", &self.request(run)].map(str::to_owned));
        if !run.command.is_empty() {
            list.push("--".to_owned());
            list.extend(run.command.iter().map(|word| (*word).to_owned()));
        }
        list
    }

    /// Starts a container and waits for the report.
    pub(crate) fn start(&self, run: &Run) -> ProbeReport {
        let arguments = self.arguments("box", run);
        docker(&[&["run", "-d"][..], &arguments.iter().map(String::as_str).collect::<Vec<_>>()].concat());
        let name = self.container("box");
        let text = wait_for("the report", || Some(docker(&["logs", &name])).filter(|text| text.contains('\n')));
        report(text.lines().next().unwrap())
    }

    /// Runs a container that must end by itself; its output and exit code.
    pub(crate) fn run(&self, name: &str, run: &Run) -> Output {
        let arguments = self.arguments(name, run);
        Command::new("docker").args(["run", "--rm"]).args(arguments).output().unwrap()
    }

    /// Executes something in the started container.
    pub(crate) fn exec(&self, command: &[&str]) -> Output {
        self.exec_with(&[], command, "")
    }

    /// The same, with options of the engine's client and an input.
    pub(crate) fn exec_with(&self, options: &[&str], command: &[&str], input: &str) -> Output {
        let mut child = Command::new("docker")
            .args(["exec", "-i"])
            .args(options)
            .arg(self.container("box"))
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    fn wait_for_guardian(&self) {
        let name = self.container("guardian");
        wait_for("the guardian", || docker(&["exec", &name, "cat", "/proc/net/tcp"]).contains(":0C38 ").then_some(()));
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _gone = Command::new("docker").args(["rm", "-f", "-v", &self.container("guardian")]).output();
        let _gone = Command::new("docker").args(["rm", "-f", "-v", &self.container("box")]).output();
        let _gone = Command::new("docker").args(["rm", "-f", "-v", &self.container("peer")]).output();
        let _gone = Command::new("docker").args(["network", "rm", &self.name]).output();
    }
}

/// The report in a line of output.
pub(crate) fn report(line: &str) -> ProbeReport {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("no report in {line:?}: {error}"))
}

/// What the probe found open, in order.
pub(crate) fn open(report: &ProbeReport) -> Vec<&str> {
    let mut ids: Vec<&str> = report.attempts.iter().filter(|one| !one.closed).map(|one| one.id.as_str()).collect();
    ids.dedup();
    ids
}

/// Output of a process as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Asks until there is an answer.
pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "{what} does not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Creates a /28 that nobody has; its first address.
fn network(name: &str, options: &[&str]) -> u32 {
    for number in 0..256 {
        let base = u32::from(Ipv4Addr::new(10, 219, 0, 0)) + (std::process::id() % 128) * 256 + number * 16;
        let subnet = format!("{}/28", Ipv4Addr::from(base));
        let create = Command::new("docker")
            .args(["network", "create", "--subnet", &subnet])
            .args(options)
            .arg(name)
            .output()
            .expect("the docker client is installed");
        if create.status.success() {
            return base;
        }
        let error = text(&create.stderr);
        assert!(error.to_lowercase().contains("overlap"), "docker network create: {error}");
    }
    panic!("no free network in 256");
}

/// Says the nonce to whoever reaches it, on every address of the host, until the tests end.
fn canary() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _gone = writeln!(stream, "{NONCE}");
        }
    });
    port
}

/// An image with a single file in it; the image's name.
pub(crate) fn import(name: &str, path: &str, contents: &[u8]) -> String {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(contents.len() as u64);
    header.set_mode(0o755);
    archive.append_data(&mut header, path, contents).unwrap();
    let mut child =
        Command::new("docker").args(["import", "-", name]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&archive.into_inner().unwrap()).unwrap();
    assert!(child.wait().unwrap().success(), "docker import {name}");
    name.to_owned()
}
