//! Two state folders of one user and one project: neither takes or removes what the other made.

use std::process::Command;

use super::{Ran, User, exists, inspect, text};

const VOLUME: &str = r#"{ "image": "debian:bookworm", "mounts": ["type=volume,source=v,target=/var/cache/mine"] }"#;

/// Runs cloister as the same user with another state folder.
fn other(user: &User, arguments: &[&str]) -> Ran {
    let mut command = user.command(arguments);
    command.env("XDG_STATE_HOME", user.root.path().join("OTHER"));
    Ran(command.output().unwrap())
}

fn docker(words: &[&str]) -> Ran {
    Ran(Command::new("docker").args(words).output().unwrap())
}

#[test]
fn another_state_folders_sandbox_is_neither_taken_nor_removed() {
    let user = User::with(VOLUME);
    let listed = user.start();
    let (id, name) = (text(&listed["id"]).to_owned(), text(&listed["container"]).to_owned());
    user.shell("echo first > /var/cache/mine/x").expect(0);

    let refused = other(&user, &["start", "-d"]);
    refused.expect(1);
    let stderr = refused.stderr();
    assert!(
        stderr.contains(&format!("the container `{name}` of this folder's sandbox was made under another")),
        "{stderr}"
    );
    assert!(stderr.contains("hint: with the XDG_STATE_HOME that it was made under: `cloister stop`"), "{stderr}");
    other(&user, &["start", "-d", "--rebuild"]).expect(1);
    other(&user, &["stop"]).expect(1);
    for words in [&["list"][..], &["gc", "--yes"], &["shutdown"]] {
        other(&user, words).expect(0);
    }
    assert_eq!(user.shell("cat /var/cache/mine/x").expect(0), "first\n", "it runs as before");

    // What was stopped keeps its volume.
    user.run(&["stop"]).expect(0);
    let refused = other(&user, &["start", "-d"]);
    refused.expect(1);
    let stderr = refused.stderr();
    assert!(
        stderr.contains(&format!("the volume `cloister-{id}-v` of this folder's sandbox was made under")),
        "{stderr}"
    );
    assert!(inspect("container", &name).is_none() && inspect("network", &name).is_none(), "nothing is left of the try");
    other(&user, &["gc", "--yes"]).expect(0);
    assert_eq!(user.run(&["start", "--", "cat", "/var/cache/mine/x"]).expect(0), "first\n");
    user.run(&["stop"]).expect(0);
    user.run(&["gc", "--yes"]).expect(0);

    // Now the folder is free, and the first state folder is the other one.
    other(&user, &["start", "-d"]).expect(0);
    assert!(exists(&user.project.join(".vscode")), "made for the sandbox");
    user.run(&["start", "-d"]).expect(1);
    for words in [&["list"][..], &["gc", "--yes"], &["shutdown"]] {
        user.run(words).expect(0);
    }
    assert!(exists(&user.project.join(".vscode")));
    other(&user, &["exec", "--", "true"]).expect(0);
    for words in [&["shutdown"][..], &["gc", "--yes"]] {
        other(&user, words).expect(0);
    }
}

#[test]
fn another_state_folders_image_is_not_replaced() {
    let user = User::with(r#"{ "build": { "dockerfile": "Dockerfile" } }"#);
    std::fs::write(user.project.join(".devcontainer/Dockerfile"), "FROM debian:bookworm\nENV ONE=1\n").unwrap();
    let id = text(&user.start()["id"]).to_owned();
    user.run(&["stop"]).expect(0);
    let image = || docker(&["image", "inspect", "--format", "{{.Id}}", &format!("cloister-build-{id}")]).expect(0);
    let before = image();
    std::fs::write(user.project.join(".devcontainer/Dockerfile"), "FROM debian:bookworm\nENV TWO=2\n").unwrap();
    let refused = other(&user, &["start", "-d"]);
    refused.expect(1);
    assert!(refused.stderr().contains("the image `cloister-build-"), "{}", refused.stderr());
    other(&user, &["gc", "--yes"]).expect(0);
    assert_eq!(image(), before);
    other(&user, &["shutdown"]).expect(0);
}

/// The engine gives a container whatever volume has the name, and writes into it before anything starts.
#[test]
fn a_volume_with_driver_options_is_refused_before_anything_is_made() {
    let user = User::with(VOLUME);
    let listed = user.start();
    let (id, name) = (text(&listed["id"]), text(&listed["container"]));
    let instance = inspect("container", name).unwrap()["Config"]["Labels"]["cloister.instance"].clone();
    user.run(&["stop"]).expect(0);
    user.run(&["gc", "--yes"]).expect(0);
    let outside = user.root.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    let owner = || std::os::unix::fs::MetadataExt::uid(&outside.metadata().unwrap());
    let before = owner();
    let uid = rustix::process::geteuid().as_raw();
    let volume = format!("cloister-{id}-v");
    let labels = [
        format!("cloister.sandbox={id}"),
        format!("cloister.user={uid}"),
        format!("cloister.instance={}", text(&instance)),
    ];
    let bind = ["type=none".to_owned(), "o=bind".to_owned(), format!("device={}", outside.display())];
    let mut words = vec!["volume", "create"];
    labels.iter().for_each(|label| words.extend(["--label", label]));
    bind.iter().for_each(|option| words.extend(["--opt", option]));
    words.push(&volume);
    docker(&words).expect(0);
    let refused = user.run(&["start", "-d"]);
    refused.expect(1);
    let stderr = refused.stderr();
    assert!(stderr.contains(&format!("the volume `{volume}` was made with driver options")), "{stderr}");
    assert_eq!(owner(), before, "nothing was written through it");
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    docker(&["volume", "rm", &volume]).expect(0);
}
