//! What an agent does to the workspace, and what its user does next, one object of data each:
//! `tests/golden/workspace/*.json`.
//!
//! `{SECRET}` is a folder of the user's outside the project, `{PWN}` a file that what the agent leaves would make, `{OWNER}`
//! the user's id. After every story the folder is as it was, what stands in it was printed nowhere, and the file is absent.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::super::attempts::cases;
use super::super::{Ran, User, exists};
use super::{PLAIN, own, tree, user};

const SECRET: &str = "hunter2-4711";
/// Longest time that a command of the user's takes, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    id: String,
    why: String,
    /// Whether the project is no repository.
    #[serde(default)]
    plain: bool,
    /// Whether the agent works on a clone.
    #[serde(default)]
    clone: bool,
    /// Size of a file system that holds the project alone.
    disk: Option<String>,
    /// What else is in the project before the start.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// Whether the project is at the end as it was, once the sandbox is stopped.
    #[serde(default)]
    leaves_nothing: bool,
    #[serde(default = "once")]
    rounds: u32,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    who: Who,
    run: String,
    /// Any of these.
    #[serde(default = "success")]
    code: Vec<i32>,
    /// All of standard output.
    prints: Option<String>,
    /// Parts of what is printed, in any order.
    #[serde(default)]
    says: Vec<String>,
    #[serde(default)]
    lacks: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Who {
    /// A script for sh in the sandbox.
    Agent,
    /// Words for cloister.
    User,
    /// A script for sh on the host, in the project.
    Host,
}

fn once() -> u32 {
    1
}

fn success() -> Vec<i32> {
    vec![0]
}

/// A file system on the project, until it goes.
struct Disk(PathBuf);

impl Disk {
    fn new(folder: &Path, size: &str) -> Self {
        let options = format!("size={size},mode=755");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(folder).status();
        assert!(mounted.unwrap().success(), "this test mounts, and needs root");
        Self(folder.to_owned())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _gone = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// A project, its user, and what lies outside.
struct Scene {
    // goes before the user does, whose folder is removed then
    _disk: Option<Disk>,
    user: User,
    secret: PathBuf,
}

impl Scene {
    fn new(story: &Story) -> Self {
        let user = if story.plain { User::with(PLAIN) } else { user() };
        let disk = story.disk.as_ref().map(|size| Disk::new(&user.project, size));
        if disk.is_some() {
            std::fs::create_dir(user.project.join(".devcontainer")).unwrap();
            user.configure(PLAIN);
        }
        for (name, text) in &story.files {
            let path = user.project.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let secret = user.project.with_file_name("secret");
        std::fs::create_dir(&secret).unwrap();
        std::fs::write(secret.join("Makefile"), SECRET).unwrap();
        own(&user, &user.project);
        own(&user, &secret);
        Self { _disk: disk, user, secret }
    }

    fn fill(&self, text: &str) -> String {
        use std::os::unix::fs::MetadataExt;
        text.replace("{SECRET}", self.secret.to_str().unwrap())
            .replace("{PWN}", self.pwn().to_str().unwrap())
            .replace("{OWNER}", &self.user.project.metadata().unwrap().uid().to_string())
    }

    fn pwn(&self) -> PathBuf {
        self.user.project.with_file_name("pwn")
    }

    fn run(&self, step: &Step) -> Ran {
        let text = self.fill(&step.run);
        match step.who {
            Who::Agent => self.user.shell(&text),
            Who::User => self.user.run(&text.split_whitespace().collect::<Vec<_>>()),
            Who::Host => Ran(Command::new("sh").args(["-c", &text]).current_dir(&self.user.project).output().unwrap()),
        }
    }

    /// Runs one step; what went otherwise than it says.
    fn surprise(&self, step: &Step) -> Option<String> {
        let began = Instant::now();
        let ran = self.run(step);
        let took = began.elapsed();
        let said = ran.stdout() + &ran.stderr();
        let holds = ran.0.status.code().is_some_and(|code| step.code.contains(&code))
            && step.prints.as_ref().is_none_or(|prints| *prints == ran.stdout())
            && step.says.iter().all(|part| said.contains(&self.fill(part)))
            && !step.lacks.iter().any(|part| said.contains(part))
            && !said.contains(SECRET)
            && took < PATIENCE;
        (!holds).then(|| format!("`{}` ended with {:?} after {took:?}\n{said}", step.run, ran.0.status.code()))
    }

    /// What is not as it was outside of the project.
    fn damage(&self) -> Option<&'static str> {
        let kept = std::fs::read_to_string(self.secret.join("Makefile")).ok().as_deref() == Some(SECRET);
        if !kept || tree(&self.secret).len() != 1 {
            return Some("something outside of the project changed");
        }
        exists(&self.pwn()).then_some("something of the agent's ran on the host")
    }
}

/// Plays a story; what went otherwise.
fn play(story: &Story) -> Option<String> {
    let scene = Scene::new(story);
    let project = &scene.user.project;
    let before = tree(project);
    let clone = story.clone.then_some("--clone");
    scene.user.run(&["start", "--detach"].into_iter().chain(clone).collect::<Vec<_>>()).expect(0);
    let steps = (0..story.rounds).flat_map(|_| &story.steps);
    let surprise = steps.into_iter().find_map(|step| scene.surprise(step));
    scene.user.run(&["shutdown"]).expect(0);
    let left = story.leaves_nothing && tree(project) != before;
    surprise
        .or_else(|| scene.damage().map(str::to_owned))
        .or_else(|| left.then(|| "something is left in the project".to_owned()))
}

#[test]
fn every_story_ends_as_it_should() {
    let stories = cases::<Story>("workspace");
    let surprises: Vec<String> = stories
        .iter()
        .filter_map(|story| play(story).map(|found| format!("{}, because {}: {found}", story.id, story.why)))
        .collect();
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}
