//! A program that cloister starts on this machine ends with it, and takes no more than it may.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Runs a script in bash, whose process is the parent of what `leash` in it becomes.
fn bash(script: &str) -> Command {
    let mut command = Command::new("bash");
    let leash = format!("leash() {{ exec -a cloister-leash {} \"$@\"; }}\n", env!("CARGO_BIN_EXE_cloister"));
    command.args(["-c", &(leash + script)]).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn it_is_the_other_program_under_the_bounds_or_nothing() {
    let cases = [
        ("(leash $$ - - sh -c 'ulimit -t; ulimit -v; exit 7'); exit $?", 7, "unlimited\nunlimited\n", ""),
        ("(leash $$ 2147483648 9 sh -c 'ulimit -t; ulimit -v'); exit $?", 0, "9\n2097152\n", ""),
        ("(leash 1 - - echo ran); exit $?", 125, "", "whoever started it is gone"),
        ("(leash $$ many - echo ran); exit $?", 125, "", "a bound is no number"),
        ("(leash $$ - - cloister-test-absent); exit $?", 125, "", "No such file"),
        ("(leash); exit $?", 125, "", "not for people"),
    ];
    for (script, code, printed, said) in cases {
        let ran = bash(script).output().unwrap();
        let (stdout, stderr) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert_eq!((ran.status.code(), stdout.as_ref()), (Some(code), printed), "{script}: {stderr}");
        assert!(stderr.contains(said) && (said.is_empty() == stderr.is_empty()), "{script}: {stderr}");
    }
}

#[test]
fn it_ends_with_whoever_started_it() {
    let mut parent = bash("leash $$ - - sh -c 'echo $$; exec sleep 1000' & wait").spawn().unwrap();
    let mut line = String::new();
    BufReader::new(parent.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let folder = std::path::Path::new("/proc").join(line.trim());
    assert!(folder.exists());
    parent.kill().unwrap();
    parent.wait().unwrap();
    for _ in 0..100 {
        // Whoever adopts it may leave it there, ended.
        let status = std::fs::read_to_string(folder.join("stat")).unwrap_or_default();
        if status.is_empty() || status.contains(") Z ") {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{line} goes on");
}
