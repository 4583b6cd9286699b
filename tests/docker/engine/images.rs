//! Images that lead elsewhere what is mounted on them, and what the engine would leave in the project.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use super::User;

/// An image of a test's own, without any program in it.
struct Image(String);

impl Image {
    /// Makes an image of links, folders (`/` at the end) and empty files, with changes in the words of a Dockerfile.
    fn new(entries: &[(&str, &str)], changes: &[&str]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let mut archive = tar::Builder::new(Vec::new());
        for (path, link) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_size(0);
            header.set_mode(0o755);
            if !link.is_empty() {
                header.set_entry_type(tar::EntryType::Symlink);
                archive.append_link(&mut header, path, link).unwrap();
                continue;
            }
            let folder = path.ends_with('/');
            header.set_entry_type(if folder { tar::EntryType::Directory } else { tar::EntryType::Regular });
            archive.append_data(&mut header, path, std::io::empty()).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("image.tar");
        std::fs::write(&file, archive.into_inner().unwrap()).unwrap();
        let name = format!("cloister-test:{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut import = Command::new("docker");
        import.arg("import");
        for change in changes {
            import.args(["--change", change]);
        }
        assert!(import.arg(&file).arg(&name).output().unwrap().status.success());
        Self(name)
    }
}

impl Image {
    /// Makes an image that has the programs of Debian and this command.
    fn that_runs(command: &[&str]) -> Self {
        let words = serde_json::to_string(command).unwrap();
        let name = format!("cloister-test:runs-{}-{}", std::process::id(), command.len());
        let mut build = Command::new("docker");
        build.args(["build", "-q", "-t", &name, "-"]).env("DOCKER_BUILDKIT", "0").stdin(Stdio::piped());
        let mut build = build.stdout(Stdio::null()).spawn().unwrap();
        write!(build.stdin.take().unwrap(), "FROM debian:bookworm\nCMD {words}\n").unwrap();
        assert!(build.wait().unwrap().success());
        Self(name)
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let removed = Command::new("docker").args(["rmi", &self.0]).output();
        assert!(std::thread::panicking() || removed.is_ok_and(|removed| removed.status.success()));
    }
}

fn owners_below(folder: &Path) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        found.push((entry.file_name().into_string().unwrap(), entry.metadata().unwrap().uid()));
        if entry.file_type().unwrap().is_dir() {
            found.extend(owners_below(&entry.path()));
        }
    }
    found.sort();
    found
}

