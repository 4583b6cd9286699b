use std::io::{Read, Write};
use std::process::Stdio;

use super::User;

#[test]
fn remote_variables_build_on_those_of_the_container() {
    let user = User::with(
        r#"{
            "image": "debian:bookworm",
            "containerEnv": { "A": "1" },
            "remoteEnv": { "PATH": "${containerEnv:PATH}:/opt/tools", "B": "${containerEnv:A}-${containerEnv:NONE:2}" },
            "postCreateCommand": "date > made"
        }"#,
    );
    let said = user.run(&["start", "--", "sh", "-c", "echo $PATH $B"]).expect(0);
    assert!(said.contains("/usr/bin") && said.ends_with(":/opt/tools:/run/cloister/bin 1-2\n"), "{said}");
}

#[test]
fn a_folder_of_root_is_not_opened() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    let refused = user.run(&["start", "/usr/share/doc", "--", "true"]);
    refused.expect(3);
    assert!(refused.stderr().contains("--root-workspace"), "{}", refused.stderr());
    assert!(user.listed().is_empty());
}

#[test]
fn a_command_has_its_streams_its_environment_and_its_exit_code() {
    let user = User::with(r#"{ "image": "debian:bookworm", "remoteEnv": { "FROM_CONFIG": "yes" } }"#);
    let started = user.run(&["start", "--", "sh", "-c", "echo out; echo err >&2; echo $FROM_CONFIG; pwd; exit 7"]);
    assert_eq!(started.expect(7), "out\nyes\n/workspaces/project\n");
    assert!(started.stderr().ends_with("err\n"), "{}", started.stderr());
    assert_eq!(user.shell("kill -9 $$").0.status.code(), Some(137));
    user.run(&["exec", "project", "--", "true"]).expect(0);
    assert!(user.run(&["exec", "nobody", "--", "true"]).stderr().contains("hint: `cloister list`"));
}

#[test]
fn bytes_pass_as_they_are() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    user.start();
    let mut bytes = Vec::new();
    std::fs::File::open("/dev/urandom").unwrap().take(2_000_000).read_to_end(&mut bytes).unwrap();
    bytes.splice(..0, [1, 0, 0, 0, 0, 0, 0, 9]);
    let mut command = user.command(&["exec", "--", "cat"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut stdin, sent) = (child.stdin.take().unwrap(), bytes.clone());
    let writer = std::thread::spawn(move || stdin.write_all(&sent));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.stdout == bytes, "{} bytes of {} came back", output.stdout.len(), bytes.len());
}

#[test]
fn a_signal_reaches_the_command() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    user.start();
    let script = "trap 'echo told; exit 9' TERM; echo ready; while :; do sleep 0.05; done";
    let mut command = user.command(&["exec", "--", "sh", "-c", script]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut ready = [0; 6];
    stdout.read_exact(&mut ready).unwrap();
    let process = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!((rest.as_str(), child.wait().unwrap().code()), ("told\n", Some(9)));
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_command() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    user.start();
    let mut child = user.command(&["exec", "--", "yes"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 2]).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(141), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(user.shell("grep -l '^yes' /proc/[0-9]*/comm").stdout(), "", "it does not go on inside");
}

#[test]
fn a_passed_variable_reaches_processes_and_is_written_nowhere() {
    let user = User::with(r#"{ "image": "debian:bookworm", "onCreateCommand": "env > /workspaces/project/hook-env" }"#);
    let config = user.root.path().join("CONFIG/cloister");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("config.json5"), "{ env: { pass: ['AGENT_KEY'] } }").unwrap();
    let secret = "secret-of-this-test";
    let run = |arguments: &[&str]| user.command(arguments).env("AGENT_KEY", secret).output().unwrap().stdout;
    assert_eq!(run(&["start", "--", "printenv", "AGENT_KEY"]), format!("{secret}\n").as_bytes());
    assert_eq!(run(&["exec", "--", "printenv", "AGENT_KEY"]), format!("{secret}\n").as_bytes());
    let listed = user.listed();
    let container = super::inspect("container", super::text(&listed[0]["container"])).unwrap();
    assert!(!container.to_string().contains(secret));
    assert!(!std::fs::read_to_string(user.project.join("hook-env")).unwrap().contains(secret));
    for file in ["receipt.json", "plan.json"] {
        let path = user.state().join("sandboxes").join(super::text(&listed[0]["id"])).join(file);
        assert!(!std::fs::read_to_string(path).unwrap().contains(secret), "{file}");
    }
}
