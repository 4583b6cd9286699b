//! Starts, commands and stops that are killed at random moments, four projects at a time under one guardian: the next
//! command always works, nothing is left at the end, and nothing was open in between. Two of them run an image, one builds
//! its own each time, and one works on a clone, out of which commits are pulled.
//!
//! `SOAK_ROUNDS` is how often each project goes round (a few times by default), `SOAK_SEED` repeats what a run did.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::network::{Canary, host_addresses};
use super::{Ran, User, exists, inspect, text};

const CONFIG: &str = r#"{ "image": "debian:bookworm", "postStartCommand": "true",
    "mounts": ["source=cache,target=/var/cache/mine,type=volume"] }"#;
/// What the projects that go round side by side are.
const WORKERS: [Kind; 4] = [Kind::Image, Kind::Image, Kind::Build, Kind::Clone];
/// For the one that builds: steps that each round makes anew.
const DOCKERFILE: &str = "FROM debian:bookworm\nRUN echo {ROUND} > /round\nRUN sleep 0.5; echo {ROUND} > /again\n";
/// Longest time until a start is killed, in milliseconds: some are through by then.
const START: u64 = 2500;

/// For bash, inside: knocks at the host until it is killed, and asks for a name that somebody might answer to.
const KNOCK: &str = r#"
subnet=$(hostname -I | cut -d' ' -f1 | cut -d. -f1-3); last=$(hostname -I | cut -d' ' -f1 | cut -d. -f4)
while :; do
  for address in {HOSTS} $subnet.$((last / 16 * 16 + 1)); do
    timeout 0.2 bash -c "echo x >/dev/tcp/$address/{PORT}" 2>/dev/null && touch leaked
    echo x 2>/dev/null >/dev/udp/$address/{PORT}
  done
  timeout 0.5 getent hosts nonce-{PORT}.example.com && touch leaked
  sleep 0.05
done"#;

/// A commit, inside.
const COMMIT: &str =
    "date +%N > file && git add file && git -c user.name=a -c user.email=a@example.com commit -qm more";

/// Pseudo-random numbers (Knuth's multiplier), so that a run can be repeated.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn sleep(&mut self, most: u64) {
        std::thread::sleep(Duration::from_millis(self.below(most)));
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Image,
    Build,
    Clone,
}

impl Kind {
    fn prepare(self, project: &Path) {
        match self {
            Self::Image => {}
            Self::Build => {
                let config = r#"{ "build": { "dockerfile": "Dockerfile" }, "postStartCommand": "true" }"#;
                std::fs::write(project.join(".devcontainer/devcontainer.json"), config).unwrap();
                std::fs::write(project.join(".devcontainer/Dockerfile"), "FROM debian:bookworm\n").unwrap();
            }
            Self::Clone => {
                let script =
                    "git() { command git -c safe.directory=* -c user.name=a -c user.email=a@example.com \"$@\"; }
                    git init -q && git add . && git commit -qm one && chown -R --reference=. .git";
                let made = Command::new("sh").args(["-c", script]).current_dir(project).status().unwrap();
                assert!(made.success());
            }
        }
    }
}

/// One of the projects; all of them have a folder of the same name.
struct Worker<'a> {
    user: &'a User,
    project: PathBuf,
    kind: Kind,
    knock: String,
    dice: Dice,
}

impl Worker<'_> {
    fn run(&self, arguments: &[&str]) -> Ran {
        Ran(self.user.command(arguments).current_dir(&self.project).output().unwrap())
    }

    /// Runs cloister and kills it at a random moment.
    fn kill(&mut self, arguments: &[&str], most: u64) {
        let mut command = self.user.command(arguments);
        let command = command.current_dir(&self.project).stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        self.dice.sleep(most);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// The words of a start.
    fn start<'b>(&self, more: &[&'b str]) -> Vec<&'b str> {
        let clone = if self.kind == Kind::Clone { &["--clone"][..] } else { &[] };
        [&["start"], clone, more].concat()
    }

    fn go_round(&mut self, round: u64) {
        let knock = self.knock.clone();
        if self.kind == Kind::Build {
            let text = DOCKERFILE.replace("{ROUND}", &format!("{}-{round}", std::process::id()));
            std::fs::write(self.project.join(".devcontainer/Dockerfile"), text).unwrap();
        }
        self.kill(&self.start(&["--", "bash", "-c", &knock]), START);
        match self.dice.below(4) {
            0 => self.kill(&["stop"], 400),
            1 => self.kill(&["exec", "--", "bash", "-c", &knock], 600),
            2 => self.kill(&self.start(&["--rebuild", "--", "bash", "-c", &knock]), START),
            _ => {}
        }
        // An older image may run where the next one was not built yet.
        let anew: &[&str] = if self.kind == Kind::Build { &["--rebuild", "--detach"] } else { &["--detach"] };
        self.run(&self.start(anew)).expect(0);
        assert_eq!(self.run(&["exec", "--", "echo", "works"]).expect(0), "works\n");
        if self.kind == Kind::Clone {
            self.pull();
        }
        let name = self.container();
        self.run(&["stop"]).expect(0);
        assert!(inspect("container", &name).is_none(), "{name} is left");
    }

    /// Pulls a commit, once killed and once to the end: git of the host and what it had unpacked are gone then.
    fn pull(&mut self) {
        self.run(&["exec", "--", "sh", "-c", COMMIT]).expect(0);
        self.kill(&["pull"], 600);
        self.run(&["pull"]).expect(0);
        let tip = self.run(&["exec", "--", "git", "rev-parse", "HEAD"]).expect(0);
        let script = "git -c safe.directory=* for-each-ref --format='%(objectname)' refs/cloister; ls .git/objects";
        let found = Command::new("sh").args(["-c", script]).current_dir(&self.project).output().unwrap();
        let found = String::from_utf8_lossy(&found.stdout).into_owned();
        let again = self.run(&["pull"]);
        assert!(
            again.stderr().starts_with("nothing new in ") && again.stderr().lines().count() == 1,
            "{}",
            again.stderr()
        );
        assert!(found.contains(tip.trim()) && !found.contains("tmp_objdir"), "{found}");
    }

    fn container(&self) -> String {
        let listed: Vec<serde_json::Value> =
            serde_json::from_str(&self.run(&["list", "--format", "json"]).expect(0)).unwrap();
        let own = listed.iter().find(|one| Path::new(text(&one["workspace"])) == self.project).unwrap();
        text(&own["container"]).to_owned()
    }
}

