//! An agent that works on a clone: what it gets, what comes back, and what never does.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use cloister::engine::exec::Process;
use cloister::engine::exec::piped::{self, Bounds, End};
use serde_json::Value;

use super::super::{Ran, User, exists, text};
use super::{git, own, tree, user};

impl User {
    fn start_clone(&self) -> Ran {
        let ran = self.run(&["start", "--clone", "--detach"]);
        ran.expect(0);
        ran
    }

    /// Pulls, and returns what came.
    fn pull(&self) -> Value {
        serde_json::from_str(&self.run(&["pull", "--format", "json"]).expect(0)).unwrap()
    }

    /// Name of the volume of the project's clone.
    fn clone_volume(&self) -> String {
        let listed: Vec<Value> =
            serde_json::from_str(&self.run(&["list", "--all", "--format", "json"]).expect(0)).unwrap();
        format!("cloister-{}-workspace-clone", text(&listed[0]["id"]))
    }
}

fn has_volume(name: &str) -> bool {
    Command::new("docker").args(["volume", "inspect", name]).output().unwrap().status.success()
}

/// What the user has in the project, but for git's objects and the references of sandboxes.
fn project(user: &User) -> Vec<String> {
    let files = tree(&user.project).into_iter().filter(|(path, _)| {
        let path = path.strip_prefix(&user.project).unwrap();
        !path.starts_with(".git/objects") && !path.starts_with(".git/refs/cloister")
    });
    let shown = |path: &Path| std::fs::read(path).map(|bytes| format!("{bytes:?}")).unwrap_or_default();
    files.map(|(path, kind)| format!("{} {kind} {}", path.display(), shown(&path))).collect()
}

#[test]
fn an_agent_gets_what_is_committed_and_nothing_else() {
    let user = user();
    let project_git = |arguments: &[&str]| git(&user.project, arguments);
    project_git(&["remote", "add", "origin", "https://user:hunter2@example.com/a/b.git"]);
    project_git(&["config", "http.extraHeader", "hunter2"]);
    project_git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    project_git(&["-c", "user.name=a", "-c", "user.email=a@example.com", "tag", "-a", "v1", "-m", "one"]);
    std::fs::write(user.project.join("file"), "dirty\n").unwrap();
    std::fs::write(user.project.join("untracked"), "hunter2\n").unwrap();
    own(&user, &user.project);
    let before = project(&user);
    let started = user.start_clone();
    assert!(started.stderr().contains("works on a clone of"), "{}", started.stderr());
    assert!(started.stderr().contains(", without 2 changes that are not committed;"), "{}", started.stderr());
    let review = user.run(&["review"]);
    assert!(
        review.stderr().contains("`project` works on a clone") && review.stderr().contains("cloister pull project"),
        "{}",
        review.stderr()
    );
    let review: Value = serde_json::from_str(&user.run(&["review", "--format", "json"]).expect(0)).unwrap();
    assert_eq!((&review["clone"], &review["changes"]), (&true.into(), &serde_json::json!([])));
    let script = r#"
        set -ex
        test -z "$(git status --porcelain)"
        test "$(cat file)" = one && test ! -e untracked
        test "$(git remote get-url origin)" = https://example.com/a/b.git
        test "$(git rev-parse --abbrev-ref HEAD@{upstream})" = origin/main
        test "$(git describe)" = v1
        ! grep -r hunter2 . || exit 1
        test "$(git config user.email)" = ann@example.com
        echo x > .git/hooks/x && echo y > .vscode/tasks.json && git config a.b c && mv .git .g && mv .g .git
        git fsck --strict
        ! GIT_TERMINAL_PROMPT=0 git push || exit 1
    "#;
    user.shell(script).expect(0);
    let id = text(&user.listed()[0]["container"]).to_owned();
    let mounts = super::super::inspect("container", &id).unwrap()["Mounts"].to_string();
    assert!(!mounts.contains(user.project.to_str().unwrap()), "{mounts}");
    user.run(&["stop"]).expect(0);
    assert_eq!(project(&user), before);
}

