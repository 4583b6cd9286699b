//! Commands in a folder of their own, as far as no engine is needed: what is said, and with which exit code.
#![expect(clippy::disallowed_methods, reason = "adapter: runs the program in folders that it makes")]

mod policy;

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

    /// Writes the user's own configuration.
    fn settings(&self, text: &str) {
        if !text.is_empty() {
            let folder = self.root.path().join("CONFIG/cloister");
            std::fs::create_dir_all(&folder).expect("a folder can be made");
            std::fs::write(folder.join("config.json5"), text).expect("a file can be written");
        }
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
fn a_build_that_waits_for_approval_is_refused() {
    let user = User::with(&[
        (".devcontainer/devcontainer.json", r#"{ "build": { "dockerfile": "Dockerfile" } }"#),
        (".devcontainer/Dockerfile", "FROM debian:bookworm\nADD https://example.com/tool /tool\n"),
    ]);
    let plan = user.run(&["plan"]);
    assert_eq!(plan.code, Some(3), "{}", plan.stderr);
    assert!(plan.stdout.starts_with("project · refused: the engine itself would fetch this"), "{}", plan.stdout);
    assert!(plan.stdout.contains("cloister trust --build"), "{}", plan.stdout);
    let start = user.run(&["start", "--", "true"]);
    assert_eq!((start.code, start.stdout.as_str()), (Some(3), ""), "{}", start.stderr);
    assert!(start.stderr.contains("the plan is refused, nothing was started"), "{}", start.stderr);
}

/// A plan that said ready would send people to a start that says no.
#[test]
fn what_a_start_refuses_a_plan_refuses_too() {
    let head = (".git/HEAD", "ref: refs/heads/main\n");
    let certificates = "{ network: { caBundle: '/nowhere/ca.pem' } }";
    let cases = [
        (&[head][..], "", &["--clone"][..], "it has no commit yet", "make one first: git commit"),
        (&[], "", &["--clone"], "it is no repository", "make it one: git init, and a first commit"),
        (
            &[],
            certificates,
            &[],
            "your certificates cannot be read: could not open `/nowhere/ca.pem`",
            "put a PEM file there",
        ),
    ];
    for (files, settings, arguments, reason, help) in cases {
        let user = User::with(files);
        user.settings(settings);
        let plan = user.run(&[&["plan"], arguments].concat());
        let start = user.run(&[&["start"], arguments].concat());
        for (said, code) in [(&plan.stdout, plan.code), (&start.stderr, start.code)] {
            let joined = said.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(code, Some(3), "{said}");
            assert!(
                joined.starts_with("project · refused: ") && joined.contains(reason) && joined.contains(help),
                "{said}"
            );
        }
    }
    let other = User::with(&[head, (".git/refs/heads/main", "1234")]);
    assert!(other.run(&["plan", "--clone"]).stdout.starts_with("project · ready"));
}

/// The first line is all that some people read.
#[test]
fn a_refusal_names_what_it_is_about() {
    let cases = [
        (r#"{ "image": "" }"#, "`image`: it is empty", "an image reads like name:tag"),
        (r#"{ "image": "debian", "remoteUser": "-x" }"#, "`remoteUser`: it begins with a hyphen", ""),
        (r#"{ "build": { "dockerfile": "Nope" } }"#, "the Dockerfile is not there", "write it, or correct the path"),
        (
            r#"{ "build": { "dockerfile": "folder" } }"#,
            "the Dockerfile is no file below the opened folder that can be read",
            "put a file in its place",
        ),
        (
            r#"{ "image": "debian", "features": { "ghcr.io/a/b:1": {} } }"#,
            "this version does not build Features",
            "use an image that has them built in",
        ),
        ("", "the file is empty", ""),
    ];
    for (config, headline, help) in cases {
        let user = User::with(&[(".devcontainer/devcontainer.json", config), (".devcontainer/folder/x", "")]);
        let plan = user.run(&["plan", "--root-workspace"]);
        assert_eq!(plan.code, Some(3), "{}", plan.stdout);
        let joined = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(joined.starts_with(&format!("project · refused: {headline}")), "{}", plan.stdout);
        assert!(joined.contains(help) && !joined.contains(" waits "), "{}", plan.stdout);
    }
}

#[test]
fn a_folder_of_roots_is_planned_and_said_not_to_start() {
    let user = User::with(&[]);
    std::os::unix::fs::chown(user.project(), Some(0), Some(0)).expect("the tests run as root");
    let plan = user.run(&["plan"]);
    assert_eq!(plan.code, Some(0), "{}", plan.stderr);
    let joined = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(joined.contains("cloister start refuses it: it belongs to root"), "{}", plan.stdout);
    assert!(joined.contains("once it is a user's: cloister start"), "{}", plan.stdout);
    assert_eq!(user.run(&["start"]).code, Some(3));
    let accepted = user.run(&["plan", "--root-workspace"]).stdout;
    assert!(accepted.contains("start it: cloister start") && !accepted.contains("refuses"), "{accepted}");
}

#[test]
fn several_configurations_are_counted_whatever_they_are_called() {
    let user =
        User::with(&[(".devcontainer/a, b/devcontainer.json", "{}"), (".devcontainer/c/devcontainer.json", "{}")]);
    let text = user.run(&["plan"]);
    assert!(text.stdout.contains("  2 configurations\n"), "{}", text.stdout);
    assert!(!text.stdout.contains("no devcontainer.json"), "{}", text.stdout);
}

#[test]
fn a_command_without_dashes_is_told_where_it_stands() {
    let user = User::with(&[]);
    for (arguments, code) in
        [(&["start", "ls"][..], 1), (&["exec", "ls"], 2), (&["exec", "ls", "-l"], 2), (&["start", "ls", "-l"], 2)]
    {
        let said = user.run(arguments);
        assert_eq!(said.code, Some(code), "{arguments:?}: {}", said.stderr);
        assert!(said.stderr.contains("a command stands behind `--`"), "{arguments:?}: {}", said.stderr);
    }
    for arguments in [&["list", "-x"][..], &["gc", "--no"]] {
        assert!(!user.run(arguments).stderr.contains("behind `--`"), "{arguments:?}");
    }
}

#[test]
fn several_configurations_are_a_refused_plan_that_lists_them() {
    let names = [".devcontainer/a/devcontainer.json", ".devcontainer/b/devcontainer.json"];
    let user = User::with(&names.map(|name| (name, r#"{ "image": "debian:bookworm" }"#)));
    let text = user.run(&["plan"]);
    assert_eq!(text.code, Some(3), "{}", text.stderr);
    assert!(text.stdout.starts_with("project · refused: the folder has several configurations"), "{}", text.stdout);
    let json = user.run(&["plan", "--format", "json"]);
    assert_eq!((json.code, json.stderr.as_str()), (Some(3), ""));
    let plan: serde_json::Value = serde_json::from_str(&json.stdout).expect("it is JSON");
    assert_eq!((&plan["outcome"], &plan["findings"][0]["code"]), (&"refused".into(), &"several-configurations".into()));
    let start = user.run(&["start", "--", "true"]);
    assert_eq!(start.code, Some(3), "{}", start.stderr);
    for said in [&text.stdout, &json.stdout, &start.stderr] {
        let joined = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(names.iter().all(|name| joined.contains(name)) && joined.contains("--config "), "{said}");
    }
    assert_eq!(user.run(&["plan", "--config", names[1]]).code, Some(0));
}

#[test]
fn a_mistake_is_reported_once() {
    let cases = [
        ("{ \"image\": 3 }", 3, "`image`"),
        ("{ \"image\": \"x\" \"name\": \"y\" }", 3, "a comma is missing"),
        ("{ \"image\": \"x\", \"imagee\": \"y\" }", 0, "imagee"),
    ];
    for (text, code, said) in cases {
        let user = User::with(&[(".devcontainer.json", text)]);
        let plan = user.run(&["plan"]);
        assert_eq!(plan.code, Some(code), "{}", plan.stderr);
        let both = plan.stdout.clone() + &plan.stderr;
        let shown = both.matches(&text[2..text.len() - 2]).count();
        assert!(both.contains(said) && shown == 1, "{text}: the line is shown {shown} times\n{both}");
        let json = user.run(&["plan", "--format", "json"]);
        assert!(json.stdout.contains("findings") && json.stderr.contains(said), "{}", json.stderr);
    }
}

#[test]
fn what_cannot_be_opened_comes_with_a_hint() {
    let user = User::with(&[(".devcontainer.json/x", "")]);
    let config = user.root.path().join("CONFIG/cloister/config.json5");
    std::fs::create_dir_all(&config).expect("a folder can be made");
    let folder = user.run(&["plan"]);
    assert!(
        folder.stderr.contains("config.json5") && folder.stderr.contains("hint: make it a regular file"),
        "{}",
        folder.stderr
    );
    std::fs::remove_dir(&config).expect("a folder can be removed");
    let cases: [(&[&str], i32, &str); 6] = [
        (&["plan"], 3, "help: put a file in its place, or name another one: --config FILE"),
        (&["plan", "--config", ".devcontainer.json"], 3, "the configuration is not a regular file"),
        (&["plan", "--config", "/tmp"], 1, "another file is named so: --config FILE"),
        (&["plan", "nowhere"], 1, "hint: name the folder of a project"),
        (&["plan", ".devcontainer.json/x"], 1, "a configuration is named so: --config .devcontainer.json/x"),
        (&["plan", "--config", "nowhere.json"], 1, "hint: name a file that is there"),
    ];
    for (arguments, code, hint) in cases {
        let said = user.run(arguments);
        assert_eq!(said.code, Some(code), "{}", said.stderr);
        assert!(said.stderr.contains(hint), "{arguments:?}: {}", said.stderr);
    }
}

#[test]
fn below_a_repository_the_plan_says_whose_configuration_does_not_count() {
    let user = User::with(&[
        (".git/objects/x", ""),
        (".git/refs/x", ""),
        (".git/HEAD", "ref: refs/heads/main\n"),
        (".devcontainer.json", r#"{ "image": "debian:bookworm" }"#),
        ("api/x", ""),
    ]);
    let plan = user.run(&["plan", "api"]);
    assert_eq!(plan.code, Some(0), "{}", plan.stderr);
    let words = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("counts for that folder alone: "), "{words}");
    assert!(!user.run(&["plan"]).stdout.contains("counts for"));
}

const SETUP: &str = r#"{ "image": "debian:bookworm", "postCreateCommand": "sudo apt-get install -y jq" }"#;

#[test]
fn a_request_is_approved_for_its_exact_content_and_asked_again_after_a_change() {
    let user = User::with(&[(".devcontainer.json", SETUP)]);
    let listed = |user: &User| -> serde_json::Value {
        let said = user.run(&["trust", "--list", "--format", "json"]);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        serde_json::from_str(&said.stdout).expect("it is JSON")
    };
    let first = listed(&user);
    assert_eq!((&first[0]["state"], first.as_array().map(Vec::len)), (&"pending".into(), Some(1)));
    let digest = first[0]["digest"].as_str().expect("it has a digest").to_owned();
    let plan = user.run(&["plan"]);
    assert!(plan.stdout.contains("to allow this exact text: cloister trust --hook postCreate"), "{}", plan.stdout);

    let asked = user.run(&["trust"]);
    assert_eq!(asked.code, Some(1), "nobody is there to answer");
    assert!(asked.stderr.contains("nothing was approved") && asked.stderr.contains("--digest"), "{}", asked.stderr);
    assert_eq!(user.run(&["trust", "--yes"]).code, Some(2), "--yes approves what --digest names");
    assert_eq!(user.run(&["trust", "--yes", "--digest", "sha256:1"]).code, Some(2));
    let other = format!("sha256:{}", "0".repeat(64));
    assert_eq!(user.run(&["trust", "--yes", "--digest", &other]).code, Some(3));
    assert_eq!(listed(&user)[0]["state"], "pending");

    let said = user.run(&["trust", "--yes", "--digest", &digest]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stderr.contains("approved: postCreateCommand"), "{}", said.stderr);
    assert_eq!(listed(&user)[0]["state"], "approved");

    let file = user.project().join(".devcontainer.json");
    std::fs::write(&file, SETUP.replace("jq", "jq  ")).expect("a file can be written");
    let changed = listed(&user);
    assert_eq!((&changed[0]["state"], &changed[1]["state"]), (&"changed".into(), &"unused".into()));
    assert_eq!(changed[0]["was"], "sudo apt-get install -y jq");
    assert_eq!(user.run(&["trust", "--yes", "--digest", &digest]).code, Some(3), "nothing asks for that now");
    std::fs::write(&file, SETUP).expect("a file can be written");
    assert_eq!(listed(&user)[0]["state"], "approved");

    assert!(user.run(&["trust", "--revoke", "--hook", "onCreate"]).stderr.contains("nothing of this is approved"));
    assert_eq!(user.run(&["trust", "--revoke", "--hook", "postCreate"]).code, Some(0));
    assert_eq!(listed(&user)[0]["state"], "pending");
}

#[test]
fn a_broken_file_of_approvals_stops_everything_and_says_what_to_do() {
    let user = User::with(&[(".devcontainer.json", SETUP)]);
    let listed: serde_json::Value =
        serde_json::from_str(&user.run(&["trust", "--list", "--format", "json"]).stdout).expect("it is JSON");
    user.run(&["trust", "--yes", "--digest", listed[0]["digest"].as_str().expect("it has a digest")]);
    let folder = user.root.path().join("STATE/cloister/approvals");
    let files = std::fs::read_dir(&folder).expect("there are approvals");
    let mut paths = files.map(|entry| entry.expect("there are approvals").path());
    let path = paths.find(|path| path.extension().is_some()).expect("there is a file");
    std::fs::write(&path, "{").expect("a file can be written");
    for command in [&["plan"][..], &["start", "-d"], &["trust", "--list"], &["trust", "--revoke"]] {
        let said = user.run(command);
        assert_eq!(said.code, Some(1), "{command:?}: {}", said.stderr);
        assert!(said.stderr.contains("hint: remove it, then approve again"), "{command:?}: {}", said.stderr);
    }
}

#[test]
fn nothing_in_a_repository_is_an_approval() {
    let user = User::with(&[(".devcontainer.json", SETUP)]);
    let project = user.project();
    let listed = user.run(&["trust", "--list", "--format", "json"]).stdout;
    let digest = serde_json::from_str::<serde_json::Value>(&listed).expect("it is JSON")[0]["digest"].clone();
    let forged = format!(r#"{{ "approvals": {{ {digest}: true }} }}"#);
    for place in [".cloister/approvals.json", "approvals.json", "cloister.json", ".config/cloister/config.json5"] {
        let path = project.join(place);
        std::fs::create_dir_all(path.parent().expect("it is below the project")).expect("a folder can be made");
        std::fs::write(path, &forged).expect("a file can be written");
    }
    assert_eq!(user.run(&["trust", "--list", "--format", "json"]).stdout, listed);
    assert!(listed.contains("pending"));
}

#[test]
fn the_doctor_says_what_is_missing_and_makes_nothing() {
    let user = User::with(&[]);
    let said = user.run(&["doctor", "--format", "json"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(1), ""));
    let report: serde_json::Value = serde_json::from_str(&said.stdout).expect("it is JSON");
    let of = |id: &str| report["checks"].as_array().unwrap().iter().find(|check| check["id"] == id).unwrap().clone();
    assert_eq!((&report["works"], &of("engine")["status"]), (&false.into(), &"failure".into()), "{report:#}");
    assert!(of("engine")["hint"].as_str().unwrap().contains("DOCKER_HOST"), "{report:#}");
    assert_eq!((&of("seal")["seen"], &of("folder")["status"]), (&"not tried".into(), &"ok".into()), "{report:#}");
    for name in ["CONFIG", "STATE", "DATA", "CACHE"] {
        assert!(!user.root.path().join(name).exists(), "{name}");
    }
    let text = user.run(&["doctor"]);
    assert!(text.stdout.ends_with("\nno sandbox can be started: engine\n"), "{}", text.stdout);
}

#[test]
fn the_doctor_tells_a_broken_configuration() {
    let user = User::with(&[("../CONFIG/cloister/config.json5", "{ alow: [] }")]);
    let said = user.run(&["doctor"]);
    assert_eq!(said.code, Some(1), "{}", said.stdout);
    assert!(said.stdout.contains("failure  configuration"), "{}", said.stdout);
    assert!(said.stdout.ends_with("no sandbox can be started: engine, configuration\n"), "{}", said.stdout);
}