#[test]
fn an_image_that_leads_mounts_elsewhere_is_refused() {
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str], &'a str);
    let cases: [Case<'_>; 9] = [
        (&[("a/b/c/d", "/run/cloister/bin")], &["VOLUME /a/b/c/d"], "`/a/b/c/d` of the image is a link"),
        (&[("a", "/run")], &["VOLUME /a/cloister/bin/x"], "`/a` of the image is a link"),
        (&[("run", "workspaces/project")], &[], "`/run` of the image is a link"),
        (&[("workspaces", "/run/cloister")], &[], "`/workspaces` of the image is a link"),
        (&[("srv", "/workspaces/project")], &["WORKDIR /"], "`/srv` of the image is a link"),
        (&[("workspaces", "")], &[], "`/workspaces` of the image is a file"),
        (&[], &["VOLUME /run/cloister/bin"], "volume `/run/cloister/bin`, which lies in `/run/cloister`"),
        (&[], &["VOLUME /workspaces/project/out"], "`/workspaces/project/out`, which lies in `/workspaces/project`"),
        (&[], &["VOLUME /home/agent/.cache"], "`/home/agent/.cache`, which lies in `/home/agent`"),
    ];
    for (entries, changes, expected) in cases {
        let image = Image::new(entries, changes);
        let folder = if changes == ["WORKDIR /"] { r#""workspaceFolder": "/srv/new","# } else { "" };
        let user = User::with(&format!(r#"{{ {folder} "image": "{}" }}"#, image.0));
        let before = owners_below(&user.project);
        let refused = user.run(&["start", "-d"]);
        refused.expect(1);
        let stderr = refused.stderr();
        assert!(stderr.contains(expected) && stderr.contains("hint:"), "{stderr}");
        assert_eq!(user.listed(), Vec::<serde_json::Value>::new());
        assert_eq!(owners_below(&user.project), before, "{expected}");
    }
}

#[test]
fn what_a_sandbox_needs_in_the_project_belongs_to_its_owner() {
    let user = User::with(
        r#"{ "image": "debian:bookworm", "workspaceFolder": "/workspaces/project/packages/app",
             "mounts": ["type=volume,source=modules,target=/workspaces/project/node_modules",
                        "type=tmpfs,target=/workspaces/project/build/out",
                        "type=volume,source=cache,target=/home/agent/.cache/tool"] }"#,
    );
    assert_eq!(user.run(&["start", "--", "pwd"]).expect(0), "/workspaces/project/packages/app\n");
    let owner = user.project.metadata().unwrap().uid();
    for (name, uid) in
        owners_below(&user.project).into_iter().chain(owners_below(&user.root.path().join("DATA/cloister/homes")))
    {
        assert_eq!(uid, owner, "{name}");
    }
    user.shell("touch ../../node_modules/a ~/.cache/tool/c ~/.cache/d new").expect(0);
}

#[test]
fn a_volume_of_the_image_is_replaced_by_one_of_the_sandbox() {
    let image = debian("VOLUME /workspaces/project/data /var/lib/service/");
    let user = User::with(&format!(
        r#"{{ "image": "{}", "mounts": ["type=volume,source=data,target=/workspaces/project/data"] }}"#,
        image.0
    ));
    user.start();
    let listed = user.listed();
    let container = super::inspect("container", super::text(&listed[0]["container"])).unwrap();
    let volume = |target: &str| {
        let mounts = container["Mounts"].as_array().unwrap();
        let found = mounts.iter().find(|mount| mount["Destination"] == target).unwrap();
        super::text(&found["Name"]).to_owned()
    };
    assert!(volume("/workspaces/project/data").ends_with("-data"));
    assert_eq!(volume("/var/lib/service").len(), 64);
    user.run(&["stop"]).expect(0);
}

/// An image of Debian's with one more step.
fn debian(step: &str) -> Image {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("cloister-test:step-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut build = Command::new("docker").args(["build", "-t", &name, "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let dockerfile = format!("FROM debian:bookworm\n{step}\n");
    std::io::Write::write_all(&mut build.stdin.take().unwrap(), dockerfile.as_bytes()).unwrap();
    assert!(build.wait().unwrap().success());
    Image(name)
}

/// With `/run` the sandbox's to write, `mv /run/cloister /run/x` puts another program in the place of the init that `exec` runs.
#[test]
fn an_image_that_lets_the_agent_move_cloisters_programs_is_refused() {
    let cases = [
        ("RUN chmod 777 / /run", true),
        ("RUN chmod 777 /run", true),
        ("RUN chmod 777 /run && mkdir -p /run/cloister.moved/x", true),
        ("RUN chmod 1777 /run", false),
        ("RUN chown 4711 /run", false),
    ];
    for (step, refused) in cases {
        let image = debian(step);
        let user = User::with(&format!(r#"{{ "image": "{}" }}"#, image.0));
        let ran = user.run(&["start", "--", "test", "-x", "/run/cloister/bin/cloister-init"]);
        ran.expect(i32::from(refused));
        let stderr = ran.stderr();
        let told =
            stderr.contains("own-programs") && stderr.contains("hint: nothing of the project ran; the image lets");
        assert_eq!(told, refused, "{step}: {stderr}");
        user.run(&["shutdown"]).expect(0);
    }
}

#[test]
fn accounts_that_are_no_file_are_said() {
    for path in ["etc/passwd/", "etc/group/"] {
        let image = Image::new(&[(path, "")], &[]);
        let user = User::with(&format!(r#"{{ "image": "{}" }}"#, image.0));
        let refused = user.run(&["start", "-d"]);
        refused.expect(1);
        let stderr = refused.stderr();
        assert!(stderr.contains("of the image is neither a file nor") && stderr.contains("hint:"), "{stderr}");
    }
}

#[test]
fn a_sandbox_whose_image_ends_by_itself_says_how() {
    let cases: [(&[&str], &str); 2] = [
        (&["sh", "-c", "echo begins; echo breaks; exit 3"], "3:\n  begins\n  breaks\n"),
        (&["/no/such"], "127:\n  cloister-init: cannot run `/no/such`: No such file or directory (os error 2)\n"),
    ];
    for (command, expected) in cases {
        let image = Image::that_runs(command);
        let user = User::with(&format!(r#"{{ "image": "{}", "overrideCommand": false }}"#, image.0));
        for arguments in [&["start", "--detach"][..], &["start", "--", "true"]] {
            let ran = user.run(arguments);
            ran.expect(1);
            let expected =
                format!("cloister: the command of `project` ended with exit code {expected}\nhint: leave out ");
            assert!(ran.stderr().contains(&expected), "{arguments:?}: {}", ran.stderr());
        }
    }
}
