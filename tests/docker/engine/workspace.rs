//! The workspace: ordinary git works inside, and host tools find what was there before.

mod clone;
mod kills;
mod review;
mod slow;
mod stories;

use std::path::{Path, PathBuf};
use std::process::Command;

use super::User;

const PLAIN: &str = r#"{ "image": "debian:bookworm" }"#;

/// Runs git in a folder of the host, as its owner would.
fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.current_dir(folder).args(["-c", "safe.directory=*"]).args(arguments);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let ran = command.output().unwrap();
    assert!(ran.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

/// Gives a folder to the project's owner.
fn own(user: &User, folder: &Path) {
    use std::os::unix::fs::MetadataExt;
    let owner = user.project.metadata().unwrap().uid().to_string();
    assert!(Command::new("chown").args(["-Rh", &owner]).arg(folder).status().unwrap().success());
}

/// A user whose project is a repository with one commit and an editor's settings.
fn user() -> User {
    let user = User::with(PLAIN);
    let project = &user.project;
    std::fs::create_dir(project.join(".vscode")).unwrap();
    std::fs::write(project.join(".vscode/tasks.json"), "{}\n").unwrap();
    std::fs::write(project.join("file"), "one\n").unwrap();
    git(project, &["init", "--quiet", "--initial-branch", "main"]);
    git(project, &["add", "."]);
    git(project, &["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message", "one"]);
    own(&user, project);
    let folder = user.root.path().join("CONFIG/git");
    std::fs::create_dir_all(&folder).unwrap();
    let included =
        format!("[user]\n\tname = Ann \"Ex\" Ample\n[includeIf \"gitdir:{}/\"]\n\tpath = work\n", project.display());
    std::fs::write(folder.join("config"), included).unwrap();
    std::fs::write(folder.join("work"), "[user]\n\temail = ann@example.com\n\tsigningkey = secret\n").unwrap();
    user
}

/// Every path below a folder but git's objects, with what it is.
fn tree(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = path.symlink_metadata().unwrap().file_type();
        found.push((path.clone(), format!("{kind:?}")));
        if kind.is_dir() && !path.ends_with(".git/objects") {
            found.extend(tree(&path));
        }
    }
    found.sort();
    found
}

#[test]
fn ordinary_git_works_inside() {
    let user = user();
    user.start();
    let script = r#"
        set -ex
        test -z "$(git status --porcelain)"
        echo two >> file; git add file; git commit -qm two
        git log -1 --format='%an <%ae>' | grep -Fx 'Ann Ex Ample <ann@example.com>'
        ! git config user.signingkey || exit 1
        git switch -qc topic; echo three >> file; git commit -qam three; echo x > new; git add new; git commit -qm new
        git switch -q main; git checkout -q -b other; echo o > other; git add other; git commit -qm other
        echo dirty >> file; git stash -q; git stash pop -q; git checkout -q -- file
        git rebase -q topic; git switch -q main; git merge -q --no-edit other; git tag v1; git tag -am annotated v2
        git branch -m topic renamed 2>/dev/null || true
        git branch -D other || true; test -z "$(git branch --list other)"
        git worktree add -q /tmp/tree -b tree; git -C /tmp/tree commit -q --allow-empty -m tree
        git worktree list | grep -q /tmp/tree; git worktree remove /tmp/tree
        git init -q --bare bare.git; git push -q ./bare.git HEAD; git fetch -q ./bare.git main
        git clone -q . /tmp/clone; git -C /tmp/clone pull -q; git -C /tmp/clone push -q origin HEAD:refs/heads/pushed
        git cherry-pick --allow-empty tree; git revert --no-edit HEAD~1; git reset -q --hard HEAD~1
        git bisect start HEAD v1~1; git bisect reset
        git gc -q; git fsck --no-progress; git reflog | head -1; git blame file > /dev/null; git grep -q two
        git submodule status; git notes add -m note; git describe --tags; git archive HEAD > /tmp/a.tar; git rm -q new
        rm -rf bare.git; git reset -q --hard
        test -z "$(git status --porcelain)"
    "#;
    user.shell(script).expect(0);
    let host = git(&user.project, &["log", "-1", "--format=%an <%ae>", "v1"]);
    assert_eq!(host.trim(), "Ann Ex Ample <ann@example.com>");
    git(&user.project, &["fsck"]);
    git(&user.project, &["status"]);
    user.run(&["stop"]).expect(0);
    assert_eq!(git(&user.project, &["status", "--porcelain"]), "");
}

#[test]
fn nothing_that_host_tools_run_can_be_planted_and_nothing_stays() {
    let user = user();
    let before = tree(&user.project);
    user.start();
    for attempt in [
        "mv .git .g2",
        "mv .git/hooks .git/h2",
        "rm -rf .git/hooks && ln -s /etc .git/hooks",
        "echo evil > .git/hooks/pre-commit",
        "echo evil >> .git/config",
        "git config core.fsmonitor /bin/true",
        "git config --worktree core.fsmonitor /bin/true",
        "rm -f .git/commondir && echo ../evil > .git/commondir",
        "echo ../evil > .git/commondir",
        "rm -f .git/config.worktree",
        "echo evil > .vscode/tasks.json",
        "mv .vscode .v2",
        "rm -rf .idea && ln -s /etc .idea",
        "mkdir -p .claude/x",
        "touch .husky/x",
        "echo evil > .devcontainer/devcontainer.json",
        "chmod 777 .vscode/tasks.json",
        "umount .git/config",
    ] {
        assert!(!user.shell(attempt).0.status.success(), "{attempt}");
    }
    user.run(&["start", "--", "true"]).expect(0);
    user.shell("git status --porcelain && ls -A .idea .git/hooks").expect(0);
    user.run(&["stop"]).expect(0);
    assert_eq!(tree(&user.project), before);
}

