//! Disks that fill while somebody waits: `limits.freeSpace`. What an agent fills is in `tests/golden/workspace`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cloister::ident::SandboxId;

use super::{User, exists};

/// A file system where home folders lie, until it goes.
struct Disk(PathBuf);

impl Disk {
    fn below(user: &User, options: &str) -> Self {
        let folder = user.root.path().join("DATA/cloister");
        std::fs::create_dir_all(&folder).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "none"]).arg(&folder).status();
        assert!(mounted.unwrap().success(), "this test mounts, and needs root");
        Self(folder)
    }

    fn fill(&self) {
        let mut file = std::fs::File::create(self.0.join("fill")).unwrap();
        let piece = vec![0; 1 << 20];
        while file.write_all(&piece).is_ok() {}
    }

    fn empty(&self) {
        std::fs::remove_file(self.0.join("fill")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _gone = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// The containers of a user's build: the one that holds its network, and the one of its step.
fn builds(user: &User) -> String {
    let id = SandboxId::derive(rustix::process::geteuid().as_raw(), &user.project);
    let label = format!("label=cloister.sandbox={}", id.as_str());
    let words = ["ps", "-a", "--format", "{{.Names}}", "--filter", &label];
    String::from_utf8_lossy(&Command::new("docker").args(words).output().unwrap().stdout).into_owned()
}

fn wait_for(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_build_ends_when_there_is_no_room_and_none_begins() {
    let user = User::with(r#"{ "build": { "dockerfile": "Dockerfile" } }"#);
    let dockerfile = user.project.join(".devcontainer/Dockerfile");
    let step = format!("FROM debian:bookworm\nRUN echo {} && sleep 120\n", std::process::id());
    std::fs::write(&dockerfile, step).unwrap();
    let disk = Disk::below(&user, "size=400m,mode=700");
    let mut start = user.command(&["start", "--detach"]);
    let start = start.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for("the step runs", || builds(&user).lines().count() > 1);
    disk.fill();
    let ended = start.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("the home folders of sandboxes") && said.contains("limits.freeSpace"), "{said}");
    wait_for("nothing is left of it", || user.run(&["list"]).0.status.success() && builds(&user).is_empty());
    let again = user.run(&["start", "--detach"]);
    again.expect(1);
    assert!(again.stderr().contains("must stay free"), "{}", again.stderr());
    disk.empty();
    std::fs::write(&dockerfile, "FROM debian:bookworm\n").unwrap();
    user.run(&["start", "--detach"]).expect(0);
    assert!(exists(Path::new(&disk.0.join("homes"))));
    user.run(&["stop"]).expect(0);
    user.run(&["gc", "--yes", "project"]).expect(0);
}

/// Files without anything in them fill a disk as well, for every program of the machine.
#[test]
fn files_that_take_no_room_end_it_too() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    let _disk = Disk::below(&user, "size=400m,mode=700,nr_inodes=40000");
    user.start();
    let fill = "chdir; mkdir 'm'; for (1..1e7) { open my $f, '>', \"m/$_\" or sleep 1; select undef, undef, undef, 0.001 if $_ > 34e3 }";
    let ended = user.run(&["exec", "--", "perl", "-e", fill]);
    assert!(!ended.0.status.success());
    let said = "more files fit on the file system of the home folders of sandboxes";
    assert!(ended.stderr().contains(said), "{}", ended.stderr());
    assert_eq!(user.listed(), Vec::<serde_json::Value>::new());
    let again = user.run(&["start", "--detach"]);
    again.expect(1);
    assert!(again.stderr().contains("more files fit") && again.stderr().contains("hint: "), "{}", again.stderr());
    std::fs::remove_dir_all(user.root.path().join("DATA/cloister/homes")).unwrap();
    user.run(&["start", "--", "true"]).expect(0);
    user.run(&["stop"]).expect(0);
    user.run(&["gc", "--yes", "project"]).expect(0);
}
