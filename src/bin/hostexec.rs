#![expect(clippy::disallowed_methods, reason = "adapter: a program's own command line")]
#![expect(clippy::print_stderr, reason = "a program's messages")]
//! `cloister-hostexec`, also called `hostexec`: the client inside a sandbox.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use cloister::sandbox::check;

const HELP: &str = "\
The client inside a cloister sandbox.

usage: cloister-hostexec check [--format text|json]   is this sandbox sealed? tries every way out
       cloister-hostexec request-domain HOST          ask the user for a host
       hostexec COMMAND…                              ask the user to run a command on the host

example: cloister-hostexec check

Exit codes: 0 sealed, 1 not sealed, 2 usage, 3 refused.
";
/// Exit code for what policy refuses.
const REFUSED: u8 = 3;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_default();
    let arguments: Vec<OsString> = arguments.collect();
    let words: Vec<&str> = arguments.iter().map(|word| word.to_str().unwrap_or("\u{fffd}")).collect();
    let is_short_name = Path::new(&program).file_name() == Some(OsStr::new("hostexec"));
    match words[..] {
        ["-h" | "--help"] => print(HELP),
        [] => usage(),
        [_, ..] if is_short_name => refuse_command(),
        ["check"] => check(false),
        ["check", "--format", "text"] | ["check", "--format=text"] => check(false),
        ["check", "--format", "json"] | ["check", "--format=json"] => check(true),
        ["check", ..] => usage(),
        ["request-domain", host] => refuse_domain(host),
        ["request-domain", ..] => usage(),
        [first, ..] if first.starts_with('-') => usage(),
        _ => refuse_command(),
    }
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

fn refuse_command() -> ExitCode {
    eprintln!("hostexec: host commands are not part of this version: ask the user to run it on the host");
    ExitCode::from(REFUSED)
}

fn refuse_domain(host: &str) -> ExitCode {
    let host: String = host.chars().filter(|letter| !letter.is_control()).collect();
    eprintln!(
        "cloister-hostexec: domain requests are not part of this version: \
         ask the user to add {host:?} to `allow` in the config.json5 of cloister on the host"
    );
    ExitCode::from(REFUSED)
}
