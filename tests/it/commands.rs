//! Commands in a folder of their own, as far as no engine is needed: what is said, and with which exit code.
#![expect(clippy::disallowed_methods, reason = "adapter: runs the program in folders that it makes")]

use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A user with a project, and no engine.
struct User {
    root: TempDir,
}

/// What a command said.
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl User {
    /// Returns a user whose project has these files.
    fn with(files: &[(&str, &str)]) -> Self {
        let user = Self { root: tempfile::tempdir().expect("a folder can be made") };
        std::fs::create_dir_all(user.project()).expect("a folder can be made");
        for (name, text) in files {
            let path = user.project().join(name);
            std::fs::create_dir_all(path.parent().expect("it is below the project")).expect("a folder can be made");
            std::fs::write(path, text).expect("a file can be written");
        }
        user
    }

    fn project(&self) -> PathBuf {
        self.root.path().join("project")
    }

    fn run(&self, arguments: &[&str]) -> Said {
        self.run_with(arguments, &[])
    }

    fn run_with(&self, arguments: &[&str], env: &[(&str, &str)]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloister"));
        command.args(arguments).current_dir(self.project()).stdin(Stdio::null()).env("HOME", self.root.path());
        for name in ["CONFIG", "STATE", "DATA", "CACHE"] {
            command.env(format!("XDG_{name}_HOME"), self.root.path().join(name));
        }
        command.env("DOCKER_HOST", "unix:///nowhere/engine.sock").envs(env.iter().copied());
        let output = command.output().expect("the program runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

#[test]
fn an_image_that_has_to_be_built_is_planned_and_not_started() {
    let user = User::with(&[
        (".devcontainer/devcontainer.json", r#"{ "build": { "dockerfile": "Dockerfile" } }"#),
        (".devcontainer/Dockerfile", "FROM debian:bookworm\n"),
    ]);
    let plan = user.run(&["plan"]);
    assert_eq!(plan.code, Some(0), "{}", plan.stderr);
    assert!(plan.stdout.starts_with("project · planned, not built yet, with"), "{}", plan.stdout);
    assert!(plan.stdout.contains("not-yet") && !plan.stdout.contains("start it"), "{}", plan.stdout);
    let start = user.run(&["start", "--", "true"]);
    assert_eq!((start.code, start.stdout.as_str()), (Some(3), ""), "{}", start.stderr);
    assert!(start.stderr.contains("has to be built") && start.stderr.contains("hint: build it"), "{}", start.stderr);
}
