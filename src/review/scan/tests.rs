#![expect(clippy::disallowed_methods, reason = "adapter: tests make files")]

use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

use rustix::fs::{CWD, Mode};

use super::*;
use crate::review::difference::difference;

const ALL: Bounds = Bounds { entries: 10_000, bytes: 1 << 20, held: 64 << 20, time: Duration::from_secs(20) };

struct Folder {
    _keep: tempfile::TempDir,
    path: PathBuf,
}

impl Folder {
    fn new() -> Self {
        let keep = tempfile::tempdir().unwrap();
        let path = keep.path().canonicalize().unwrap().join("root");
        std::fs::create_dir(&path).unwrap();
        Self { _keep: keep, path }
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn repository(&self, path: &str) {
        for file in ["HEAD", "objects/x", "refs/x", "config", "hooks/pre-commit", "hooks/other.sample"] {
            self.write(&format!("{path}/{file}"), "");
        }
    }

    fn scan(&self) -> Snapshot {
        scan(&self.path, &[], ALL)
    }

    fn found(&self) -> Vec<(String, Kind)> {
        self.scan().marks.into_iter().map(|(path, mark)| (path, mark.kind)).collect()
    }
}

fn expected(marks: &[(&str, Kind)]) -> Vec<(String, Kind)> {
    let mut marks: Vec<_> = marks.iter().map(|(path, kind)| ((*path).to_owned(), *kind)).collect();
    marks.sort();
    marks
}

#[test]
fn repositories_are_found_wherever_git_would_enter_them() {
    let folder = Folder::new();
    for path in [".git", "lib/.git", "bare.git", ".git/modules/a", ".git/modules/b/c", ".git/modules/a/modules/in"] {
        folder.repository(path);
    }
    folder.write("sub/.git", "gitdir: /tmp/evil\n");
    folder.write(".git/commondir", "../evil\n");
    folder.write(".git/remotes/origin", "URL: evil\n");
    folder.write(".git/rebase-merge/git-rebase-todo", "exec evil\n");
    folder.write(".git/worktrees/w/HEAD", "");
    folder.write(".git/worktrees/w/commondir", "../..\n");
    folder.write(".git/worktrees/w/config.worktree", "");
    folder.write("src/HEAD", "no repository");
    let git = [".git", "lib/.git", "bare.git", ".git/modules/a", ".git/modules/b/c", ".git/modules/a/modules/in"];
    let files = git.map(|path| [format!("{path}/config"), format!("{path}/hooks/pre-commit")]);
    let mut marks: Vec<(&str, Kind)> = files.iter().flatten().map(|path| (path.as_str(), Kind::Git)).collect();
    let single = ["commondir", "remotes/origin", "rebase-merge/git-rebase-todo", "worktrees/w/config.worktree"];
    let single = single.map(|name| format!(".git/{name}"));
    marks.extend(single.iter().map(|path| (path.as_str(), Kind::Git)));
    marks.extend([".git", "lib/.git", "bare.git", "sub/.git"].map(|path| (path, Kind::Repository)));
    assert_eq!(folder.found(), expected(&marks));
}

#[test]
fn special_files_and_links_are_told_and_never_followed_or_waited_for() {
    let folder = Folder::new();
    rustix::fs::mknodat(CWD, folder.path.join("pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    rustix::fs::mknodat(CWD, folder.path.join("Makefile"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let _socket = UnixListener::bind(folder.path.join("socket")).unwrap();
    folder.write("deep/er/file", "");
    folder.write("program", "");
    std::fs::set_permissions(folder.path.join("program"), PermissionsExt::from_mode(0o4755)).unwrap();
    for (link, target) in [
        ("inside", "deep/er"),
        ("deep/up", "../deep/er/file"),
        ("absolute", "/etc"),
        ("deep/out", "../../outside"),
        ("nowhere", "../nowhere"),
        ("later", "deep/none"),
        ("around", "deep/over/passwd"),
        ("deep/over", "/etc"),
        (".vscode", "deep"),
        (".git", "deep"),
    ] {
        symlink(target, folder.path.join(link)).unwrap();
    }
    let outside = ["absolute", "deep/out", "nowhere", "around", "deep/over"].map(|path| (path, Kind::Link));
    let special = ["pipe", "Makefile", "socket"].map(|path| (path, Kind::Special));
    let mut marks = [&outside[..], &special[..]].concat();
    marks.extend([("program", Kind::Setuid), (".vscode", Kind::Tool), (".git", Kind::Repository)]);
    assert_eq!(folder.found(), expected(&marks));
}

#[test]
fn what_was_changed_is_different_and_what_was_not_is_not() {
    let folder = Folder::new();
    folder.write("Makefile", "all:");
    folder.write("big/Makefile", &"x".repeat(2 << 20));
    folder.write("package.json", r#"{"version": "1", "scripts": {}}"#);
    folder.write(".mcp.json", "{}");
    let before = folder.scan();
    assert!(before.complete);
    assert_eq!(difference(&before, &folder.scan()), []);
    folder.write("Makefile", "all: evil");
    folder.write("big/Makefile", &"y".repeat(2 << 20));
    folder.write("package.json", r#"{"version": "2", "scripts": {}}"#);
    folder.write(".mcp.json", "{}");
    folder.write("new/.envrc", "");
    let changed: Vec<_> = difference(&before, &folder.scan()).into_iter().map(|one| one.path).collect();
    assert_eq!(changed, ["new/.envrc", "Makefile", "big/Makefile"]);
    let without = scan(&folder.path, &["Makefile".to_owned()], ALL);
    assert!(!without.marks.contains_key("Makefile"));
}

#[test]
fn a_flood_hides_nothing_that_lies_in_front_and_is_told() {
    let folder = Folder::new();
    folder.write("z/.envrc", "");
    for number in 0..200 {
        folder.write(&format!("a/flood/{number}"), "");
    }
    let few = scan(&folder.path, &[], Bounds { entries: 50, ..ALL });
    assert!(!few.complete && few.marks.contains_key("z/.envrc"));
    assert!(!scan(&folder.path, &[], Bounds { time: Duration::ZERO, ..ALL }).complete);
    assert!(!scan(&folder.path.join("none"), &[], ALL).complete);
    let deep = "d/".repeat(3000);
    let mut made = Root::open(&folder.path).unwrap().list(Path::new("")).unwrap();
    for _ in 0..3000 {
        rustix::fs::mkdirat(&made, "d", Mode::RWXU).unwrap();
        made = rustix::fs::openat(&made, "d", rustix::fs::OFlags::DIRECTORY, Mode::empty()).unwrap();
    }
    let unseen = folder.scan();
    assert!(unseen.marks.iter().any(|(path, mark)| deep.starts_with(path) && mark.kind == Kind::Unseen));
}

/// WS-024: an agent that exchanges a folder for a link while the scan walks.
#[test]
fn a_race_leads_nowhere() {
    let folder = Folder::new();
    let outside = folder.path.with_file_name("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("Makefile"), "").unwrap();
    let place = folder.path.join("d");
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                std::fs::create_dir(&place).unwrap();
                std::fs::remove_dir(&place).unwrap();
                symlink(&outside, &place).unwrap();
                std::fs::remove_file(&place).unwrap();
            }
        });
        for _ in 0..2000 {
            let marks = folder.scan().marks;
            assert!(marks.keys().all(|path| path == "d"), "{marks:?}");
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

/// An agent has all the time in the world to make names.
#[test]
fn names_take_no_more_memory_than_there_is_for_them() {
    let folder = Folder::new();
    folder.write("package.json", r#"{ "scripts": { "test": "x" } }"#);
    let long = "n".repeat(250);
    let inner = (0..10).fold(PathBuf::new(), |inner, _| inner.join(&long));
    folder.write(&format!("{}/file", inner.display()), "");
    for number in 0..200 {
        symlink("/etc/passwd", folder.path.join(&inner).join(format!("link-{number}"))).unwrap();
    }
    assert_eq!(folder.found().len(), 201);
    let bounds = Bounds { held: 100_000, ..ALL };
    let found = scan(&folder.path, &[], bounds);
    assert!(!found.complete && found.marks.len() < 40, "{}", found.marks.len());
    assert!(found.marks.contains_key("package.json"), "what lies in front is found first");
}
