//! The command line: arguments, one file for each subcommand, and how failures read.
//!
//! Invariant: data goes to standard output, everything else to standard error. `plan` starts no runtime and opens no
//! connection; commands that talk to the engine run under [`runtime::finish`].

mod about;
pub mod approve;
pub mod audit;
mod cloned;
mod command;
pub mod completions;
pub mod config;
pub mod control;
pub mod decisions;
pub mod doctor;
pub mod exec;
pub mod exit;
pub mod failure;
pub mod gc;
pub mod guardian;
mod head;
pub mod hostexec;
mod initialize;
pub mod list;
pub mod man;
mod origin;
pub mod output;
pub mod path;
pub mod plan;
pub mod project;
pub mod pull;
mod refused;
mod requests;
pub mod review;
pub mod runtime;
pub mod shutdown;
pub mod start;
pub mod stop;
pub mod trust;
pub mod ui;
mod uncovered;
pub mod why;

use std::ffi::OsString;
use std::io::stderr;

use clap::error::{ContextKind, ErrorKind};
use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use tracing_subscriber::filter::LevelFilter;

use failure::Failure;

use crate::policy::decision::Verdict;

/// Heading of the options that every command takes.
const EVERYWHERE: &str = "Everywhere";

const EXAMPLES: &str = "\
Examples:
  cloister plan            what was asked, what will run, and why each thing differs
  cloister start           a shell in the sealed sandbox of this folder
  cloister plan --check    for CI: exit code 4 when something grave was asked

Exit codes:
  0 ok   1 failure   2 usage   3 refused by policy or an invalid file   4 `--check` found something;
  a command that runs in the sandbox gives its own";

/// Runs coding agents without permission prompts: a project's own devcontainer.json, hardened and sealed behind a guardian.
#[derive(Debug, Parser)]
#[command(name = "cloister", version, after_help = EXAMPLES, arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    /// When to use colour: auto, always or never
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, global = true, hide_possible_values = true,
        help_heading = EVERYWHERE)]
    pub color: ColorChoice,
    /// Tell more on standard error; twice for everything
    #[arg(short, long, action = ArgAction::Count, global = true, help_heading = EVERYWHERE)]
    pub verbose: u8,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColorChoice {
    /// On terminals, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The subcommands, in the order that people meet them.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "what a command says of itself stands at its `Args`, for people and for clap")]
pub enum Command {
    Plan(plan::Args),
    Start(start::Args),
    Exec(exec::Args),
    Approve(approve::Args),
    /// Say no to what sandboxes wait for
    ///
    /// The same as `cloister approve`, with the other answer.
    Deny(approve::Args),
    Ui(ui::Args),
    Trust(trust::Args),
    List(list::Args),
    Path(path::Args),
    Stop(stop::Args),
    Audit(audit::Args),
    Review(review::Args),
    Pull(pull::Args),
    Shutdown(shutdown::Args),
    Gc(gc::Args),
    Why(why::Args),
    Config(config::Args),
    Decisions(decisions::Args),
    Guardian(guardian::Args),
    Hostexec(hostexec::Args),
    Doctor(doctor::Args),
    #[command(hide = true)]
    Control(control::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Runs the program with these arguments, the program's name first; returns the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    match Cli::try_parse_from(arguments) {
        Ok(cli) => {
            choose_color(cli.color);
            trace(cli.verbose);
            dispatch(cli.command).unwrap_or_else(|failure| failure.print())
        }
        Err(error) => {
            // A reader that is gone needs no help text.
            let _ = error.print();
            if forgot_dashes(&error) {
                output::say(
                    "\nhint: a command stands behind `--`: cloister exec -- ls -l, cloister start -- npm test\n",
                );
            }
            if error.use_stderr() { exit::USAGE } else { exit::OK }
        }
    }
}

/// Tells whether somebody wrote a command where its name or a folder is taken.
fn forgot_dashes(error: &clap::Error) -> bool {
    let usage = error.get(ContextKind::Usage).map(ToString::to_string).unwrap_or_default();
    matches!(error.kind(), ErrorKind::MissingRequiredArgument | ErrorKind::UnknownArgument)
        && usage.contains("-- <COMMAND>")
}

fn dispatch(command: Command) -> Result<u8, Failure> {
    match command {
        Command::Plan(args) => plan::run(&args),
        Command::Start(args) => start::run(&args),
        Command::Exec(args) => exec::run(&args),
        Command::Approve(args) => approve::run(&args, Verdict::Allow),
        Command::Deny(args) => approve::run(&args, Verdict::Deny),
        Command::Ui(args) => ui::run(&args),
        Command::Trust(args) => trust::run(&args),
        Command::List(args) => list::run(&args),
        Command::Path(args) => path::run(&args),
        Command::Stop(args) => stop::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Review(args) => review::run(&args),
        Command::Pull(args) => pull::run(&args),
        Command::Shutdown(args) => shutdown::run(&args),
        Command::Gc(args) => gc::run(&args),
        Command::Why(args) => why::run(&args),
        Command::Config(args) => config::run(&args),
        Command::Decisions(args) => decisions::run(&args),
        Command::Guardian(args) => guardian::run(&args),
        Command::Hostexec(args) => hostexec::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Control(args) => control::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}

fn choose_color(choice: ColorChoice) {
    match choice {
        ColorChoice::Auto => anstream::ColorChoice::Auto,
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
    }
    .write_global();
}

/// Shows what the program does on standard error; by default only what went wrong beside the way.
fn trace(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let color = anstream::AutoStream::choice(&stderr()) != anstream::ColorChoice::Never;
    let subscriber = tracing_subscriber::fmt().with_max_level(level).with_writer(stderr).with_ansi(color);
    if verbose == 0 { subscriber.without_time().with_target(false).init() } else { subscriber.init() }
}