#[test]
fn what_is_cloned_is_what_is_checked_out() {
    let user = User::with(
        r#"{ "image": "debian:bookworm", "workspaceFolder": "/workspaces/project/below",
             "postCreateCommand": "pwd; git log --oneline | wc -l" }"#,
    );
    std::fs::create_dir(user.project.join("below")).unwrap();
    std::fs::write(user.project.join("below/file"), "one\n").unwrap();
    git(&user.project, &["init", "--quiet", "--initial-branch", "main"]);
    git(&user.project, &["add", "."]);
    let commit =
        ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--all", "--message", "x"];
    git(&user.project, &commit);
    std::fs::write(user.project.join("below/file"), "two\n").unwrap();
    git(&user.project, &["checkout", "--quiet", "--detach"]);
    git(&user.project, &commit);
    own(&user, &user.project);
    let started = user.start_clone();
    assert!(started.stderr().contains("/workspaces/project/below"), "{}", started.stderr());
    assert_eq!(user.shell("cat file; git branch --show-current; git rev-parse HEAD").expect(0), {
        format!("two\n{}", git(&user.project, &["rev-parse", "HEAD"]))
    });
    user.shell("git commit -q --allow-empty -m on-no-branch 2>&1 || git -c user.name=a -c user.email=b commit -q --allow-empty -m on-no-branch").expect(0);
    let pulled = user.pull();
    assert_eq!(text(&pulled["refs"][0]["ref"]), "refs/cloister/project/HEAD");
}

#[test]
fn commits_come_back_to_names_of_their_own() {
    let user = user();
    user.start_clone();
    let nothing = user.run(&["pull"]);
    nothing.expect(0);
    assert!(nothing.stderr().contains("nothing new in `project`"), "{}", nothing.stderr());
    user.shell(
        "set -e; echo two >> file; git commit -qam two
        git switch -qc topic/x; echo [] > .vscode/tasks.json; git rm -q file; git commit -qam three
        git switch -q main; git tag -am tag tag; git stash list; echo x > untracked",
    )
    .expect(0);
    let before = project(&user);
    let told = user.run(&["pull"]);
    let came = told.expect(0);
    for part in ["refs/cloister/project/main  ", "refs/cloister/project/topic/x  ", "  2 new commits, first pulled"] {
        assert!(came.contains(part), "{came}");
    }
    for part in [
        "your own tools run or trust .vscode/tasks.json\n",
        "git merge refs/cloister/project/main",
        "1 file not committed in `project`",
    ] {
        assert!(told.stderr().contains(part), "{}", told.stderr());
    }
    assert_eq!(project(&user), before);
    git(&user.project, &["fsck", "--strict"]);
    assert_eq!(
        git(&user.project, &["log", "-1", "--format=%an %s", "refs/cloister/project/main"]),
        "Ann Ex Ample two\n"
    );
    assert_eq!(git(&user.project, &["tag"]), "");
    assert_eq!(user.pull()["refs"], serde_json::json!([]));
    user.shell("git commit -q --allow-empty --amend -m rewritten").expect(0);
    let pulled = user.pull();
    assert_eq!((&pulled["refs"][0]["rewritten"], &pulled["refs"][0]["commits"]), (&true.into(), &1.into()));
    user.shell("git switch -q --orphan new; git commit -q --allow-empty -m root; git branch -D main").expect(0);
    assert_eq!(text(&user.pull()["refs"][0]["ref"]), "refs/cloister/project/new");
    git(&user.project, &["rev-parse", "--verify", "refs/cloister/project/main"]);
}

/// A pull that is killed when its commits are there already, and before that is written down.
#[test]
fn what_came_and_was_not_written_down_is_known_after_the_next_pull() {
    let user = user();
    user.start_clone();
    let folder = std::fs::read_dir(user.state().join("sandboxes")).unwrap().next().unwrap().unwrap().path();
    let receipt = std::fs::read(folder.join("receipt.json")).unwrap();
    user.shell("git commit -q --allow-empty -m two").expect(0);
    user.run(&["pull"]).expect(0);
    std::fs::write(folder.join("receipt.json"), receipt).unwrap();
    for _ in 0..2 {
        let pulled = user.run(&["pull"]);
        pulled.expect(0);
        assert_eq!(pulled.stderr(), "nothing new in `project`\n");
    }
}

