#![expect(clippy::disallowed_methods, reason = "adapter: a program's own command line")]
#![expect(clippy::print_stderr, reason = "a program's messages")]
//! `cloister-hostexec`, also called `hostexec`: the client inside a sandbox.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use cloister::sandbox::check;
use cloister::sandbox::hostexec::protocol::REASON_LIMIT;
use cloister::sandbox::hostexec::{self, AskError};
use cloister::ui::causes;

const HELP: &str = "\
The client inside a cloister sandbox.

usage: cloister-hostexec check [--format text|json]    is this sandbox sealed? tries every way out
       cloister-hostexec request-domain HOST[:PORT] [--reason TEXT]
                                                       asks the user for a host, and waits for the answer
       hostexec [--stdin] COMMAND [ARGUMENT…]          asks the user to run a command on the host

A command gets nothing to read unless --stdin stands before it. No shell reads it: `hostexec git push origin main`.

example: hostexec git push origin main

Exit codes: that of the command, 128 and the number of a signal that ended it; 0 sealed or allowed, 1 not sealed or
nobody could be asked, 2 usage, 3 refused.
";

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_default();
    let arguments: Vec<OsString> = arguments.collect();
    let words: Vec<&str> = arguments.iter().map(|word| word.to_str().unwrap_or("\u{fffd}")).collect();
    let is_short_name = Path::new(&program).file_name() == Some(OsStr::new("hostexec"));
    match words[..] {
        ["-h" | "--help"] => print(HELP),
        [] => usage(),
        [_, ..] if is_short_name => command(arguments),
        ["check"] => check(false),
        ["check", "--format", "text"] | ["check", "--format=text"] => check(false),
        ["check", "--format", "json"] | ["check", "--format=json"] => check(true),
        ["check", ..] => usage(),
        ["request-domain", ref rest @ ..] => domain(rest),
        _ => command(arguments),
    }
}

/// Options stand before the command, whose own are not touched.
fn command(mut arguments: Vec<OsString>) -> ExitCode {
    let mut stdin = false;
    loop {
        match arguments.first().and_then(|word| word.to_str()) {
            Some("--stdin") => stdin = true,
            Some("--") => {
                arguments.remove(0);
                break;
            }
            Some(word) if word.starts_with('-') => return usage(),
            _ => break,
        }
        arguments.remove(0);
    }
    if arguments.is_empty() { usage() } else { answered(hostexec::command(arguments, stdin)) }
}

fn domain(words: &[&str]) -> ExitCode {
    let reason = |text: &str| Some(text.chars().take(REASON_LIMIT / 4).collect::<String>());
    let (host, reason) = match *words {
        [host] => (host, None),
        [host, "--reason", text] | ["--reason", text, host] => (host, reason(text)),
        [host, word] | [word, host] if word.starts_with("--reason=") => (host, reason(&word["--reason=".len()..])),
        _ => return usage(),
    };
    if host.starts_with('-') { usage() } else { answered(hostexec::domain(host.to_owned(), reason)) }
}

fn answered(answer: Result<u8, AskError>) -> ExitCode {
    let error = match answer {
        Ok(code) => return ExitCode::from(code),
        Err(error) => error,
    };
    eprintln!("hostexec: {}", causes::line(&error));
    if let Some(hint) = error.hint() {
        eprintln!("hint: {hint}");
    }
    ExitCode::from(error.exit_code())
}

fn check(json: bool) -> ExitCode {
    let report = check::run();
    let text = if json { serde_json::to_string(&report).map(|line| line + "\n") } else { Ok(check::table(&report)) };
    match text {
        Ok(text) if report.sealed => print(&text),
        Ok(text) => {
            print(&text);
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("cloister-hostexec: cannot write the report as JSON: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A reader that went away is no failure of the check.
fn print(text: &str) -> ExitCode {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}

fn usage() -> ExitCode {
    eprint!("{HELP}");
    ExitCode::from(2)
}
