//! What an agent leaves is told: when the sandbox stops, on demand, and when it ended by itself.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use super::super::{Ran, User, text};
use super::{PLAIN, git, own, user};

/// Runs a review and returns the paths that it lists, with their kind.
fn review(user: &User) -> Vec<(String, String)> {
    let began = Instant::now();
    let found = user.run(&["review", "--format", "json"]).expect(0);
    assert!(began.elapsed() < Duration::from_secs(10), "it waited for something");
    let found: serde_json::Value = serde_json::from_str(&found).unwrap();
    assert_eq!(found["complete"], true);
    let pair = |one: &serde_json::Value| (text(&one["kind"]).to_owned(), text(&one["path"]).to_owned());
    found["changes"].as_array().unwrap().iter().map(pair).collect()
}

fn listed(user: &User, marks: &[(&str, &str)]) {
    let found = review(user);
    for (kind, path) in marks {
        assert!(found.contains(&((*kind).to_owned(), (*path).to_owned())), "{kind} {path}: {found:?}");
    }
    assert_eq!(found.len(), marks.len(), "{found:?}");
}

/// WS-006, WS-007, WS-016, WS-018.
#[test]
fn what_an_agent_leaves_is_told() {
    let user = user();
    for path in ["Makefile", ".envrc", ".pre-commit-config.yaml", ".github/workflows/ci.yml", "unchanged/Makefile"] {
        let path = user.project.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "test\n").unwrap();
    }
    std::fs::write(user.project.join("package.json"), r#"{ "scripts": { "x": "test" } }"#).unwrap();
    own(&user, &user.project);
    user.start();
    listed(&user, &[]);
    user.shell(
        "set -e
        sed -i s/test/evil/ package.json Makefile .envrc .pre-commit-config.yaml .github/workflows/*
        touch unchanged/Makefile
        git init -q lib; git -C lib commit -q --allow-empty -m x; git add lib
        git -C lib config core.fsmonitor 'touch /tmp/pwn'
        git init -q --bare bare; echo evil > bare/hooks/post-update
        mkfifo pipe; ln -s /etc/passwd out; touch program; ! chmod 4755 program || exit 1
        python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"socket\")'
        printf 'evil\\033[2J' > \"$(printf 'a\\033[2Jb.code-workspace')\"
        mkdir -p .git/modules/x/hooks; touch .git/modules/x/HEAD; echo evil > .git/modules/x/hooks/post-checkout
        echo evil > .mcp.json",
    )
    .expect(0);
    // Inside nobody can; another way to the folder could.
    std::fs::set_permissions(user.project.join("program"), std::fs::Permissions::from_mode(0o4755)).unwrap();
    let marks = [
        ("git", ".git/modules/x/hooks/post-checkout"),
        ("git", "bare/config"),
        ("git", "bare/hooks/post-update"),
        ("git", "bare/info/exclude"),
        ("git", "lib/.git/config"),
        ("git", "lib/.git/info/exclude"),
        ("repository", "bare"),
        ("repository", "lib/.git"),
        ("tool", ".envrc"),
        ("tool", ".mcp.json"),
        ("tool", ".pre-commit-config.yaml"),
        ("tool", "a\u{1b}[2Jb.code-workspace"),
        ("build", ".github/workflows/ci.yml"),
        ("build", "Makefile"),
        ("build", "package.json"),
        ("setuid", "program"),
        ("link", "out"),
        ("special", "pipe"),
        ("special", "socket"),
    ];
    listed(&user, &marks);
    let stopped = user.run(&["stop"]);
    stopped.expect(0);
    let told = stopped.stderr();
    for part in ["nested-repo   bare (new), lib/.git (new)", "Makefile, package.json", "a\\u{1b}[2Jb.code-workspace"] {
        assert!(told.contains(part), "{told}");
    }
    assert!(!told.contains('\u{1b}'), "{told:?}");
    listed(&user, &marks);
    assert!(!user.run(&["stop"]).stderr().contains("nested-repo"), "told once");
}

#[test]
fn an_end_that_nobody_saw_does_not_keep_it_secret() {
    let told = |ran: Ran| ran.stderr().contains(".mcp.json (new)");
    let user = user();
    let plant = |user: &User| {
        let container = text(&user.start()["container"]).to_owned();
        user.shell("echo evil > .mcp.json").expect(0);
        assert!(Command::new("docker").args(["rm", "--force", &container]).output().unwrap().status.success());
        user.listed();
    };
    plant(&user);
    assert!(told(user.run(&["stop"])));
    std::fs::remove_file(user.project.join(".mcp.json")).unwrap();
    plant(&user);
    // The container of this one is made, and cannot run.
    user.configure(r#"{ "image": "debian:bookworm", "runArgs": ["--ulimit", "data=4096:4096"] }"#);
    let failed = user.run(&["start", "--detach"]);
    failed.expect(1);
    assert!(!told(failed));
    user.configure(PLAIN);
    assert!(told(user.run(&["start", "--detach"])), "the next life tells of the one before");
    assert!(!told(user.run(&["start", "--rebuild", "--detach"])), "and not twice");
}

/// The kernel takes a mount away when its name is replaced from outside, as git does with its configuration.
#[test]
fn a_cover_that_was_lost_is_told() {
    let user = user();
    user.start();
    assert!(!user.run(&["exec", "--", "true"]).stderr().contains("replaced on this machine"));
    for value in ["one", "two"] {
        git(&user.project, &["config", "some.thing", value]);
    }
    for arguments in [&["exec", "--", "true"][..], &["start", "--", "true"]] {
        let ran = user.run(arguments);
        ran.expect(0);
        assert!(ran.stderr().contains("`.git/config` was replaced on this machine"), "{}", ran.stderr());
    }
    let rebuilt = user.run(&["start", "--rebuild", "--", "sh", "-c", "git config some.thing; ! echo >> .git/config"]);
    assert_eq!(rebuilt.expect(0), "two\n");
    assert!(rebuilt.stderr().contains("git runs it   .git/config"), "{}", rebuilt.stderr());
    user.run(&["exec", "--", "true"]).expect(0);
}