#[test]
fn a_clone_stays_until_it_is_named() {
    let user = user();
    user.start_clone();
    let volume = user.clone_volume();
    // What goes to another repository is not in the user's.
    let script =
        "git commit -q --allow-empty -m kept; echo x > untracked; git init -q --bare ~/r; git push -q ~/r main";
    user.shell(script).expect(0);
    let stopped = user.run(&["stop"]);
    stopped.expect(0);
    assert!(
        stopped.stderr().contains("its clone stays, with 1 commit not pulled and 1 file not committed"),
        "{}",
        stopped.stderr()
    );
    let kept = user.run(&["gc", "--yes"]);
    kept.expect(0);
    assert!(kept.stderr().contains("project: stays, for its clone with 1 commit not pulled"), "{}", kept.stderr());
    assert!(has_volume(&volume));
    let bind = user.run(&["start", "--detach"]);
    bind.expect(0);
    assert!(bind.stderr().contains("works on your folder; its clone stays"), "{}", bind.stderr());
    let no_clone = user.run(&["pull"]);
    no_clone.expect(1);
    assert!(no_clone.stderr().contains("works on the folder itself"), "{}", no_clone.stderr());
    let other = user.run(&["start", "--clone", "--detach"]);
    other.expect(1);
    assert!(other.stderr().contains("runs with another plan"), "{}", other.stderr());
    user.run(&["stop"]).expect(0);
    user.start_clone();
    assert_eq!(user.shell("git log -1 --format=%s; cat untracked; rm untracked").expect(0), "kept\nx\n");
    user.run(&["start", "--clone", "--rebuild", "--detach"]).expect(0);
    assert_eq!(user.shell("git log -1 --format=%s").expect(0), "kept\n");
    assert_eq!(user.pull()["refs"].as_array().unwrap().len(), 1);
    let stopped = user.run(&["stop"]);
    assert!(!stopped.stderr().contains("clone"), "{}", stopped.stderr());
    user.run(&["gc", "--yes"]).expect(0);
    assert!(!has_volume(&volume), "nothing was lost with it");

    user.start_clone();
    assert_eq!(user.shell("git log -1 --format=%s").expect(0), "one\n");
    user.shell("git commit -q --allow-empty -m lost").expect(0);
    let container = text(&user.listed()[0]["container"]).to_owned();
    assert!(Command::new("docker").args(["rm", "--force", &container]).output().unwrap().status.success());
    user.run(&["stop"]).expect(0);
    assert!(user.run(&["gc", "--yes"]).stderr().contains("which nobody knows"));
    let removed = user.run(&["gc", "project", "--yes"]);
    removed.expect(0);
    assert!(removed.stderr().contains("that is lost"), "{}", removed.stderr());
    assert!(!has_volume(&volume));
}

