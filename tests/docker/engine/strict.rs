//! `strict` of the user's configuration: what works on a root that nobody writes, and what a repository can do about it.

use serde_json::json;

use super::{User, inspect, text};

const HOSTILE: &str = r#"{
    "image": "debian:bookworm",
    "runArgs": ["--read-only=false", "--tmpfs=/tmp:noexec", "-v", "/tmp:/usr/local"],
    "mounts": ["source=cache,target=/cache,type=volume"]
}"#;

/// What is tried, whether it works, and what is printed.
const ATTEMPTS: &[(&str, bool, &str)] = &[
    ("git init -q /tmp/r && cd /tmp/r && git -c user.name=a -c user.email=b commit -q --allow-empty -m x", true, ""),
    ("git -c user.name=a -c user.email=b commit -q --allow-empty -m x && git log --format=%s", true, "x\n"),
    // what compilers and build tools do: write a program, and run it where it was written
    ("cp /bin/echo /tmp/own && /tmp/own made", true, "made\n"),
    ("python3 -m venv --without-pip /tmp/venv && /tmp/venv/bin/python -c 'print(7)'", true, "7\n"),
    ("TMPDIR=~/tmp; mkdir ~/tmp && cp /bin/echo ~/tmp/own && ~/tmp/own made", true, "made\n"),
    ("echo kept > ~/file && cat ~/file && echo kept > file && cat file", true, "kept\nkept\n"),
    ("touch /usr/local/bin/x", false, ""),
    ("touch /var/lib/x /opt/x /srv/x /x", false, ""),
    ("mkdir /run/x", false, ""),
    ("apt-get install -y hello", false, ""),
    ("grep -o ' / / r[ow],[^ ]*' /proc/self/mountinfo | cut -c1-7", true, " / / ro\n"),
];

#[test]
fn a_read_only_root_lets_people_work_and_nothing_of_the_image_change() {
    let user = User::with(HOSTILE);
    user.allow(&json!({ "strict": true }));
    let listed = user.start();
    let host = inspect("container", text(&listed["container"])).unwrap()["HostConfig"].clone();
    assert_eq!(host["ReadonlyRootfs"], true);
    user.shell("git init -q .").expect(0);
    let found: Vec<String> = ATTEMPTS
        .iter()
        .filter_map(|(script, works, prints)| {
            let ran = user.shell(script);
            let as_expected = (ran.0.status.code() == Some(0)) == *works && (!works || ran.stdout() == *prints);
            (!as_expected).then(|| format!("{script}: {:?}\n{}{}", ran.0.status.code(), ran.stdout(), ran.stderr()))
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_change_of_mind_is_said_and_takes_a_rebuild() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    user.start();
    user.allow(&json!({ "strict": true }));
    let again = user.run(&["start", "--detach"]);
    again.expect(1);
    assert!(
        again.stderr().contains("read-only root: false → true") && again.stderr().contains("--rebuild"),
        "{}",
        again.stderr()
    );
    user.run(&["start", "--detach", "--rebuild"]).expect(0);
    assert_ne!(user.shell("touch /usr/local/x").0.status.code(), Some(0));
}
