//! A plan and its diagnostics as output of the command. Pure.

use super::Format;
use crate::cli::exit;
use crate::cli::output::Output;
use crate::diagnostic::{Diagnostic, Level};
use crate::plan::model::{Plan, Verdict};
use crate::plan::render::{sarif, text};
use crate::plan::{Severity, canonical};
use crate::source::Source;
use crate::ui::text::count;
use crate::ui::{diagnostic, style};

/// How the plan is shown, and what of it decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presentation {
    /// Form of the plan.
    pub format: Format,
    /// Severity from which on a finding gives [`exit::FOUND`].
    pub check: Option<Severity>,
    /// Whether each finding takes one line.
    pub brief: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Whether standard output shows colour.
    pub stdout_color: bool,
    /// Whether standard error shows colour.
    pub stderr_color: bool,
}

/// Returns what the command prints: the plan on standard output, mistakes in files on standard error.
#[must_use]
pub fn present(plan: &Plan, sources: &[Source], diagnostics: &[Diagnostic], presentation: &Presentation) -> Output {
    let Presentation { format, check, brief, width, stdout_color, stderr_color } = *presentation;
    let stdout = match format {
        Format::Text => text::render(plan, sources, text::Options { width, color: stdout_color, brief }),
        Format::Json => canonical::pretty(plan),
        Format::Sarif => sarif::render(plan, sources),
    };
    let told = if format == Format::Json { diagnostics } else { beside_text(diagnostics) };
    let mut stderr = diagnostic::render(told, sources, diagnostic::Options { width, color: stderr_color });
    let found = check.map_or(0, |level| plan.findings.iter().filter(|finding| finding.severity >= level).count());
    if let (Some(level), true) = (check, found > 0) {
        stderr += &found_line(found, level);
    }
    let code = match plan.outcome {
        Verdict::Refused => exit::REFUSED,
        Verdict::Ready if found > 0 => exit::FOUND,
        Verdict::Ready => exit::OK,
    };
    Output { stdout, stderr, code }
}

/// Returns what is said beside the text of a plan: it has the warnings among its findings, unless errors kept the file
/// from being read.
pub(crate) fn beside_text(diagnostics: &[Diagnostic]) -> &[Diagnostic] {
    if diagnostics.iter().any(|one| one.level == Level::Error) { diagnostics } else { &[] }
}

fn found_line(found: usize, level: Severity) -> String {
    let above = if level == Severity::Critical { "" } else { " or above" };
    format!("cloister: --check: {} at {}{above}\n", count(found, "finding"), style::severity(level))
}
