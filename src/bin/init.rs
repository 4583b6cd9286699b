#![expect(clippy::disallowed_methods, reason = "adapter: a program's own command line")]
#![expect(clippy::print_stderr, reason = "a program's messages")]
//! `cloister-init`: process 1 of a sandbox, mounted read-only into it. Not for people.

use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use cloister::sandbox::protocol::RunRequest;
use cloister::sandbox::{asking, init, run, session, shell, signal, sudo};
use cloister::ui::causes;
use cloister::ui::text::visible;

const USAGE: &str = "\
usage: cloister-init init REQUEST [-- COMMAND…]   probe, report, then reap; as process 1
       cloister-init init [-- COMMAND…]           the same, with the request on standard input
       cloister-init probe REQUEST                probe and report; exit 86 when something is open
       cloister-init run FOLDER… -- COMMAND…      run a command in the first folder that can be entered
       cloister-init run                          the same, once standard input says what and where
       cloister-init shell                        the account's shell
       cloister-init signal MARK NAME             signal the processes of one exec
       cloister-init asking PORT…                 print which processes connect to the proxy from these ports
       cloister-init session -- COMMAND…          run a command in a session of its own";

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_default();
    let arguments: Vec<OsString> = arguments.collect();
    if Path::new(&program).file_name() == Some(OsStr::new(sudo::NAME)) {
        let error = sudo::become_command(&arguments);
        return fail(&error, error.exit_code());
    }
    let words: Vec<&str> = arguments.iter().map(|word| word.to_str().unwrap_or("\u{fffd}")).collect();
    match words[..] {
        ["init"] => begin(init::run(&[])),
        ["init", "--", _, ..] => begin(init::run(&arguments[2..])),
        ["init", request] => begin(Err(init::hide_request(request, &[]))),
        ["init", request, "--", _, ..] => begin(Err(init::hide_request(request, &arguments[3..]))),
        ["probe", request] => begin(init::probe_alone(request)),
        ["run"] => become_told(),
        ["run", ..] => become_given(&words[1..]),
        ["shell"] => fail(&shell::become_shell(), session::NOT_FOUND_EXIT),
        ["signal", mark, name] => send(mark, name),
        ["asking", ref ports @ ..] => print_asking(ports),
        ["session", "--", _, ..] => {
            let error = session::become_command(&arguments[2..]);
            eprintln!("cloister-init: cannot run `{}`: {error}", visible(&arguments[2].to_string_lossy()));
            exit(session::exit_code(&error))
        }
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}

fn become_given(words: &[&str]) -> ExitCode {
    let Some(at) = words.iter().position(|word| *word == "--") else { return usage() };
    let (folders, [_, command @ ..]) = words.split_at(at) else { return usage() };
    if command.is_empty() {
        return usage();
    }
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    become_process(&RunRequest { folders: owned(folders), command: owned(command), env: BTreeMap::new() })
}

fn become_told() -> ExitCode {
    match run::awaited() {
        Ok(Some(request)) => become_process(&request),
        Ok(None) => ExitCode::SUCCESS,
        Err(error) => fail(&error, 2),
    }
}

/// The one part that people read: it speaks for the command that they gave.
fn become_process(request: &RunRequest) -> ExitCode {
    let error = run::become_process(request);
    eprintln!("cloister: {}\n\nhint: {}", causes::line(&error), error.hint());
    exit(error.exit_code())
}

fn begin(result: Result<i32, init::InitError>) -> ExitCode {
    match result {
        Ok(code) => exit(code),
        Err(error @ init::InitError::Request(_)) => fail(&error, 2),
        Err(error) => fail(&error, 1),
    }
}

fn send(mark: &str, name: &str) -> ExitCode {
    match signal::parse(name) {
        Some(signal) if signal::send(mark, signal) > 0 => ExitCode::SUCCESS,
        Some(_) => ExitCode::FAILURE,
        None => {
            eprintln!("cloister-init: {name:?} is not a signal");
            ExitCode::from(2)
        }
    }
}

fn print_asking(ports: &[&str]) -> ExitCode {
    let ports: Vec<u16> = ports.iter().filter_map(|port| port.parse().ok()).collect();
    let found = serde_json::to_vec(&asking::find(&ports)).expect("every key is a text");
    // Whoever wanted to know may be gone.
    std::io::stdout().write_all(&found).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

fn fail(error: &dyn Error, code: i32) -> ExitCode {
    eprintln!("cloister-init: {}", causes::line(error));
    exit(code)
}

fn exit(code: i32) -> ExitCode {
    u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
}
