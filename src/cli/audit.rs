//! `cloister audit`: what sandboxes asked for, what became of it, and whether the log of it is whole.

mod printer;
mod text;
mod verify;
mod when;

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::PossibleValuesParser;

use self::printer::Printer;
use self::when::When;
use super::exit;
use super::failure::{Explained, Failure};
use super::list::Format;
use super::output::say;
use crate::control::audit::event::What;
use crate::control::audit::filter::{self, Filter};
use crate::control::audit::read::{ReadError, Reading, Seen, read};
use crate::control::audit::{self, FolderError};
use crate::host::identity::Identity;
use crate::host::paths::Paths;
use crate::pipeline::unix_milliseconds as now;

/// How often it is looked whether something came.
const PAUSE: Duration = Duration::from_millis(200);

const EXAMPLES: &str = "\
Examples:
  cloister audit --since 1h --verdict refused          what was refused lately
  cloister audit --sandbox web --host '*.example.com'  what one sandbox asked of some hosts
  cloister audit --follow                              what happens, as it happens
  cloister audit --format json | jq .what.decision     for scripts
  cloister audit verify                                whether anything was changed or cut out";

/// Print what sandboxes asked for, what was answered, and what was done
///
/// One line for each entry of the audit log, the oldest first. Needs no engine, and nothing that runs.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    /// What else to do with the log
    #[command(subcommand)]
    pub action: Option<Action>,
    /// Only of the sandbox with this name or id
    #[arg(long, value_name = "NAME")]
    pub sandbox: Option<String>,
    /// Only about hosts of this form, in which `*` stands for anything
    #[arg(long, value_name = "PATTERN")]
    pub host: Option<String>,
    /// Only from then on: 30s, 15m, 1h, 2d ago, or a time such as 2026-11-24T20:35:00Z
    #[arg(long, value_name = "TIME", value_parser = When::parse)]
    pub since: Option<When>,
    /// Only up to then
    #[arg(long, value_name = "TIME", value_parser = When::parse)]
    pub until: Option<When>,
    /// Only what ended like this: allowed, refused, or failed (allowed, and did not answer)
    #[arg(long, value_enum, hide_possible_values = true)]
    pub verdict: Option<Verdict>,
    /// Only of this kind, such as decision, approval or host-command; may be given several times
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(What::KINDS), hide_possible_values = true)]
    pub kind: Vec<String>,
    /// Go on with what comes, until interrupted
    #[arg(short, long, conflicts_with = "until")]
    pub follow: bool,
    /// Only the last so many of what there is
    #[arg(short = 'n', long, value_name = "NUMBER")]
    pub limit: Option<usize>,
    /// Form of the lines: text, or json as they are in the log
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub format: Format,
}

/// What else to do with the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Subcommand)]
pub enum Action {
    /// Tell whether any of it was changed, cut out, or lost
    ///
    /// Each line is chained to the one before it. Names the file, the line, and what is wrong; then the exit code is 1.
    #[command(after_help = "Example:\n  cloister audit verify && echo whole")]
    Verify,
}

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Verdict {
    /// It was allowed
    Allowed,
    /// It was refused
    Refused,
    /// It was allowed, and did not answer
    Failed,
}

impl From<Verdict> for filter::Verdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Allowed => Self::Allowed,
            Verdict::Refused => Self::Refused,
            Verdict::Failed => Self::Failed,
        }
    }
}

impl Explained for ReadError {
    fn hint(&self) -> Option<String> {
        Self::hint(self)
    }

    fn lines(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Explained for FolderError {
    fn hint(&self) -> Option<String> {
        Self::hint(self)
    }

    fn lines(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Prints the log, or verifies it.
///
/// # Errors
/// The log cannot be read, or standard output cannot be written.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let identity = Identity::current().map_err(|error| Failure::new(&error))?;
    let state = Paths::of(&identity.home).state;
    let folder = audit::folder_in(&state);
    match args.action {
        Some(Action::Verify) => verify::run(&folder, &state),
        None => print(args, &folder),
    }
}

fn print(args: &Args, folder: &Path) -> Result<u8, Failure> {
    let mut reading = read(folder, filter(args, now()));
    let mut printer = Printer::new(args.format);
    let mut code = exit::OK;
    let mut newest = VecDeque::new();
    let mut is_any = false;
    while let Some(seen) = next(&mut reading, &mut code)? {
        is_any = true;
        match args.limit {
            None => {
                if !printer.print(&seen)? {
                    return Ok(code);
                }
            }
            Some(limit) => {
                newest.push_back(seen);
                if newest.len() > limit {
                    newest.pop_front();
                }
            }
        }
    }
    for seen in newest {
        printer.print(&seen)?;
    }
    if !printer.flush()? {
        return Ok(code);
    }
    if reading.is_empty() {
        say("there is no audit log yet; `cloister start` begins it\n");
    } else if !is_any {
        say("nothing in the audit log is like that\n");
    }
    if args.follow { follow(&mut reading, &mut printer, code) } else { Ok(code) }
}

fn follow(reading: &mut Reading, printer: &mut Printer, mut code: u8) -> Result<u8, Failure> {
    loop {
        while let Some(seen) = next(reading, &mut code)? {
            printer.print(&seen)?;
        }
        if !printer.flush()? {
            return Ok(code);
        }
        std::thread::sleep(PAUSE);
    }
}

/// Returns the next entry. A line that is none is told and passed over.
fn next(reading: &mut Reading, code: &mut u8) -> Result<Option<Seen>, Failure> {
    loop {
        match reading.next().transpose() {
            Ok(seen) => return Ok(seen),
            Err(error @ ReadError::Broken { .. }) => {
                *code = exit::FAILURE;
                let _ = Failure::explained(&error).print();
            }
            Err(error) => return Err(Failure::explained(&error)),
        }
    }
}

fn filter(args: &Args, now: u64) -> Filter {
    let at = |when: Option<When>| when.map(|when| when.before(now));
    Filter {
        sandbox: args.sandbox.clone(),
        host: args.host.clone(),
        since: at(args.since),
        until: at(args.until),
        verdict: args.verdict.map(Into::into),
        kinds: args.kind.clone(),
    }
}
