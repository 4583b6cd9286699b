//! `cloister hostexec test`: what would happen to a command that a sandbox asks for.

use std::path::{Path, PathBuf};

use super::exit;
use super::failure::Failure;
use super::output::Output;
use super::plan::{failure, on_stderr};
use crate::control::hostexec::{Account, Place, Prepared, prepare, shown};
use crate::host::paths;
use crate::pipeline;
use crate::policy::hostexec::{Effect, Hostexec, Rule};
use crate::sandbox::hostexec::protocol::{Reason, Refusal, Run};
use crate::ui::text::visible;

const EXAMPLE: &str = "\
Example:
  cloister hostexec test -- git push origin main

Exit codes:
  0 it would run   3 it would be refused   4 you would be asked";

/// Try what the rules for commands of the host say
///
/// In a sandbox, `hostexec COMMAND…` asks to run a command on your machine. Rules in config.json5 say which run without
/// asking, and which never do.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cloister hostexec test -- git push origin main")]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with the rules.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Say which rule is about a command, and exactly what would run; nothing runs
    #[command(after_help = EXAMPLE)]
    Test {
        /// Folder that the sandbox would be on; the current one if none is given
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
        /// As if the agent had asked to write to it
        #[arg(long)]
        stdin: bool,
        /// Command and arguments
        #[arg(last = true, required = true, value_name = "COMMAND")]
        command: Vec<String>,
    },
}

/// A folder that is not there.
#[derive(Debug, thiserror::Error)]
#[error("there is no folder `{}`", .0.display())]
struct NoFolder(PathBuf);

/// Says what would happen.
///
/// # Errors
/// The configuration is broken, the folder is not there, or standard output cannot be written.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let Action::Test { folder, stdin, command } = &args.action;
    let policy = pipeline::policy().map_err(|error| failure(&error, on_stderr()))?;
    let named = folder.as_deref().unwrap_or_else(|| Path::new("."));
    let source = paths::folder(named).ok_or_else(|| Failure::new(&NoFolder(named.to_owned())))?;
    // As the card of a sandbox shows it, unless its configuration names another folder.
    let name = source.file_name().unwrap_or_default().to_string_lossy();
    let target = format!("/workspaces/{name}");
    let asked = Run { argv: command.clone(), cwd: target.clone(), stdin: *stdin };
    // As if a sandbox had the folder itself; the folder of one that works on a clone is nobody else's.
    let place = Place { target, source, agents_write: true };
    match prepare(&asked, &place, &policy.hostexec, &Account::current()) {
        Ok(prepared) => would_run(&prepared, &policy.hostexec),
        Err(refusal) => would_not(&refusal, command, &policy.hostexec),
    }
    .write()
}

fn would_run(prepared: &Prepared, hostexec: &Hostexec) -> Output {
    let (verdict, code) = match prepared.effect {
        Effect::Auto => ("it would run without asking", exit::OK),
        Effect::Ask | Effect::Deny => ("you would be asked", exit::FOUND),
    };
    let number = prepared.rule;
    let rule = number.and_then(|number| hostexec.rules.get(number));
    let why = match (number.zip(rule), prepared.held_back) {
        (None, _) => "no rule is about this command".to_owned(),
        (Some((number, rule)), true) => format!(
            "{}, but it runs what the agent can write, and `allowWorkspaceCode` is not set",
            described(number, rule)
        ),
        (Some((number, rule)), false) if prepared.effect == Effect::Ask && rule.effect == Effect::Auto => {
            format!("{}, but not with input: `stdin` is not set", described(number, rule))
        }
        (Some((number, rule)), false) => described(number, rule),
    };
    let bounds = format!("at most {} seconds and {} bytes of output", prepared.timeout, prepared.output);
    let lines = shown::text(&prepared.lines());
    Output { stdout: format!("{verdict}: {why}\n{bounds}\n\n{lines}"), stderr: String::new(), code }
}

fn would_not(refusal: &Refusal, command: &[String], hostexec: &Hostexec) -> Output {
    let rule = hostexec.decide(command, false).rule.filter(|_| refusal.reason == Reason::DeniedByRule);
    let why = rule.map_or_else(|| refusal.text.clone(), |(number, rule)| described(number, rule));
    Output { stdout: format!("it would be refused: {}\n", visible(&why)), stderr: String::new(), code: exit::REFUSED }
}

fn described(number: usize, rule: &Rule) -> String {
    let words: Vec<String> = rule.argv.iter().map(|word| shown::quoted(&word.to_string())).collect();
    let place = rule.location.as_ref().map_or_else(
        || format!("`hostexec.rules[{number}]`"),
        |location| visible(&format!("{}:{}", location.file, location.line)),
    );
    format!("the rule at {place} says {} to {}", rule.effect.as_str(), words.join(" "))
}