#[test]
fn a_start_that_is_killed_leaves_no_half_of_a_clone() {
    let user = user();
    for delay in [100, 500, 900, 1200, 1500] {
        let mut child = user.command(&["start", "--clone", "--detach"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        child.wait().unwrap();
        user.start_clone();
        user.shell("git fsck --strict && test -z \"$(git status --porcelain)\" && test -e file").expect(0);
        user.run(&["stop"]).expect(0);
        user.run(&["gc", "project", "--yes"]).expect(0);
    }
}

#[test]
fn what_cannot_be_cloned_or_pulled_is_refused() {
    let cases: [(&str, i32, &str); 6] = [
        ("rm -rf .git", 3, "it is no repository"),
        ("rm -rf .git; git init -q", 3, "it has no commit yet"),
        ("echo /etc > .git/objects/info/alternates", 1, "borrows objects from another repository"),
        ("ln -s ../../../secret .git/refs/heads/x", 1, "is a link, or no file"),
        ("git rev-parse HEAD > .git/shallow", 1, "has a part of its history alone"),
        ("mv .git ../elsewhere; echo gitdir: ../elsewhere > .git", 3, "its repository lies elsewhere"),
    ];
    for (script, code, expected) in cases {
        let user = user();
        let script = format!("git config --global safe.directory '*'; {script}");
        let made =
            Command::new("sh").args(["-c", &script]).env("HOME", user.root.path()).current_dir(&user.project).status();
        assert!(made.unwrap().success());
        own(&user, &user.project);
        let refused = user.run(&["start", "--clone", "--detach"]);
        refused.expect(code);
        assert!(refused.stderr().contains(expected), "{script}: {}", refused.stderr());
        assert!(user.listed().is_empty());
    }
}

#[test]
fn an_image_that_does_not_fit_says_so() {
    for (image, expected) in
        [("cloister-test:busybox", "the image has no git"), ("cloister-test:scratch", "the image has no shell")]
    {
        let user = user();
        user.configure(&format!(r#"{{ "image": "{image}" }}"#));
        let refused = user.run(&["start", "--clone", "--detach"]);
        refused.expect(1);
        assert!(refused.stderr().contains(expected), "{}", refused.stderr());
        assert!(user.listed().is_empty());
    }
}

/// While another agent can change the repository, git of the host does not enter it.
#[test]
fn a_repository_that_another_agent_has_is_left_alone() {
    let user = user();
    let inner = user.project.join("inner");
    std::fs::create_dir(&inner).unwrap();
    assert!(
        Command::new("cp").args(["-r", ".git", "file", "inner"]).current_dir(&user.project).status().unwrap().success()
    );
    own(&user, &inner);
    let run = |arguments: &[&str]| Ran(user.command(arguments).current_dir(&inner).output().unwrap());
    let refuses = |arguments: &[&str]| {
        let refused = run(arguments);
        refused.expect(1);
        assert!(refused.stderr().contains("the sandbox `project` of `"), "{}", refused.stderr());
        assert!(refused.stderr().contains("has files of"), "{}", refused.stderr());
    };
    user.start();
    refuses(&["start", "--clone", "--detach"]);
    user.run(&["stop"]).expect(0);
    run(&["start", "--clone", "--detach"]).expect(0);
    user.run(&["start", "--detach"]).expect(0);
    refuses(&["pull", "inner"]);
    user.run(&["stop", "project"]).expect(0);
    run(&["pull", "inner"]).expect(0);
}

/// A git of the agent's own in the place of the image's says what it likes.
#[test]
fn what_a_hostile_sandbox_sends_changes_nothing() {
    let user = user();
    user.configure(
        r#"{ "image": "debian:bookworm", "remoteEnv": { "PATH": "/tmp/bin:/usr/local/bin:/usr/bin:/bin" } }"#,
    );
    git(&user.project, &["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-am", "two"]);
    own(&user, &user.project);
    user.start_clone();
    user.shell("git commit -q --allow-empty -m real; mkdir -p /tmp/bin; git bundle create -q /tmp/real main ^main~1")
        .expect(0);
    let renamed = |name: &str| format!("sed 's|refs/heads/main|{name}|' /tmp/real");
    let cases = [
        ("echo nothing".to_owned(), "is no bundle of git's"),
        ("head -c 3000000 /dev/zero".to_owned(), "names without an end"),
        ("head -c 200 /tmp/real".to_owned(), "git could not take what the sandbox sent"),
        ("sed '$s/.$/x/' /tmp/real".to_owned(), "git could not"),
        (renamed("refs/heads/../../../hooks/x"), "which cannot be pulled"),
        (renamed("refs/tags/v1"), "which cannot be pulled"),
        (renamed("refs/heads/a\\x1b[2J"), "which cannot be pulled"),
        (
            renamed("HEAD\\nffffffffffffffffffffffffffffffffffffffff refs/heads/y"),
            "something else than a commit for `refs/heads/y`",
        ),
        ("exit 7".to_owned(), "git in the sandbox failed with exit code 7"),
        ("printf '\\033[2J' >&2; exit 9".to_owned(), "exit code 9: \\u{1b}[2J"),
        ("rm -rf .git; exit 1".to_owned(), "failed with exit code 1"),
        ("exit 0".to_owned(), "there is no repository any more"),
    ];
    let before = git(&user.project, &["for-each-ref"]);
    let objects = tree(&user.project.join(".git/objects"));
    let files = project(&user);
    for (sends, expected) in cases {
        let fake = format!(
            "cat > /tmp/bin/git <<'EOF'\n#!/bin/sh\nfor word; do test \"$word\" != bundle || {{ {sends}; exit; }}; done\n\
             PATH=/usr/bin exec git \"$@\"\nEOF\nchmod +x /tmp/bin/git"
        );
        user.shell(&fake).expect(0);
        let refused = user.run(&["pull"]);
        refused.expect(1);
        assert!(refused.stderr().contains(expected), "{sends}: {}", refused.stderr());
        assert!(!refused.stderr().contains('\u{1b}'), "{sends}");
        assert_eq!(git(&user.project, &["for-each-ref"]), before, "{sends}");
        assert_eq!(
            (tree(&user.project.join(".git/objects")), project(&user)),
            (objects.clone(), files.clone()),
            "{sends}"
        );
    }
    assert!(!exists(&user.project.join(".git/hooks/x")));
}

/// What comes out of a sandbox is bounded in size and time, whatever writes it.
#[test]
fn what_does_not_end_is_ended() {
    let user = user();
    user.start_clone();
    let listed = user.listed();
    let container = text(&listed[0]["container"]).to_owned();
    let cases = [
        ("yes", Bounds { bytes: 1 << 20, patience: Duration::from_secs(60) }, End::TooMuch),
        ("sleep 1000", Bounds { bytes: 1 << 20, patience: Duration::from_secs(2) }, End::Slow),
        ("cat; exit 3", Bounds { bytes: 1 << 20, patience: Duration::from_secs(60) }, End::Exited(3)),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let engine = super::super::engine().await;
        for (script, bounds, expected) in cases {
            let process = Process {
                command: ["sh", "-c", script].map(str::to_owned).into(),
                user: "1000:1000".to_owned(),
                folders: vec!["/".to_owned()],
                env: [].into(),
                mark: None,
            };
            let mut written = Vec::new();
            let streams = (&b"input"[..], &mut written);
            let ended = piped::run(&engine, &container, &process, streams, bounds).await.unwrap();
            assert_eq!(ended.end, expected, "{script}");
            assert!(written.len() <= 1 << 20 && (expected != End::Exited(3) || written == b"input"), "{script}");
        }
    });
    assert_eq!(user.shell("ps -e | grep -cE 'yes|sleep' || true").expect(0), "0\n");
}
