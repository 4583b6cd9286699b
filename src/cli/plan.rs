//! `cloister plan`: what will run, and why it differs from what was asked. Contacts no engine.

pub mod present;

use std::io::{stderr, stdout};

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::exit;
use super::failure::Failure;
use super::output::Output;
use super::project::Project;
use crate::host::terminal;
use crate::pipeline::{self, PipelineError, Request};
use crate::plan::Severity;
use crate::ui::diagnostic;
use present::{Presentation, present};

const EXAMPLES: &str = "\
Examples:
  cloister plan                                the project in this folder
  cloister plan ~/shop --brief                 another one, every finding on one line
  cloister plan --format json | jq .outcome    for scripts
  cloister plan --check=medium                 for CI: exit code 4 from medium upwards
  cloister plan --format sarif >plan.sarif     for code scanning";

/// Show what will run, and why it differs from what was asked
///
/// Reads the folder's devcontainer.json, makes the plan that `cloister start` would apply, and shows every difference
/// at the line that caused it. The engine is never contacted and nothing is run.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which project is meant.
    #[command(flatten)]
    pub project: Project,
    /// Have the agent work on a clone of the repository, not on the folder
    #[arg(long)]
    pub clone: bool,
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
}

/// Form of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For scripts: schemas/plan.schema.json
    Json,
    /// For code scanning: SARIF 2.1.0
    Sarif,
}

/// Makes the plan, and prints it.
///
/// # Errors
/// A file cannot be read, the user's own configuration is broken, or standard output cannot be written.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let shows_color = |choice| choice != anstream::ColorChoice::Never;
    let presentation = Presentation {
        format: args.format,
        check: args.check,
        brief: args.brief,
        width: columns(),
        stdout_color: shows_color(anstream::AutoStream::choice(&stdout())),
        stderr_color: shows_color(anstream::AutoStream::choice(&stderr())),
    };
    let prepared = pipeline::prepare(&Request { clone: args.clone, ..args.project.request() })
        .map_err(|error| failure(&error, on_stderr()))?;
    let warnings = prepared.policy_warnings.iter();
    let warnings: String =
        warnings.map(|(source, found)| diagnostic::render(found, std::slice::from_ref(source), on_stderr())).collect();
    let planned = prepared.plan(None, None);
    let output = present(&planned.plan, &planned.sources, &planned.diagnostics, &presentation);
    Output { stderr: warnings + &output.stderr, ..output }.write()
}

/// Returns the failure of a pipeline; a broken configuration of the user's own is shown at its lines before.
pub(super) fn failure(error: &PipelineError, options: diagnostic::Options) -> Failure {
    let failure = Failure::new(error).hint(error.hint());
    match error {
        PipelineError::Config { source_text, diagnostics, .. } => failure
            .code(exit::REFUSED)
            .details(diagnostic::render(diagnostics, std::slice::from_ref(source_text), options)),
        _ => failure,
    }
}

/// How text is shown on standard output.
pub(super) fn on_stdout() -> diagnostic::Options {
    let color = anstream::AutoStream::choice(&stdout()) != anstream::ColorChoice::Never;
    diagnostic::Options { width: columns(), color }
}

/// How diagnostics are shown on standard error.
pub(super) fn on_stderr() -> diagnostic::Options {
    let color = anstream::AutoStream::choice(&stderr()) != anstream::ColorChoice::Never;
    diagnostic::Options { width: columns(), color }
}

/// Columns where no terminal says otherwise.
const DEFAULT_COLUMNS: usize = 80;

/// Returns the columns of the terminal on standard output.
fn columns() -> usize {
    terminal::size().map_or(DEFAULT_COLUMNS, |(_, columns)| usize::from(columns))
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
