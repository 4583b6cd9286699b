#![expect(clippy::disallowed_methods, reason = "adapter: the working directory")]
//! `cloister pull`: commits out of a sandbox that works on a clone.

use super::command;
use super::exit;
use super::failure::Failure;
use super::list::Format;
use super::output::{Output, say};
use super::runtime;
use crate::clone::Left;
use crate::engine::session::{self, Context, Pulled, PulledRef, SessionError};
use crate::host::signals::Signals;
use crate::review::report::paths;
use crate::ui::text::{count, quoted, visible};

/// Paths that are named before the rest is counted.
const NAMED: usize = 8;
/// Digits of an id that a person sees.
const DIGITS: usize = 10;

const EXAMPLES: &str = "\
Examples:
  cloister pull                                         of the sandbox of this folder
  cloister pull web --format json | jq -r '.refs[].ref'  for scripts";

/// Bring commits back from a sandbox that works on a clone
///
/// What the agent committed on branches comes to refs/cloister/NAME/ of the repository that was cloned, where nothing
/// follows it until you merge it. It travels as a bundle, whose objects are checked; nothing of it is run, and neither
/// branches nor files of yours change. Tags, and what is not committed, stay in the sandbox.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Name of the sandbox, or its folder; without one, the sandbox of this folder
    pub name: Option<String>,
    /// Form of what is told
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Pulls, and says what came and what to do next.
///
/// # Errors
/// No such sandbox runs, it has no clone, or what it sent is not what it should be.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let (mut output, mut after) = (Output::default(), String::new());
    let working = async {
        let mut signals = Signals::listen().map_err(SessionError::Signals)?;
        let pulling = async {
            let context = Context::open().await?;
            let folder = std::env::current_dir().unwrap_or_default();
            let receipt = session::select(&context, args.name.as_deref(), &folder)?;
            session::pull(&context, &receipt).await
        };
        let pulled: Pulled = session::until_interrupted(&mut signals, pulling).await?;
        (output.stdout, after) = match args.format {
            Format::Json => (json(&pulled), left(&pulled)),
            Format::Text => (table(&pulled), next(&pulled) + &left(&pulled)),
        };
        Ok::<_, SessionError>(exit::OK)
    };
    let ended = runtime::finish(async { working.await.or_else(command::interrupted) })?;
    if ended != exit::OK {
        return Ok(ended);
    }
    let code = output.write()?;
    // What to do about the branches makes sense below them.
    say(&after);
    Ok(code)
}

fn json(pulled: &Pulled) -> String {
    serde_json::to_string_pretty(pulled).expect("it has text keys only") + "\n"
}

fn table(pulled: &Pulled) -> String {
    let row = |PulledRef { name, old, new, commits, rewritten }: &PulledRef| {
        let short = |id: &str| id.chars().take(DIGITS).collect::<String>();
        let range = old.as_ref().map_or_else(|| short(new), |old| format!("{}..{}", short(old), short(new)));
        let commits = count(usize::try_from(*commits).unwrap_or(usize::MAX), "new commit");
        let how = match (old, rewritten) {
            (_, true) => ", and its history was rewritten",
            (None, _) => ", first pulled",
            _ => "",
        };
        format!("{}  {range}  {commits}{how}\n", visible(name))
    };
    pulled.refs.iter().map(row).collect()
}

/// What came, in words, and what to do with it.
fn next(Pulled { name, refs, changes, .. }: &Pulled) -> String {
    let Some(first) = refs.first() else { return format!("nothing new in `{}`\n", visible(name)) };
    let quoted = quoted(&first.name);
    let risky = match changes.as_slice() {
        [] => String::new(),
        changes => format!("before you check it out: your own tools run or trust {}\n", paths(changes, NAMED)),
    };
    format!("{risky}next: git log HEAD..{0}, git diff HEAD...{0}, git merge {0}\n", visible(&quoted))
}

/// What stays in the sandbox.
fn left(Pulled { name, left, .. }: &Pulled) -> String {
    let name = visible(name);
    match left {
        None => format!("`{name}` does not say what is not committed; see: cloister exec {name} -- git status\n"),
        Some(Left { commits, files }) => {
            let number = |number: u64, noun: &str| count(usize::try_from(number).unwrap_or(usize::MAX), noun);
            let files = (*files > 0).then(|| {
                format!(
                    "{} not committed in `{name}`, and not pulled; see: cloister exec {name} -- git status\n",
                    number(*files, "file")
                )
            });
            let commits = (*commits > 0).then(|| {
                format!("{} in `{name}` on no branch, and not pulled: tags, a stash\n", number(*commits, "commit"))
            });
            files.into_iter().chain(commits).collect()
        }
    }
}

#[cfg(test)]
mod tests;
