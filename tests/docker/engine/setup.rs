//! The set-up phase: approved commands run as root, sealed, and end before the agent's container is made.

use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::{User, exists, inspect};

/// A user whose project asks for root in `postCreateCommand`.
fn user(command: &Value) -> User {
    User::with(&json!({ "image": "debian:bookworm", "postCreateCommand": command }).to_string())
}

/// Approves everything that waits, as a script does that read the list.
fn approve(user: &User) {
    let listed: Vec<Value> =
        serde_json::from_str(&user.run(&["trust", "--list", "--format", "json"]).expect(0)).unwrap();
    let waiting = listed.iter().filter(|one| one["state"] != "approved" && one["state"] != "unused");
    for request in waiting {
        user.run(&["trust", "--yes", "--digest", request["digest"].as_str().unwrap()]).expect(0);
    }
}

fn docker(words: &[&str]) -> String {
    let ran = Command::new("docker").args(words).output().unwrap();
    String::from_utf8_lossy(&ran.stdout).trim().to_owned()
}

#[test]
fn a_command_that_needs_root_waits_until_it_is_approved() {
    let user = user(&json!("sudo sh -c 'id -u > /made; grep ^Cap /proc/self/status >> /made'"));
    let waits = user.run(&["start", "--", "ls", "/made"]);
    waits.expect(2);
    assert!(waits.stderr().contains("1 needs approval"), "{}", waits.stderr());
    approve(&user);
    let other = user.run(&["start", "--", "true"]);
    other.expect(1);
    assert!(other.stderr().contains("another plan") && other.stderr().contains("--rebuild"), "{}", other.stderr());

    let made = user.run(&["start", "--rebuild", "--", "cat", "/made"]).expect(0);
    let five = "00000000000000cb";
    let zero = "0000000000000000";
    let sets: Vec<&str> = made.lines().skip(1).filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert_eq!((made.lines().next(), &sets[..]), (Some("0"), &[zero, five, five, five, zero][..]), "{made}");
    let now = user.shell("grep ^Cap /proc/self/status; id -u; sudo true; ls /run/cloister/files/setup").stdout();
    assert_eq!(now.matches(zero).count(), 5, "{now}");
    assert!(now.contains("1000"), "{now}");
    let sandbox = inspect("container", user.listed()[0]["container"].as_str().unwrap()).unwrap();
    assert!(sandbox["HostConfig"]["CapAdd"].as_array().is_none_or(Vec::is_empty), "{}", sandbox["HostConfig"]);

    let id = user.listed()[0]["id"].as_str().unwrap().to_owned();
    let image = format!("cloister-setup-{id}");
    let kept = docker(&["image", "inspect", &image]) + &docker(&["history", "--no-trunc", &image]);
    for secret in ["_PROXY", "_proxy", "http://"] {
        assert!(!kept.contains(secret), "{secret} is in the image: {kept}");
    }
    user.run(&["stop"]).expect(0);
    let removed = user.run(&["gc", "--yes", "project"]);
    assert!(removed.stderr().contains(", 1 image") && removed.stderr().contains(" stays\n"), "{}", removed.stderr());
    assert_eq!(docker(&["images", "-q", "--filter", &format!("label=cloister.sandbox={id}")]), "");
}

#[test]
fn what_was_approved_goes_with_the_folder_that_it_was_approved_for() {
    let user = user(&json!("sudo true"));
    approve(&user);
    let approvals = || std::fs::read_dir(user.state().join("approvals")).unwrap().map(|one| one.unwrap().file_name());
    let files = || approvals().filter(|name| name.to_string_lossy().ends_with(".json")).count();
    user.start();
    user.run(&["stop"]).expect(0);
    user.run(&["gc", "--yes"]).expect(0);
    assert_eq!(files(), 1, "the folder is there, and so is what was approved for it");
    user.start();
    user.run(&["stop"]).expect(0);
    let elsewhere = user.root.path().join("elsewhere");
    std::fs::rename(&user.project, &elsewhere).unwrap();
    let removed = user.command(&["gc", "--yes"]).current_dir(user.root.path()).output().unwrap();
    std::fs::rename(&elsewhere, &user.project).unwrap();
    let said = String::from_utf8_lossy(&removed.stderr).into_owned();
    assert!(removed.status.success() && said.contains("is gone, and what was approved for it goes"), "{said}");
    assert_eq!(files(), 0);
}

#[test]
fn it_runs_once_for_each_content_and_again_after_a_change() {
    let command = "sudo true; echo said >&2; date +%N > /when";
    let user = user(&json!(command));
    approve(&user);
    let when = |arguments: &[&str]| {
        let ran = user.run(&[&["start"], arguments, &["--", "cat", "/when"]].concat());
        (ran.expect(0), ran.stderr().contains("said"))
    };
    let (first, said) = when(&[]);
    assert!(said);
    user.run(&["stop"]).expect(0);
    assert_eq!(when(&[]), (first.clone(), false));
    user.run(&["stop"]).expect(0);
    user.configure(&json!({ "image": "debian:bookworm", "postCreateCommand": format!("{command};") }).to_string());
    user.run(&["start", "--", "ls", "/when"]).expect(2);
    approve(&user);
    let (again, said) = when(&["--rebuild"]);
    assert!(said && again != first);
    user.run(&["trust", "--revoke"]).expect(0);
    user.run(&["start", "--rebuild", "--", "ls", "/when"]).expect(2);
}

