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
    // Agents run commands in login shells, for which the image's own profile sets another PATH.
    let login = user.run(&["exec", "project", "--", "bash", "-lc", "echo $PATH $B; command -v hostexec"]).expect(0);
    assert_eq!(login, format!("{said}/run/cloister/bin/hostexec\n"));
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
    assert!(user.run(&["exec", "nobody", "--", "true"]).stderr().contains("`cloister list --all`"));
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
fn the_end_of_the_input_does_not_end_the_output() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    user.start();
    let mut command = user.command(&["exec", "--", "sh", "-c", "wc -c; sleep 0.5; echo after"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&vec![0; 1 << 20]).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1048576\nafter\n");
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
fn what_nohup_keeps_out_ends_nothing() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    user.start();
    let cloister = user.command(&["exec", "--", "sh", "-c", "echo ready; sleep 1; echo done"]);
    let mut command = std::process::Command::new("nohup");
    command.arg(cloister.get_program()).args(cloister.get_args()).current_dir(&user.project);
    command.envs(cloister.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 6]).unwrap();
    let process = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::HUP).unwrap();
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!((rest.as_str(), child.wait().unwrap().code()), ("done\n", Some(0)));
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

#[test]
fn a_command_that_cannot_run_ends_as_in_a_shell() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    user.start();
    user.shell("echo '#!/nowhere/sh' > no-interpreter; chmod +x no-interpreter; echo x > text").expect(0);
    let cases = [
        ("no-such-program", 127, "`no-such-program` was not found in the sandbox"),
        ("./no-interpreter", 127, "`./no-interpreter` was not found in the sandbox"),
        ("./text", 126, "cannot run `./text` in the sandbox: Permission denied"),
        ("/etc", 126, "cannot run `/etc` in the sandbox: Permission denied"),
    ];
    for (program, code, said) in cases {
        for words in [["exec", "--", program], ["start", "--", program]] {
            let ran = user.run(&words);
            assert_eq!(ran.expect(code), "", "{words:?}");
            let stderr = ran.stderr();
            assert!(stderr.starts_with(&format!("cloister: {said}")) && stderr.contains("hint: "), "{stderr}");
        }
    }
}

#[test]
fn a_command_runs_in_the_folder_that_corresponds() {
    let user = User::with(
        r#"{ "image": "debian:bookworm", "mounts": ["type=volume,source=v,target=${containerWorkspaceFolder}/covered"] }"#,
    );
    user.start();
    user.shell("mkdir -p a/b").expect(0);
    let pwd = |folder: &str, words: &[&str]| {
        let mut command = user.command(words);
        let output = command.current_dir(user.project.join(folder)).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let project = user.project.to_str().unwrap();
    assert_eq!(pwd("", &["exec", "--", "sh", "-c", "pwd; echo $PWD"]), "/workspaces/project\n/workspaces/project\n");
    assert_eq!(pwd("a/b", &["exec", "--", "pwd"]), "/workspaces/project/a/b\n");
    assert_eq!(pwd("a/b", &["exec", "project", "--", "pwd"]), "/workspaces/project/a/b\n");
    assert_eq!(pwd("a", &["start", project, "--", "pwd"]), "/workspaces/project/a\n");
    assert_eq!(pwd("..", &["exec", "project", "--", "pwd"]), "/workspaces/project\n");
    // What a volume covers is not there inside, which is no reason not to run.
    std::fs::create_dir(user.project.join("covered/below")).unwrap();
    assert_eq!(pwd("covered/below", &["exec", "--", "pwd"]), "/workspaces/project\n");
}

#[test]
fn a_terminal_has_a_name_and_the_best_shell() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    user.start();
    assert_eq!(user.run(&["exec", "--", "printenv", "SHELL"]).expect(0), "/bin/bash\n");
    for (term, expected) in [(Some("screen-256color"), "screen-256color"), (None, "xterm"), (Some("a b"), "xterm")] {
        let mut command = in_terminal(&user, "start");
        let mut child = command.envs(term.map(|term| ("TERM", term))).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"echo \"=$TERM=$SHELL=$BASH\"; exit\n").unwrap();
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains(&format!("={expected}=/bin/bash=/bin/bash")), "{text}");
    }
}

#[test]
fn a_terminal_that_is_closed_ends_the_command() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    user.start();
    let mut child = in_terminal(&user, "exec -- sh -c 'echo ready; exec sleep 4711'").spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 5]).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let runs = || user.shell("grep -lz '^4711' /proc/[0-9]*/cmdline").stdout();
    let gone = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        runs().is_empty()
    });
    assert!(gone, "it goes on inside: {}", runs());
}

/// Returns a cloister that has a terminal of its own: `script` makes one.
fn in_terminal(user: &User, words: &str) -> std::process::Command {
    let cloister = user.command(&[]);
    let mut command = std::process::Command::new("script");
    command.args(["-qec", &format!("{} {words}", env!("CARGO_BIN_EXE_cloister")), "/dev/null"]);
    command.current_dir(&user.project).env_remove("TERM").stdin(Stdio::piped()).stdout(Stdio::piped());
    command.envs(cloister.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}
