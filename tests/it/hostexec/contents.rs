//! What is shown is what runs.

use super::*;

#[tokio::test]
async fn a_script_runs_as_it_was_shown() {
    let host = Host::new();
    host.write("deploy.sh", "#!/bin/sh -eu\necho \"$0 $# $2\"\npwd\n");
    let prepared = host.prepare(&["./deploy.sh", "a", "b c"]);
    let command = &prepared.command;
    assert_eq!(command.content.as_ref().unwrap().text.as_deref(), Some("#!/bin/sh -eu\necho \"$0 $# $2\"\npwd\n"));
    assert_eq!(command.interpreter.as_ref().unwrap().argv, ["/bin/sh", "-eu"]);
    let shown: Vec<String> = prepared.lines().into_iter().map(|line| line.text).collect();
    assert!(shown.contains(&r#""pwd\n""#.to_owned()), "{shown:?}");
    let text = run_alone(prepared).await.text();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("/proc/self/fd/") && lines[0].ends_with(" 2 b c"), "{text}");
    assert_eq!(lines[1], host.web().to_str().unwrap());
}

/// HX-013.
#[tokio::test]
async fn a_script_that_changed_after_it_was_shown_does_not_run() {
    let host = Host::new();
    type Change = fn(&std::path::Path);
    let changes: [(&str, Change); 3] = [
        ("edited", |path| fs::write(path, "#!/bin/sh\necho EVIL\n").unwrap()),
        ("removed", |path| fs::remove_file(path).unwrap()),
        ("exchanged", |path| {
            fs::remove_file(path).unwrap();
            std::os::unix::fs::symlink("/bin/true", path).unwrap();
        }),
    ];
    for (what, change) in changes {
        let path = host.write("deploy.sh", "#!/bin/sh\necho good\n");
        let prepared = host.prepare(&["./deploy.sh"]);
        change(&path);
        let done = run_alone(prepared).await;
        assert_eq!(
            (done.reason(), done.started, done.text()),
            (Some(Reason::ContentChanged), false, String::new()),
            "{what}"
        );
        let _ = fs::remove_file(&path);
    }
}

/// A shell reads its script while it runs; this one cannot be changed any more.
#[tokio::test]
async fn a_script_that_is_edited_while_it_runs_goes_on_as_it_was_shown() {
    let host = Host::new();
    host.write("deploy.sh", "#!/bin/bash\necho good > deploy.sh.tmp\nsleep 1\necho still good\n");
    let prepared = host.prepare(&["./deploy.sh"]);
    let path = host.web().join("deploy.sh");
    let mark = host.web().join("deploy.sh.tmp");
    let edit = async {
        while !mark.is_file() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        fs::write(&path, "#!/bin/bash\necho good > deploy.sh.tmp\nsleep 1\necho EVIL!!!!!!\n").unwrap();
    };
    let (done, ()) = tokio::join!(run_alone(prepared), edit);
    assert_eq!(done.text(), "still good\n");
}

#[tokio::test]
async fn the_snapshot_is_sealed() {
    let host = Host::new();
    host.write(
        "own.sh",
        "#!/bin/sh\necho echo EVIL >> \"$0\" || echo sealed\nchmod +w \"$0\"; : > \"$0\" || echo sealed\n",
    );
    let text = run_alone(host.prepare(&["./own.sh"])).await.text();
    assert_eq!(text, "sealed\n", "the shell ends at the second, and nothing was added: {text}");
}

#[tokio::test]
async fn a_program_of_the_workspace_runs_from_its_snapshot_too() {
    let host = Host::new();
    fs::copy("/bin/uname", host.web().join("own")).unwrap();
    assert_eq!(run_alone(host.prepare(&["./own"])).await.text(), "Linux\n");
    let prepared = host.prepare(&["/workspaces/web/own"]);
    assert_eq!(prepared.command.content.as_ref().unwrap().text, None);
    assert_eq!(prepared.command.program.path, host.web().join("own").to_str().unwrap());
}

/// HX-018.
#[test]
fn what_was_installed_into_the_workspace_is_named() {
    let host = Host::new();
    host.write("node_modules/typescript/bin/tsc", "#!/bin/sh\n");
    fs::create_dir_all(host.web().join("node_modules/.bin")).unwrap();
    std::os::unix::fs::symlink("../typescript/bin/tsc", host.web().join("node_modules/.bin/tsc")).unwrap();
    let prepared = host.prepare(&["node_modules/.bin/tsc"]);
    assert_eq!(prepared.warnings[0].code(), "workspace-binary");
    assert!(prepared.command.program.path.ends_with("node_modules/typescript/bin/tsc"));
    assert!(!prepared.keepable);
}

#[test]
fn what_nobody_can_show_does_not_run() {
    let host = Host::new();
    host.write("text", "echo hi\n");
    host.write("relative", "#!./evil\n");
    host.write("evil", "#!/bin/sh\n");
    host.write("own", &format!("#!{}\n", host.web().join("evil").display()));
    host.write("binary", "#!/bin/sh\n");
    fs::write(host.web().join("binary"), b"#!/bin/sh\n\xff").unwrap();
    fs::write(host.web().join("plain"), "#!/bin/sh\n").unwrap();
    fs::write(host.web().join("large"), vec![0; (8 << 20) + 1]).unwrap();
    std::os::unix::fs::symlink("/bin/true", host.web().join("out")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, host.web().join("pipe"), rustix::fs::FileType::Fifo, 0o755.into(), 0).unwrap();
    let cases = [
        ("./text", Reason::BadRequest),
        ("./relative", Reason::BadRequest),
        ("./own", Reason::BadRequest),
        ("./binary", Reason::TooLarge),
        ("./plain", Reason::NotFound),
        ("./large", Reason::TooLarge),
        ("./out", Reason::NotFound),
        ("./pipe", Reason::NotFound),
        ("./nothing", Reason::NotFound),
        ("../web/text", Reason::NotFound),
    ];
    for (word, reason) in cases {
        assert_eq!(host.refused(&[word]), reason, "{word}");
    }
}

/// What is on the user's own path can be run by what an agent writes: a virtual environment of the workspace, say.
#[test]
fn a_script_of_the_machine_that_the_workspace_runs_is_none_of_the_machine() {
    let mut host = Host::new();
    let tools = host.folder.path().canonicalize().unwrap().join("tools");
    fs::create_dir(&tools).unwrap();
    host.hostexec.path.insert(0, tools.to_str().unwrap().to_owned());
    let python = host.write("venv/bin/python", "#!/bin/sh\necho EVIL\n");
    std::os::unix::fs::symlink(&python, tools.join("python-link")).unwrap();
    let tool = |name: &str, first: &str| {
        let path = tools.join(name);
        fs::write(&path, format!("{first}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    tool("direct", &format!("#!{}", python.display()));
    tool("link", &format!("#!{}", tools.join("python-link").display()));
    tool("nested", &format!("#!{}", tools.join("direct").display()));
    tool("by-env", "#!/usr/bin/env python-link");
    tool("relative", "#!venv/bin/python");
    tool("absent", &format!("#!{}/not-yet", host.web().display()));
    tool("good", "#!/bin/sh -e");
    tool("good-env", "#!/usr/bin/env sh");
    host.write("own.sh", &format!("#!{}\n", tools.join("direct").display()));
    for (name, reason) in [
        ("direct", Reason::BadRequest),
        ("link", Reason::BadRequest),
        ("nested", Reason::BadRequest),
        ("by-env", Reason::BadRequest),
        ("relative", Reason::BadRequest),
        ("absent", Reason::NotFound),
        ("./own.sh", Reason::BadRequest),
    ] {
        assert_eq!(host.refused(&[name]), reason, "{name}");
    }
    host.prepare(&["good"]);
    host.prepare(&["good-env"]);
    host.agents_write = false;
    host.prepare(&["direct"]);
}

/// A few such cards would be more than anybody can be shown, and would hide what else waits.
#[test]
fn what_nobody_could_read_is_not_asked() {
    let host = Host::new();
    host.write("long.sh", &format!("#!/bin/sh\n{}", "\n".repeat(250_000)));
    host.write("fine.sh", &format!("#!/bin/sh\n{}", "echo hello to everybody out there\n".repeat(7000)));
    assert_eq!(host.refused(&["./long.sh"]), Reason::TooLarge);
    assert_eq!(host.refused(&["echo", &"\u{1}".repeat(120_000)]), Reason::TooLarge);
    host.prepare(&["./fine.sh"]);
    host.prepare(&["echo", &"x".repeat(120_000)]);
}

/// HX-035: by its content, not by its name.
#[tokio::test]
async fn a_program_that_was_replaced_after_it_was_shown_does_not_run() {
    let mut host = Host::new();
    let tools = host.folder.path().join("tools");
    fs::create_dir(&tools).unwrap();
    host.hostexec.path = vec![tools.to_str().unwrap().to_owned()];
    for (what, script) in [("program", false), ("script", true)] {
        let tool = tools.join("tool");
        let install = |from: &str| {
            let _ = fs::remove_file(&tool);
            if script {
                fs::write(&tool, format!("#!/bin/sh\nexec {from}\n")).unwrap();
                fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
            } else {
                fs::copy(from, &tool).unwrap();
            }
        };
        install("/bin/uname");
        assert_eq!(run_alone(host.prepare(&["tool"])).await.text(), "Linux\n", "{what}");
        let prepared = host.prepare(&["tool"]);
        let digest = prepared.command.digest();
        install("/bin/id");
        assert_eq!(run_alone(prepared).await.reason(), Some(Reason::ContentChanged), "{what}");
        assert_ne!(host.prepare(&["tool"]).command.digest(), digest, "{what}: an approval is not good for it");
    }
}

/// HX-035: the same question is the same digest, and nothing else is.
#[test]
fn an_approval_is_good_for_exactly_this() {
    let host = Host::new();
    fs::create_dir(host.web().join("in")).unwrap();
    let digest = |run: &Run| host.ask(run).unwrap().command.digest();
    let first = digest(&asked(&["git", "status"]));
    assert_eq!(digest(&asked(&["git", "status"])), first);
    assert_ne!(digest(&asked(&["git", "status", "-s"])), first);
    assert_ne!(digest(&Run { cwd: "in".to_owned(), ..asked(&["git", "status"]) }), first);
    assert_ne!(digest(&Run { stdin: true, ..asked(&["git", "status"]) }), first);
}
