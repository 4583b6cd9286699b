//! `cloister plan`: what will run, and why it differs from what was asked. Contacts no engine.

pub mod present;

use std::io::{stderr, stdout};
use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::failure::Failure;
use crate::diagnostic::Diagnostic;
use crate::plan::{Plan, Severity};
use crate::source::Source;
use present::{Presentation, present};

const EXAMPLES: &str = "\
Examples:
  cloister plan                                the project in this folder
  cloister plan ~/shop --brief                 another one, every finding on one line
  cloister plan --format json | jq .outcome    for scripts
  cloister plan --check=medium                 for CI: exit code 4 from medium upwards";

/// Show what will run, and why it differs from what was asked
///
/// Reads the folder's devcontainer.json, makes the plan that `cloister start` would apply, and shows every difference
/// at the line that caused it. The engine is never contacted and nothing is run.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Folder of the project
    #[arg(default_value = ".")]
    pub folder: PathBuf,
    /// Use this devcontainer.json instead of looking for one
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Form of the plan
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Exit with 4 when a finding is at or above SEVERITY: info, low, medium, high or critical
    #[arg(long, value_name = "SEVERITY", num_args = 0..=1, require_equals = true, default_missing_value = "high",
        hide_possible_values = true, value_parser = severity_parser())]
    pub check: Option<Severity>,
    /// Do not use the network, not even for what a plan may fetch
    #[arg(long)]
    pub offline: bool,
    /// Show every finding on one line
    #[arg(long)]
    pub brief: bool,
    /// Plan for a workspace that root owns: root inside, without capabilities
    #[arg(long)]
    pub root_workspace: bool,
}

/// Form of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For scripts: schemas/plan.schema.json
    Json,
}

/// What the pipeline gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// The texts that findings and diagnostics point into.
    pub sources: Vec<Source>,
    /// Mistakes in files.
    pub diagnostics: Vec<Diagnostic>,
}

/// Makes the plan with `pipeline`, and prints it.
///
/// # Errors
/// What the pipeline returned, or standard output cannot be written.
pub fn run(args: &Args, pipeline: impl FnOnce(&Args) -> Result<Planned, Failure>) -> Result<u8, Failure> {
    let planned = pipeline(args)?;
    let shows_color = |choice| choice != anstream::ColorChoice::Never;
    let presentation = Presentation {
        format: args.format,
        check: args.check,
        brief: args.brief,
        width: columns(),
        stdout_color: shows_color(anstream::AutoStream::choice(&stdout())),
        stderr_color: shows_color(anstream::AutoStream::choice(&stderr())),
    };
    present(&planned.plan, &planned.sources, &planned.diagnostics, &presentation).write()
}

/// Columns where no terminal says otherwise.
const DEFAULT_COLUMNS: usize = 80;

fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(stdout()).ok();
    size.map_or(DEFAULT_COLUMNS, |size| if size.ws_col == 0 { DEFAULT_COLUMNS } else { usize::from(size.ws_col) })
}

fn severity_parser() -> impl TypedValueParser<Value = Severity> {
    PossibleValuesParser::new(["info", "low", "medium", "high", "critical"]).map(|name| match name.as_str() {
        "info" => Severity::Info,
        "low" => Severity::Low,
        "medium" => Severity::Medium,
        "high" => Severity::High,
        _ => Severity::Critical,
    })
}
