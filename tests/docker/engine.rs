//! Sandboxes on a real engine, through the program itself: what is made, what runs in it, and what is left.

mod approvals;
mod attempts;
mod away;
mod beside;
mod broken;
mod builds;
mod container;
mod credentials;
mod doctor;
mod drift;
mod faults;
mod images;
mod instances;
mod interference;
mod lifecycle;
mod load;
mod network;
mod processes;
mod properties;
mod pulls;
mod readings;
mod refused;
mod requests;
mod room;
mod setup;
mod soak;
mod sockets;
mod stops;
mod strict;
mod terminal;
mod workspace;

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cloister::engine::Engine;
use cloister::engine::endpoint::{DEFAULT_SOCKET, Endpoint};
use serde_json::Value;
use tempfile::TempDir;

/// Owner of the project when the tests run as root, who is no owner that a sandbox takes.
const OWNER: u32 = 1000;

/// A user of their own: folders, guardian and one project.
pub(crate) struct User {
    pub(crate) root: TempDir,
    pub(crate) project: PathBuf,
}

impl User {
    /// Returns a user whose project has this configuration.
    pub(crate) fn with(config: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let project = root.path().canonicalize().unwrap().join("project");
        std::fs::create_dir_all(project.join(".devcontainer")).unwrap();
        let user = Self { root, project };
        user.configure(config);
        user.allow(&serde_json::json!({}));
        user
    }

    pub(crate) fn configure(&self, config: &str) {
        let folder = self.project.join(".devcontainer");
        std::fs::write(folder.join("devcontainer.json"), config).unwrap();
        own(&[&self.project, &folder, &folder.join("devcontainer.json")]);
    }

    /// Makes another project of the same name and configuration, in a folder of its own.
    pub(crate) fn another(&self, folder: &str) -> PathBuf {
        let from = self.project.join(".devcontainer");
        let project = self.project.with_file_name(folder).join("project");
        let to = project.join(".devcontainer");
        std::fs::create_dir_all(&to).unwrap();
        std::fs::copy(from.join("devcontainer.json"), to.join("devcontainer.json")).unwrap();
        own(&[&project, &to, &to.join("devcontainer.json")]);
        project
    }

    /// Writes the user's own configuration. Where it does not say otherwise nobody is asked: nobody is there to answer.
    pub(crate) fn allow(&self, config: &Value) {
        let folder = self.root.path().join("CONFIG/cloister");
        std::fs::create_dir_all(&folder).unwrap();
        let mut config = config.clone();
        if config["approvals"].is_null() {
            config["approvals"] = serde_json::json!({ "hold": 0 });
        }
        std::fs::write(folder.join("config.json5"), config.to_string()).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloister"));
        command.args(arguments).current_dir(&self.project).env("HOME", self.root.path());
        for name in ["CONFIG", "STATE", "DATA", "CACHE"] {
            command.env(format!("XDG_{name}_HOME"), self.root.path().join(name));
        }
        command
    }

    /// Runs cloister in the project and returns what came of it.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran(self.command(arguments).output().unwrap())
    }

    /// Starts the sandbox and stays outside.
    pub(crate) fn start(&self) -> Value {
        self.run(&["start", "--detach"]).expect(0);
        let listed = self.listed();
        assert_eq!(listed.len(), 1, "{listed:?}");
        listed[0].clone()
    }

    pub(crate) fn listed(&self) -> Vec<Value> {
        serde_json::from_str(&self.run(&["list", "--format", "json"]).expect(0)).unwrap()
    }

    /// Runs a shell script in the sandbox.
    pub(crate) fn shell(&self, script: &str) -> Ran {
        self.run(&["exec", "--", "sh", "-c", script])
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.root.path().join("STATE/cloister")
    }
}

/// Gives paths to the owner of projects.
fn own(paths: &[&Path]) {
    if rustix::process::geteuid().is_root() {
        paths.iter().for_each(|path| chown(path, Some(OWNER), Some(OWNER)).unwrap());
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let end = |words: &[&str]| self.command(words).output().is_ok_and(|ended| ended.status.success());
        let mut all = end(&["shutdown"]) && end(&["gc", "--yes"]);
        // A clone with something in it goes by name only.
        let left = self.command(&["list", "--all", "--format", "json"]).output();
        let left = left.map(|left| serde_json::from_slice::<Vec<Value>>(&left.stdout).unwrap_or_default());
        for one in left.unwrap_or_default() {
            all &= end(&["gc", "--yes", text(&one["name"])]);
        }
        assert!(std::thread::panicking() || all, "nothing may be left");
    }
}

/// What came of a command.
pub(crate) struct Ran(pub(crate) Output);

impl Ran {
    /// Returns standard output if the exit code is this one.
    pub(crate) fn expect(&self, code: i32) -> String {
        assert_eq!(self.0.status.code(), Some(code), "{}{}", self.stdout(), self.stderr());
        self.stdout()
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }
}

async fn engine() -> Engine {
    Engine::at(Endpoint::Unix(DEFAULT_SOCKET.into())).await.unwrap()
}

/// Returns what the engine says of a thing, as JSON: `containers/NAME/json` and the like.
pub(crate) fn inspect(kind: &str, name: &str) -> Option<Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let docker = engine().await.docker;
        match kind {
            "container" => {
                docker.inspect_container(name, None).await.ok().map(|found| serde_json::to_value(found).unwrap())
            }
            "network" => {
                docker.inspect_network(name, None).await.ok().map(|found| serde_json::to_value(found).unwrap())
            }
            _ => unreachable!(),
        }
    })
}

/// Name of the guardian of a user.
fn guardian(user: &User) -> String {
    let state = user.state();
    cloister::engine::names::guardian(&cloister::engine::names::instance(rustix::process::geteuid().as_raw(), &state))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(crate) fn exists(path: &Path) -> bool {
    path.try_exists().unwrap_or(false)
}