#[test]
fn what_is_used_by_somebody_stays_when_the_sandbox_goes() {
    let user = user();
    user.start();
    std::fs::write(user.project.join(".idea/workspace.xml"), "mine").unwrap();
    user.run(&["stop"]).expect(0);
    assert!(super::exists(&user.project.join(".idea/workspace.xml")));
    assert!(!super::exists(&user.project.join(".cursor")));
}

#[test]
fn a_link_in_the_place_of_what_is_protected_is_refused() {
    for (link, at) in [("/etc", ".idea"), ("../secret", ".git/hooks"), ("/etc/passwd", ".mcp.json")] {
        let user = user();
        let path = user.project.join(at);
        if super::exists(&path) {
            std::fs::remove_dir_all(&path).unwrap();
        }
        std::os::unix::fs::symlink(link, &path).unwrap();
        let before = tree(&user.project);
        let refused = user.run(&["start", "-d"]);
        refused.expect(3);
        assert!(refused.stderr().contains(&format!("`{at}` is a link")), "{}", refused.stderr());
        assert_eq!(tree(&user.project), before);
    }
}

#[test]
fn a_worktree_starts_without_its_repository() {
    let main = user();
    let worktree = main.project.with_file_name("worktree");
    git(&main.project, &["worktree", "add", "--quiet", worktree.to_str().unwrap()]);
    own(&main, &worktree);
    let pointer = std::fs::read_to_string(worktree.join(".git")).unwrap();
    let run = |arguments: &[&str]| main.command(arguments).current_dir(&worktree).output().unwrap();
    assert!(run(&["start", "-d"]).status.success());
    let inside = run(&["exec", "--", "sh", "-c", "git status; echo gitdir: /tmp > .git"]);
    assert!(!inside.status.success());
    assert!(run(&["stop"]).status.success());
    assert_eq!(std::fs::read_to_string(worktree.join(".git")).unwrap(), pointer);
}

#[test]
fn what_differs_from_the_commit_is_told_when_the_sandbox_is_made_looked_at_and_stopped() {
    let user = user();
    std::fs::write(user.project.join("file"), "two\n").unwrap();
    assert!(!user.run(&["start", "--detach"]).stderr().contains("HEAD"), "git inside can change that one");
    user.shell("git commit -qam two; git rm -q --cached .vscode/tasks.json; git commit -qm without").expect(0);
    user.shell("git switch -q --detach HEAD~1 || git reset -q HEAD~1").expect(0);
    user.run(&["stop"]).expect(0);
    std::fs::write(user.project.join(".vscode/tasks.json"), "{ }\n").unwrap();
    let made = user.run(&["start", "--detach"]);
    made.expect(0);
    assert!(
        made.stderr().contains("unlike HEAD, and read-only for git inside: `.vscode/tasks.json`;"),
        "{}",
        made.stderr()
    );
    assert!(!user.run(&["start", "--detach"]).stderr().contains("HEAD"), "once");
    let said = "unlike HEAD, and read-only for git inside: `.vscode/tasks.json`;";
    let looked = user.run(&["review"]);
    looked.expect(0);
    assert!(looked.stderr().contains(said), "{}", looked.stderr());
    let json: serde_json::Value =
        serde_json::from_str(&user.run(&["review", "--format", "json"]).expect(0)).expect("it is JSON");
    assert_eq!(json["unlikeHead"], serde_json::json!([".vscode/tasks.json"]));
    let stopped = user.run(&["stop"]);
    stopped.expect(0);
    assert!(stopped.stderr().contains(said), "{}", stopped.stderr());
    let after = user.run(&["review"]);
    assert!(!after.stderr().contains("HEAD"), "nobody can be asked any more: {}", after.stderr());
}

/// A file system of its own in the project, for as long as this value lives.
struct Mounted(PathBuf);

impl Mounted {
    fn at(user: &User, place: &str) -> Self {
        let path = user.project.join(place);
        std::fs::create_dir(&path).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "none"]).arg(&path).status();
        assert!(mounted.unwrap().success(), "this test mounts, and needs root");
        std::fs::write(path.join("there"), "there\n").unwrap();
        own(user, &path);
        Self(path)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        Command::new("umount").arg(&self.0).status().unwrap();
    }
}

/// SEC-60: what is mounted in a source.
#[test]
fn what_is_mounted_in_the_read_only_is_refused() {
    let user = user();
    let before = tree(&user.project);
    let mounted = Mounted::at(&user, ".vscode/mounted");
    let refused = user.run(&["start", "--detach"]);
    refused.expect(1);
    for part in
        ["something is mounted at `", "/.vscode/mounted`, in what the sandbox gets read-only", "hint: take it away"]
    {
        assert!(refused.stderr().contains(part), "{}", refused.stderr());
    }
    drop(mounted);
    std::fs::remove_dir(user.project.join(".vscode/mounted")).unwrap();
    assert_eq!(tree(&user.project), before);
    user.start();
}

#[test]
fn what_is_mounted_in_the_read_only_later_stays_out() {
    let user = user();
    user.start();
    let _mounted = Mounted::at(&user, ".vscode/later");
    user.shell("test -d .vscode/later && test ! -e .vscode/later/there && ! touch .vscode/later/x").expect(0);
    user.run(&["stop"]).expect(0);
}

#[test]
fn what_is_mounted_elsewhere_in_the_project_comes_with_it() {
    let user = user();
    let mounted = Mounted::at(&user, "data");
    user.start();
    assert_eq!(user.shell("cat data/there; echo new > data/new").expect(0), "there\n");
    user.run(&["stop"]).expect(0);
    assert_eq!(std::fs::read_to_string(mounted.0.join("new")).unwrap(), "new\n");
}
