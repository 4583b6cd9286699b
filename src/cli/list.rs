//! `cloister list`: the sandboxes that there are.

use clap::ValueEnum;

use super::exit;
use super::failure::Failure;
use super::output::Output;
use super::runtime;
use crate::engine::receipt::State;
use crate::engine::session::{self, Context, Listed, SessionError};
use crate::ui::text::visible;

const EXAMPLES: &str = "\
Examples:
  cloister list                                    what runs
  cloister list --format json | jq -r '.[].name'   for scripts";

/// List sandboxes
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Show those that were stopped as well
    #[arg(short, long)]
    pub all: bool,
    /// Form of the list
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For scripts
    Json,
}

/// Prints the list.
///
/// # Errors
/// The engine does not answer, or standard output cannot be written.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let mut listed = Vec::new();
    runtime::finish(async {
        listed = session::list(&Context::open().await?).await?;
        Ok::<_, SessionError>(exit::OK)
    })?;
    let there = listed.len();
    listed.retain(|row| args.all || row.state != State::Stopped.as_str());
    let (stdout, stderr) = match args.format {
        Format::Json => (json(&listed), String::new()),
        Format::Text if listed.is_empty() => (String::new(), none(there)),
        Format::Text => (table(&listed), String::new()),
    };
    Output { stdout, stderr, code: exit::OK }.write()
}

/// Says that nothing is listed, where `stopped` sandboxes could be.
fn none(stopped: usize) -> String {
    match stopped {
        0 => "no sandboxes; start one with `cloister start`\n".to_owned(),
        1 => "no sandbox runs; 1 was stopped: cloister list --all\n".to_owned(),
        several => format!("no sandbox runs; {several} were stopped: cloister list --all\n"),
    }
}

fn json(listed: &[Listed]) -> String {
    serde_json::to_string_pretty(listed).expect("a list has text keys only") + "\n"
}

fn table(listed: &[Listed]) -> String {
    let header = ["NAME", "STATE", "ID", "WORKSPACE"].map(str::to_owned);
    let rows =
        listed.iter().map(|row| [&row.name, row.state, &row.id, &row.workspace].map(|cell| visible(cell).to_string()));
    let rows: Vec<[String; 4]> = std::iter::once(header).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let [name, state, id] = [width(0), width(1), width(2)];
    rows.iter().map(|[a, b, c, d]| format!("{a:name$}  {b:state$}  {c:id$}  {d}\n")).collect()
}

#[cfg(test)]
mod tests;