#[test]
fn root_leaves_nothing_on_the_host_and_reaches_nothing() {
    let script = "sudo true; touch w; echo $? > /found; chown 0 .devcontainer; echo $? >> /found; \
        cp /bin/sh /setuid; chmod 4755 /setuid; stat -c %a /setuid >> /found; mknod /disk b 8 0; echo $? >> /found; \
        mount -t tmpfs x /mnt; echo $? >> /found; (timeout 1 bash -c 'echo > /dev/tcp/1.1.1.1/80'; echo $? >> /found); \
        cat /home/*/secret /root/secret; ls /run/cloister/files >> /found";
    let user = user(&json!(script));
    approve(&user);
    let found = user.run(&["start", "--", "cat", "/found"]).expect(0);
    assert_eq!(found, "1\n1\n755\n1\n32\n1\nsetup\n", "touch, chown, chmod, mknod, mount, connect");
    assert!(!exists(&user.project.join("w")));
    for entry in std::fs::read_dir(&user.project).unwrap().map(|entry| entry.unwrap().path()) {
        let owner = entry.symlink_metadata().unwrap().uid();
        assert_eq!(owner, std::fs::metadata(&user.project).unwrap().uid(), "{}", entry.display());
    }
}

#[test]
fn sudo_runs_as_the_account_that_the_sandbox_has() {
    let script = "sudo useradd -u 4242 -m other && sudo -u other touch /home/other/own && \
        sudo install -d -o \"$AGENT\" /mine && sudo -E A=b env | grep ^A= > /variable && sudo -i";
    let config = json!({ "image": "debian:bookworm", "postCreateCommand": { "one": script },
        "remoteEnv": { "AGENT": "1000" } });
    let user = User::with(&config.to_string());
    approve(&user);
    let failed = user.run(&["start", "--", "true"]);
    failed.expect(1);
    let stderr = failed.stderr();
    for said in ["[one] ", "sudo knows", "the set-up phase failed", "exit code 1", "hint: ", "cloister trust --revoke"]
    {
        assert!(stderr.contains(said), "{said}: {stderr}");
    }
    assert_eq!(user.listed(), Vec::<Value>::new());
    let config = config.to_string().replace(" && sudo -i", "");
    user.configure(&config);
    approve(&user);
    let found = user.run(&["start", "--", "sh", "-c", "stat -c %U /home/other/own; touch /mine/x; cat /variable"]);
    assert_eq!(found.expect(0), "other\nA=b\n");
}

#[test]
fn a_set_up_phase_that_is_killed_leaves_nothing() {
    let user = user(&json!("sudo sleep 100"));
    approve(&user);
    for signal in [rustix::process::Signal::KILL, rustix::process::Signal::INT] {
        let mut child = user.command(&["start", "-d"]).stderr(Stdio::piped()).spawn().unwrap();
        let uid = rustix::process::geteuid().as_raw();
        let id = cloister::ident::SandboxId::derive(uid, &user.project).as_str().to_owned();
        let container = format!("cloister-{id}");
        let runs = || docker(&["top", &container]).contains("sleep 100");
        for _ in 0..600 {
            assert!(child.try_wait().unwrap().is_none(), "it ended before its time");
            if runs() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        assert!(runs());
        let process = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        rustix::process::kill_process(process, signal).unwrap();
        child.wait().unwrap();
        assert_eq!(user.listed(), Vec::<Value>::new());
        user.run(&["gc"]);
        assert!(inspect("container", &container).is_none() && inspect("network", &container).is_none(), "{signal:?}");
    }
}

#[test]
fn what_root_puts_where_the_sandbox_mounts_is_looked_at_again() {
    for (script, said) in [
        ("sudo true; rm -rf /home/agent; ln -s /etc /home/agent", "`/home/agent` of the image is a link"),
        ("sudo true; rm -f /etc/group; ln -s passwd /etc/group", "a link"),
    ] {
        let user = user(&json!(script));
        approve(&user);
        let refused = user.run(&["start", "--", "true"]);
        refused.expect(1);
        assert!(refused.stderr().contains(said), "{script}: {}", refused.stderr());
        assert_eq!(user.listed(), Vec::<Value>::new());
    }
}

#[test]
fn an_image_that_is_built_is_set_up_and_joined_as_any() {
    let config = json!({ "build": { "dockerfile": "Dockerfile" }, "overrideCommand": false,
        "postStartCommand": "sudo touch /made" });
    let user = User::with(&config.to_string());
    let dockerfile = "FROM debian:bookworm\nCMD [\"sleep\", \"infinity\"]\n";
    std::fs::write(user.project.join(".devcontainer/Dockerfile"), dockerfile).unwrap();
    approve(&user);
    user.run(&["start", "--", "stat", "-c", "%u", "/made"]).expect(0);
    let joined = user.run(&["start", "--", "stat", "-c", "%u", "/made"]);
    assert_eq!(joined.expect(0), "0\n", "{}", joined.stderr());
    let id = user.listed()[0]["id"].as_str().unwrap().to_owned();
    user.run(&["stop"]).expect(0);
    user.run(&["gc", "--yes", "project"]).expect(0);
    assert_eq!(docker(&["images", "-q", "--filter", &format!("label=cloister.sandbox={id}")]), "");
}
