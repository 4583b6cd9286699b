#![expect(clippy::disallowed_methods, reason = "adapter: the working directory")]
//! `cloister review`: what changed in a project since its sandbox started, as far as the user's own tools would run it.

use serde::Serialize;

use super::cloned;
use super::exit;
use super::failure::Failure;
use super::head;
use super::list::Format;
use super::output::Output;
use super::runtime;
use crate::engine::session::{self, Context, Review, SessionError};
use crate::review::difference::Difference;
use crate::review::report::{Options, text};

/// Paths of one kind that are shown where nobody asked for all of them.
const SHORT: usize = 8;

const EXAMPLES: &str = "\
Examples:
  cloister review                                               the sandbox of this folder
  cloister review web --format json | jq -r '.changes[].path'   for scripts";

/// List what changed that your own tools would run or trust
///
/// Compares the project with what it was before the sandbox started: hooks and configuration of git, repositories in
/// the project, settings of editors and agents, files of build tools and CI, setuid files, links that lead out, pipes.
/// Nothing is run, and no link is followed. `cloister stop` shows the same in short.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Name of the sandbox, or its folder; without one, the sandbox of this folder
    pub name: Option<String>,
    /// Form of the list
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Prints the list.
///
/// # Errors
/// No such sandbox is known, or what was written down at its start cannot be read.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let mut output = Output::default();
    runtime::finish(async {
        let context = Context::open().await?;
        let folder = std::env::current_dir().unwrap_or_default();
        let receipt = session::select(&context, args.name.as_deref(), &folder)?;
        let review = session::review(&context, &receipt).await?;
        let unlike = head::now(&context, &receipt).await;
        output = match args.format {
            Format::Json => Output { stdout: json(&review, &unlike), ..Output::default() },
            Format::Text => listed(&review),
        };
        output.stderr += &head::said(&receipt.name, &unlike);
        Ok::<_, SessionError>(exit::OK)
    })?;
    output.write()
}

/// Returns the first of what changed, for the end of another command; nothing where nothing did.
pub(super) fn short(review: Option<&Review>) -> String {
    let Some(review) = review else { return String::new() };
    let said = text(&review.differences, options(review, SHORT));
    let kinds = |one: &Difference| review.differences.iter().filter(|other| other.kind == one.kind).count();
    let is_cut = review.differences.iter().any(|one| kinds(one) > SHORT);
    if is_cut { said + &format!("all of it: cloister review {}\n", review.name) } else { said }
}

fn options(review: &Review, most: usize) -> Options<'_> {
    Options { name: &review.name, most, complete: review.complete, lost: &review.lost }
}

fn listed(review: &Review) -> Output {
    let stdout = text(&review.differences, options(review, usize::MAX));
    let stderr = match stdout.is_empty() {
        true if review.clone => cloned::at_review(&review.name),
        true => "nothing changed since the start that your own tools would run or trust\n".to_owned(),
        false => String::new(),
    };
    Output { stdout, stderr, code: exit::OK }
}

/// A review as scripts read it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Reviewed<'a> {
    name: &'a str,
    folder: &'a str,
    complete: bool,
    clone: bool,
    changes: &'a [Difference],
    uncovered: &'a [String],
    unlike_head: &'a [String],
}

fn json(review: &Review, unlike_head: &[String]) -> String {
    let Review { name, folder, differences, complete, clone, lost } = review;
    let reviewed = Reviewed {
        name,
        folder,
        complete: *complete,
        clone: *clone,
        changes: differences,
        uncovered: lost,
        unlike_head,
    };
    serde_json::to_string_pretty(&reviewed).expect("a review has text keys only") + "\n"
}
