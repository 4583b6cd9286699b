//! `cloister decisions`: what a person decided when an agent asked, and taking it back.

use clap::Subcommand;
use serde_json::json;

use super::exit;
use super::failure::{Explained, Failure};
use super::list::Format;
use super::origin::whose;
use super::output::Output;
use super::plan::{failure, on_stderr};
use super::runtime;
use crate::control::client::{Connection, ControlError};
use crate::control::protocol::Ask;
use crate::host::identity::Identity;
use crate::host::paths::Paths;
use crate::pipeline::decisions::{Loaded, Store, UndoError, undo};
use crate::pipeline::{PipelineError, unix_milliseconds};
use crate::policy::decision::{By, Decision, DecisionId};
use crate::ui::text::{pad, visible, width};

const EXAMPLES: &str = "\
Examples:
  cloister decisions                    what was decided, and counts still
  cloister decisions undo 0d5a9c71f2    takes one back";

/// List what you decided when agents asked, and take it back
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Args {
    /// What to do; without it, the list.
    #[command(subcommand)]
    action: Option<Action>,
    /// Form of the list
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What to do with decisions.
#[derive(Debug, Subcommand)]
enum Action {
    /// List the decisions that count
    #[command(after_help = "Example:\n  cloister decisions list --format json | jq -r '.[].id'")]
    List {
        /// Form of the list
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Take decisions back
    #[command(after_help = "Example:\n  cloister decisions undo 0d5a9c71f2")]
    Undo {
        /// Ids, as the list shows them
        #[arg(required = true, value_parser = id)]
        ids: Vec<DecisionId>,
    },
}

/// Why nothing was taken back.
#[derive(Debug, thiserror::Error)]
enum Failed {
    /// The files.
    #[error(transparent)]
    Undo(#[from] UndoError),
    /// The control plane, which has the decisions in force.
    #[error(transparent)]
    Control(#[from] ControlError),
}

impl Explained for Failed {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Undo(error) => error.hint(),
            Self::Control(ControlError::Refused { .. }) => Some("`cloister decisions` shows them".to_owned()),
            Self::Control(error) => error.hint(),
        }
    }

    fn lines(&self) -> Vec<String> {
        Vec::new()
    }
}

fn id(text: &str) -> Result<DecisionId, String> {
    DecisionId::try_from(text.to_owned()).map_err(|error| error.to_string())
}

/// Lists decisions, or takes some back.
///
/// # Errors
/// A file of decisions cannot be used, or an id is unknown.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let identity = Identity::current().map_err(|error| failure(&PipelineError::from(error), on_stderr()))?;
    let paths = Paths::of(&identity.home);
    let mut store = Store::of(&paths.config, &paths.state, identity.uid);
    match &args.action {
        None => list(&store.load(), args.format).write(),
        Some(Action::List { format }) => list(&store.load(), *format).write(),
        Some(Action::Undo { ids }) => {
            let mut undone = Vec::new();
            runtime::finish(async {
                undone = take_back(&paths, &mut store, ids).await?;
                Ok::<_, Failed>(exit::OK)
            })?;
            let said = undone.iter().map(|one| format!("undone: {} {}\n", one.verdict.as_str(), rules(one)));
            Output { stderr: said.collect(), ..Output::default() }.write()
        }
    }
}

/// Where a control plane lives, it has them in force: it is the one to be asked, so that live connections are cut.
async fn take_back(paths: &Paths, store: &mut Store, ids: &[DecisionId]) -> Result<Vec<Decision>, Failed> {
    let Some(mut connection) = Connection::open(&paths.state).await? else { return Ok(undo(store, ids).await?) };
    let mut known = store.load().decisions;
    known.retain(|decision| ids.contains(&decision.id));
    connection.ask(&Ask::Undo { ids: ids.to_vec(), by: By::Terminal }).await?;
    Ok(known)
}

fn list(loaded: &Loaded, format: Format) -> Output {
    let now = unix_milliseconds();
    let mut counting: Vec<&Decision> = loaded.decisions.iter().filter(|decision| !decision.is_over(now)).collect();
    counting.sort_by_key(|decision| std::cmp::Reverse(decision.made));
    let mut stderr: String =
        loaded.broken.iter().map(|error| Failure::new(error).hint(error.hint()).to_string()).collect();
    let stdout = match format {
        Format::Json => {
            serde_json::to_string_pretty(&counting.iter().map(|one| json(one)).collect::<Vec<_>>())
                .expect("decisions have text keys only")
                + "\n"
        }
        Format::Text if counting.is_empty() => {
            stderr.push_str("nothing is decided\n");
            String::new()
        }
        Format::Text => table(&counting, now),
    };
    Output { stdout, stderr, code: if loaded.is_whole() { exit::OK } else { exit::REFUSED } }
}

fn json(decision: &Decision) -> serde_json::Value {
    let Decision { id, verdict, rules, scope, made, until, by, asked_by } = decision;
    let rules: Vec<&str> = rules.iter().map(|rule| rule.as_str()).collect();
    json!({
        "id": id, "verdict": verdict, "rules": rules, "scope": scope.as_str(), "about": scope,
        "made": made, "until": until, "by": by, "askedBy": asked_by,
    })
}

fn rules(decision: &Decision) -> String {
    decision.rules.iter().map(|rule| rule.as_str()).collect::<Vec<_>>().join(" ")
}

fn table(decisions: &[&Decision], now: u64) -> String {
    let header = ["ID", "DECISION", "WHAT", "FOR", "ENDS", "ASKED BY", "MADE"].map(str::to_owned);
    let rows = decisions.iter().map(|one| {
        let ends = one.until.map_or_else(String::new, |until| format!("in {}", duration(until.saturating_sub(now))));
        let made = format!("{} ago, {}", duration(now.saturating_sub(one.made)), one.by.as_str());
        [
            one.id.to_string(),
            one.verdict.as_str().to_owned(),
            rules(one),
            whose(one),
            ends,
            visible(&one.asked_by),
            made,
        ]
    });
    let rows: Vec<[String; 7]> = std::iter::once(header).chain(rows).collect();
    let column = |at: usize| rows.iter().map(|row| width(&row[at])).max().unwrap_or(0);
    let columns: Vec<usize> = (0..7).map(column).collect();
    let line = |row: &[String; 7]| {
        let cells: Vec<String> = row.iter().zip(&columns).map(|(cell, columns)| pad(cell, *columns)).collect();
        cells.join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn duration(milliseconds: u64) -> String {
    let minutes = milliseconds / 60_000;
    match minutes {
        0 => "a minute".to_owned(),
        1..120 => format!("{minutes} min"),
        120..2880 => format!("{} h", minutes / 60),
        _ => format!("{} d", minutes / 1440),
    }
}
