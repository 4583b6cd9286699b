//! Which program, in which folder, with which environment.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;

use super::*;

/// SEC-62: the agent's `PATH`, and a program of its own beside it, mean nothing.
#[tokio::test]
async fn a_program_of_the_workspace_does_not_pass_for_one_of_the_machine() {
    let host = Host::new();
    host.write("git", "#!/bin/sh\necho EVIL\n");
    host.write("uname", "#!/bin/sh\necho EVIL\n");
    let prepared = host.prepare(&["uname"]);
    assert!(prepared.command.program.path.starts_with("/usr/bin/"), "{:?}", prepared.command.program);
    assert_eq!(run_alone(prepared).await.text(), "Linux\n");
    // Whoever means it says so, and then it is shown as what it is.
    let own = host.prepare(&["./git"]);
    assert_eq!(own.warnings[0].code(), "workspace-program");
    assert_eq!(own.command.program.path, host.web().join("git").to_str().unwrap());
}

#[test]
fn programs_are_looked_for_where_the_user_says() {
    let mut host = Host::new();
    let tools = host.folder.path().join("tools");
    fs::create_dir(&tools).unwrap();
    fs::copy("/bin/true", tools.join("mine")).unwrap();
    assert_eq!(host.refused(&["mine"]), Reason::NotFound);
    host.hostexec.path = vec!["/nowhere".to_owned(), tools.to_str().unwrap().to_owned()];
    assert!(host.prepare(&["mine"]).command.program.path.ends_with("tools/mine"));
    assert_eq!(host.refused(&["uname"]), Reason::NotFound);
    // A folder of the user's path that agents can write is the agent's.
    host.write("bin/tool", "#!/bin/sh\n");
    host.hostexec.path = vec![host.web().join("bin").to_str().unwrap().to_owned(), "/usr/bin".to_owned()];
    assert_eq!(host.prepare(&["tool"]).warnings[0].code(), "workspace-program");
}

/// What is on the host is not said to the agent.
#[test]
fn what_is_not_there_and_what_cannot_run_are_the_same() {
    let host = Host::new();
    let words = ["/etc/passwd", "/etc/no-such-file", "/etc", "no-such-program", "/root/.bashrc", "..", "/usr/bin"];
    let texts = words.map(|word| host.ask(&asked(&[word])).unwrap_err());
    assert!(texts.iter().all(|refusal| *refusal == texts[0] && refusal.status == 404), "{texts:?}");
}

/// SEC-65, HX-021, HX-022.
#[test]
fn the_working_directory_is_the_workspaces_and_nothing_else() {
    let host = Host::new();
    fs::create_dir_all(host.web().join("in/deep")).unwrap();
    symlink("/etc", host.web().join("out")).unwrap();
    symlink("../..", host.web().join("in/up")).unwrap();
    symlink("deep", host.web().join("in/near")).unwrap();
    symlink("/proc/self/root", host.web().join("magic")).unwrap();
    fs::write(host.web().join("file"), "").unwrap();
    let found = |cwd: &str| {
        let run = Run { cwd: cwd.to_owned(), ..asked(&["true"]) };
        let found = host.ask(&run).map(|prepared| prepared.command.folder);
        found
            .map(|folder| folder.outside.strip_prefix(host.web().to_str().unwrap()).unwrap().to_owned())
            .map_err(|refusal| (refusal.status, refusal.reason))
    };
    let refused = Err((400, Reason::BadFolder));
    let cases = [
        (TARGET, Ok("")),
        ("/workspaces/web/in", Ok("/in")),
        ("/workspaces/web/in/near", Ok("/in/deep")),
        ("/workspaces/web/in/..", Ok("")),
        ("in", Ok("/in")),
        ("in/../..", refused),
        ("/workspaces/web/in/../..", refused),
        ("/workspaces/web/out", refused),
        ("/workspaces/web/in/up", refused),
        ("/workspaces/web/magic", refused),
        ("/workspaces/web/file", refused),
        ("/workspaces/web/nowhere", refused),
        ("/workspaces", refused),
        ("/etc", refused),
        ("/", refused),
    ];
    for (cwd, expected) in cases {
        assert_eq!(found(cwd), expected.map(str::to_owned), "{cwd}");
    }
}

/// The folder is held open: what is put in its place after the approval is not entered.
#[tokio::test]
async fn a_folder_that_was_exchanged_is_not_entered() {
    let host = Host::new();
    fs::create_dir(host.web().join("in")).unwrap();
    fs::write(host.web().join("in/mark"), "").unwrap();
    let prepared = host.ask(&Run { cwd: "in".to_owned(), ..asked(&["ls"]) }).unwrap();
    fs::rename(host.web().join("in"), host.web().join("old")).unwrap();
    symlink("/etc", host.web().join("in")).unwrap();
    assert_eq!(run_alone(prepared).await.text(), "mark\n");
}