#[test]
fn whatever_is_killed_leaves_nothing_and_opens_nothing() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let rounds = number("SOAK_ROUNDS").unwrap_or(2);
    let seed = number("SOAK_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("SOAK_SEED={seed} SOAK_ROUNDS={rounds}");
    let user = User::with(CONFIG);
    let canary = Canary::new();
    assert!(canary.is_alive());
    canary.hits.swap(0, Ordering::SeqCst);
    let knock = KNOCK.replace("{HOSTS}", &host_addresses().join(" ")).replace("{PORT}", &canary.port.to_string());
    let projects: Vec<PathBuf> = (0..WORKERS.len()).map(|number| user.another(&number.to_string())).collect();
    WORKERS.iter().zip(&projects).for_each(|(kind, project)| kind.prepare(project));
    let before: Vec<_> = projects.iter().map(|project| names_in(project)).collect();
    std::thread::scope(|scope| {
        for ((number, project), kind) in (1..).zip(&projects).zip(WORKERS) {
            let dice = Dice(seed.wrapping_mul(31).wrapping_add(number));
            let mut worker = Worker { user: &user, project: project.clone(), kind, knock: knock.clone(), dice };
            scope.spawn(move || (0..rounds).for_each(|round| worker.go_round(round)));
        }
    });
    assert_eq!(canary.hits.load(Ordering::SeqCst), 0, "somebody came through");
    assert!(canary.is_alive());
    nothing_is_left(&user);
    for (project, before) in projects.iter().zip(before) {
        assert_eq!(names_in(project), before, "in {project:?}");
    }
}

/// The engine may still be busy with a request of a program that was killed: what it makes then, a next command removes.
fn nothing_is_left(user: &User) {
    let left = || {
        user.run(&["gc", "--yes"]).expect(0);
        user.run(&["shutdown"]).expect(0);
        left(user)
    };
    let mut last = left();
    for _ in 0..20 {
        if last.is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(250));
        last = left();
    }
    panic!("left: {last:?}");
}

/// Everything of the user's in the engine, among processes, and in the folders of state and data.
fn left(user: &User) -> Vec<String> {
    let root = user.root.path().canonicalize().unwrap();
    let label = format!("label=cloister.workspace={}", root.display());
    let mut left = Vec::new();
    for kind in ["container", "network", "volume"] {
        let all = if kind == "container" { &["--all"][..] } else { &[] };
        let mut list = Command::new("docker");
        let listed = list.args([kind, "ls", "--format", "{{.Labels}}", "--filter", "label=cloister.user"]).args(all);
        let labels = String::from_utf8(listed.output().unwrap().stdout).unwrap();
        let own = label.trim_start_matches("label=");
        left.extend(labels.lines().filter(|line| line.contains(own)).map(|line| format!("{kind}: {line}")));
    }
    for number in 0..WORKERS.len() {
        let project = root.join(number.to_string()).join("project");
        let id = cloister::ident::SandboxId::derive(rustix::process::geteuid().as_raw(), &project);
        let label = format!("label=cloister.sandbox={}", id.as_str());
        let images = Command::new("docker").args(["images", "--quiet", "--filter", &label]).output().unwrap().stdout;
        left.extend(String::from_utf8(images).unwrap().lines().map(|image| format!("image of {number}: {image}")));
    }
    for folder in ["STATE/cloister/sandboxes", "DATA/cloister/homes"] {
        let folder = root.join(folder);
        left.extend(if exists(&folder) { names_in(&folder) } else { Vec::new() });
    }
    let own = format!("HOME={}", user.root.path().display()).into_bytes();
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
        if environment.split(|byte| *byte == 0).any(|variable| variable == own) {
            left.push(format!("{process:?}"));
        }
    }
    left
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