/// SEC-64, HX-023, HX-024: nothing of the agent's, and of the user's only what a rule names.
#[tokio::test]
async fn the_environment_is_what_is_shown() {
    let mut host = Host::new();
    let own = [
        ("HOME", "/home/u"),
        ("USER", "u"),
        ("LANG", "de_DE.UTF-8"),
        ("PATH", "/evil"),
        ("AWS_SECRET_ACCESS_KEY", "s3cret"),
    ];
    let more = [("SSH_AUTH_SOCK", "/run/agent"), ("DOCKER_HOST", "tcp://x"), ("LD_PRELOAD", "x"), ("BASH_ENV", "x")];
    host.account =
        Account::with(own.iter().chain(&more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let environment = async |host: &Host| -> BTreeMap<String, String> {
        let done = run_alone(host.prepare(&["env"])).await.text();
        let pairs = done.lines().map(|line| line.split_once('=').unwrap());
        // The mark by which its processes are found.
        pairs
            .filter(|(name, _)| *name != "CLOISTER_EXEC")
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    };
    let expected: BTreeMap<String, String> = [
        ("HOME", "/home/u"),
        ("LANG", "de_DE.UTF-8"),
        ("LOGNAME", "u"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("TERM", "dumb"),
        ("USER", "u"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    assert_eq!(environment(&host).await, expected);
    let shown: Vec<_> = host.prepare(&["env"]).command.env.into_keys().collect();
    assert_eq!(shown, expected.keys().cloned().collect::<Vec<_>>());

    host.rule(Effect::Ask, &["env"]).env = ["SSH_AUTH_SOCK".to_owned(), "ABSENT".to_owned()].into();
    let with = environment(&host).await;
    assert_eq!(with.get("SSH_AUTH_SOCK").map(String::as_str), Some("/run/agent"));
    assert_eq!(with.len(), expected.len() + 1);
    let prepared = host.prepare(&["env"]);
    let kept = serde_json::to_string(&prepared.command).unwrap() + &format!("{prepared:?}");
    assert!(!kept.contains("/run/agent"), "the value is not kept: {kept}");
}

/// HX-029: nothing to read, no terminal, no descriptor of cloister's, a session of its own.
#[tokio::test]
async fn a_command_inherits_nothing() {
    let host = Host::new();
    let done = run_alone(host.prepare(&[
        "sh",
        "-c",
        "cat; grep NoNewPrivs /proc/self/status; ls -l /proc/self/fd; umask; ps -o sid= -p $$; tty; exec 3<>/dev/tty",
    ]))
    .await;
    let text = done.text();
    let descriptors = text.lines().filter(|line| line.contains(" -> ")).count();
    // 3 is the folder that ls itself lists.
    assert_eq!(descriptors, 4, "{text}");
    assert!(text.contains("0 -> /dev/null") && text.contains("0022"), "{text}");
    assert!(text.contains("NoNewPrivs:\t1"), "{text}");
    assert!(text.contains("not a tty"), "{text}");
    assert!(!done.stderr.is_empty(), "there is no terminal to open");
    // Not getsid(2): the leader of this session may be outside of this PID namespace, its number is 0 then.
    let status = fs::read_to_string("/proc/self/stat").unwrap();
    let own = status.rsplit(") ").next().unwrap().split(' ').nth(3).unwrap();
    assert!(!text.lines().any(|line| line.trim() == own), "{text}");
}

/// A path that a rule takes is one of the workspace, by whatever links; and it is never automatic by itself.
#[test]
fn paths_of_templates_stay_in_the_workspace() {
    let mut host = Host::new();
    fs::write(host.web().join("a"), "").unwrap();
    symlink("/etc/passwd", host.web().join("out")).unwrap();
    host.rule(Effect::Auto, &["wc", "<file:path>"]);
    let prepared = host.prepare(&["wc", "a"]);
    assert_eq!((prepared.effect, prepared.held_back, prepared.keepable), (Effect::Ask, true, false));
    assert_eq!(host.refused(&["wc", "out"]), Reason::BadRequest);
    host.hostexec.rules[0].allow_workspace_code = true;
    let prepared = host.prepare(&["wc", "a"]);
    assert_eq!((prepared.effect, prepared.held_back, prepared.keepable), (Effect::Auto, false, true));
}

#[test]
fn what_runs_code_of_the_workspace_is_automatic_only_where_the_user_says_so() {
    let mut host = Host::new();
    host.rule(Effect::Auto, &["sh", "-c", "true"]);
    host.rule(Effect::Auto, &["uname", "-a"]);
    host.rule(Effect::Deny, &["uname", "-r"]);
    assert_eq!(host.prepare(&["sh", "-c", "true"]).effect, Effect::Ask);
    assert_eq!(host.prepare(&["uname", "-a"]).effect, Effect::Auto);
    assert_eq!(host.refused(&["uname", "-r"]), Reason::DeniedByRule);
    let with_input = Run { stdin: true, ..asked(&["uname", "-a"]) };
    assert_eq!(host.ask(&with_input).unwrap().effect, Effect::Ask, "what the agent writes is asked for");
    host.hostexec.rules[1].stdin = true;
    assert_eq!(host.ask(&with_input).unwrap().effect, Effect::Auto);
    // A folder that no agent writes holds the user's own code.
    host.agents_write = false;
    assert_eq!(host.prepare(&["sh", "-c", "true"]).effect, Effect::Auto);
}
