//! The clone that an agent works on, from inside: it is made, asked, and read by processes in the sandbox, as the agent.
//!
//! Invariant: whatever comes out of one of them is the agent's word.

use std::collections::BTreeSet;
use std::fs::File;
use std::time::Duration;

use super::connect::Engine;
use super::exec::piped::{self, Bounds, End, Piped};
use super::exec::{ExecError, Process, captured};
use super::receipt::Receipt;
use crate::clone::Left;
use crate::clone::bundle::BundleError;
use crate::host::repository::{Head, RepositoryError};

/// Most bytes of what comes out of a sandbox.
pub const LIMIT: u64 = 2 << 30;
/// How long git in a sandbox may take.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// How long it may take to say what is in the clone alone.
const MOMENT: Duration = Duration::from_secs(5);
/// Most bytes of that.
const ANSWER_LIMIT: usize = 256;
/// Lines of what git says that a person sees.
const SAID: usize = 4;

/// Exit codes of the scripts, other than those of shells and git.
const NO_GIT: u8 = 42;
const NOT_EMPTY: u8 = 43;
const NOTHING_NEW: u8 = 44;
const GONE: u8 = 45;
/// Those of our own program and of shells, for a program that is not there.
const NO_SHELL: [u8; 2] = [126, 127];

/// Makes the clone of the bundle on standard input. Arguments: folder, branch, commit, origin.
const PLANT: &str = r#"set -eu
command -v git >/dev/null || exit 42
cd "$1"
test -z "$(ls -A)" || exit 43
umask 022
git init --quiet .
cat > .git/cloister.bundle
git fetch --quiet --update-head-ok .git/cloister.bundle \
    '+refs/heads/*:refs/heads/*' '+refs/tags/*:refs/tags/*' '+refs/remotes/origin/*:refs/remotes/origin/*'
rm .git/cloister.bundle
if test -n "$2"; then
    git symbolic-ref HEAD "refs/heads/$2"
    git reset --quiet --hard
else
    git checkout --quiet --detach "$3"
fi
test -z "$4" || git remote add origin "$4"
if test -n "$2" && git rev-parse --quiet --verify "refs/remotes/origin/$2" >/dev/null && test -n "$4"; then
    git branch --quiet --set-upstream-to "origin/$2" "$2"
fi"#;

/// Writes what is new as a bundle. Argument: folder; standard input: the commits that are known, each after a `^`.
const BUNDLE: &str = r#"command -v git >/dev/null || exit 42
cd "$1" && test -e .git || exit 45
known=$(cat)
head=
git symbolic-ref --quiet HEAD >/dev/null || head=HEAD
new=$(printf '%s\n' "$known" | git rev-list --ignore-missing --count --branches $head --stdin) || exit 1
test "$new" != 0 || exit 44
printf '%s\n' "$known" | git bundle create --quiet - --ignore-missing --branches $head --stdin"#;

/// Counts commits and files that are in the clone alone. Arguments: folder, and the commits that are known.
const LOOK: &str = r#"set -eu
cd "$1"; shift
known=
test $# = 0 || known=$(printf '^%s\n' "$@")
printf '%s\n' "$known" | git rev-list --ignore-missing --count --exclude='refs/remotes/*' --all --stdin
git --no-optional-locks -c core.fsmonitor=false status --porcelain --ignore-submodules=all | wc -l"#;

/// Why a clone was not made, or nothing came out of it.
#[derive(Debug, thiserror::Error)]
pub enum CloneError {
    /// The user's repository cannot be used.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// What came is not what was asked for.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A process could not be run.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// A file for what is on the way cannot be used.
    #[error("could not keep what is on its way between repository and sandbox")]
    File(#[source] std::io::Error),
    /// The image lacks what a clone needs.
    #[error("the image has no {0}, which a clone needs inside")]
    Missing(&'static str),
    /// The image has something where the clone belongs.
    #[error("the image has files at `{target}`, where the clone belongs")]
    NotEmpty {
        /// The folder inside.
        target: String,
    },
    /// The agent removed it.
    #[error("there is no repository any more at `{target}` in the sandbox")]
    Gone {
        /// The folder inside.
        target: String,
    },
    /// More than anybody pulls.
    #[error("the sandbox sent more than {} GiB", LIMIT >> 30)]
    TooLarge,
    /// It does not end.
    #[error("git in the sandbox did not end within {} minutes", PATIENCE.as_secs() / 60)]
    Slow,
    /// git inside says no.
    #[error("git in the sandbox failed with exit code {code}{}", said(.answer))]
    Git {
        /// Its exit code.
        code: u8,
        /// What it said.
        answer: String,
    },
    /// The sandbox has the folder itself.
    #[error("`{name}` works on the folder itself, not on a clone: its commits are there already")]
    NoClone {
        /// Name of the sandbox.
        name: String,
    },
}

impl CloneError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Repository(RepositoryError::Git { what: "set the references", .. }) => Some(
                "one that was pulled before is in the way: `git for-each-ref refs/cloister` shows them, `git update-ref \
                 -d NAME` removes one"
                    .to_owned(),
            ),
            Self::Repository(error) => error.hint(),
            Self::Exec(error) => error.hint(),
            Self::Bundle(BundleError::Name(_)) => Some("rename it inside: git branch -m OLD NEW".to_owned()),
            Self::Missing(_) | Self::NotEmpty { .. } => {
                Some("name an image that fits in devcontainer.json, or start without --clone".to_owned())
            }
            Self::TooLarge => Some("see what is large: cloister exec -- git count-objects -vH".to_owned()),
            Self::Gone { .. } | Self::Git { .. } => Some("look at it inside: cloister exec -- git status".to_owned()),
            Self::NoClone { .. } => Some("start one that does: `cloister start --clone`".to_owned()),
            Self::Bundle(_) | Self::File(_) | Self::Slow => None,
        }
    }
}

fn said(answer: &str) -> String {
    let lines: Vec<&str> = answer.lines().filter(|line| !line.is_empty()).take(SAID).collect();
    if lines.is_empty() { String::new() } else { format!(": {}", lines.join("; ")) }
}

/// Makes the clone at `target` from a bundle, as the sandbox's user.
///
/// # Errors
/// The image lacks something, or git inside fails.
pub async fn plant(
    engine: &Engine,
    receipt: &Receipt,
    target: &str,
    bundle: File,
    (head, origin): (&Head, Option<&str>),
) -> Result<(), CloneError> {
    let arguments = [target, head.branch.as_deref().unwrap_or_default(), &head.commit, origin.unwrap_or_default()];
    let process = script(receipt, PLANT, &arguments);
    let streams = (tokio::fs::File::from_std(bundle), tokio::io::sink());
    let bounds = Bounds { bytes: 1 << 20, patience: PATIENCE };
    let container = receipt.container.as_deref().unwrap_or_default();
    judged(piped::run(engine, container, &process, streams, bounds).await?, target).map(drop)
}

/// Writes what is new in the clone at `target` to a file; returns whether anything is.
///
/// # Errors
/// git inside fails, or sends too much.
pub async fn bundle(
    engine: &Engine,
    receipt: &Receipt,
    target: &str,
    known: &BTreeSet<String>,
    into: &File,
) -> Result<bool, CloneError> {
    let known: String = known.iter().map(|id| format!("^{id}\n")).collect();
    let process = script(receipt, BUNDLE, &[target]);
    let output = tokio::fs::File::from_std(into.try_clone().map_err(CloneError::File)?);
    let bounds = Bounds { bytes: LIMIT, patience: PATIENCE };
    let container = receipt.container.as_deref().unwrap_or_default();
    judged(piped::run(engine, container, &process, (known.as_bytes(), output), bounds).await?, target)
}

/// Asks what is in the clone at `target` alone; `None` where nobody answers in time.
pub async fn look(engine: &Engine, receipt: &Receipt, target: &str, known: &BTreeSet<String>) -> Option<Left> {
    let arguments: Vec<&str> = [target].into_iter().chain(known.iter().map(String::as_str)).collect();
    let process = script(receipt, LOOK, &arguments);
    let container = receipt.container.as_deref().unwrap_or_default();
    let asking = captured::run(engine, container, &process, ANSWER_LIMIT);
    let answer = tokio::time::timeout(MOMENT, asking).await.ok()?.ok()??;
    let answer = String::from_utf8(answer).ok()?;
    let mut numbers = answer.split_whitespace().map(|number| number.parse::<u64>().ok());
    Some(Left { commits: numbers.next()??, files: numbers.next()?? })
}

/// Returns a file without a name for what is on its way.
///
/// # Errors
/// It cannot be made.
pub fn nameless(folder: &std::path::Path) -> Result<File, CloneError> {
    tempfile::tempfile_in(folder).map_err(CloneError::File)
}

fn script(receipt: &Receipt, script: &str, arguments: &[&str]) -> Process {
    let words = ["sh", "-c", script, "cloister"].into_iter().chain(arguments.iter().copied()).map(str::to_owned);
    Process { folders: vec!["/".to_owned()], ..Process::new(words.collect(), &receipt.process) }
}

/// Tells whether there is anything.
fn judged(Piped { end, said: answer }: Piped, target: &str) -> Result<bool, CloneError> {
    match end {
        End::Exited(0) => Ok(true),
        End::Exited(NOTHING_NEW) => Ok(false),
        End::Exited(NO_GIT) => Err(CloneError::Missing("git")),
        End::Exited(code) if NO_SHELL.contains(&code) => Err(CloneError::Missing("shell")),
        End::Exited(NOT_EMPTY) => Err(CloneError::NotEmpty { target: target.to_owned() }),
        End::Exited(GONE) => Err(CloneError::Gone { target: target.to_owned() }),
        End::Exited(code) => Err(CloneError::Git { code, answer }),
        End::TooMuch => Err(CloneError::TooLarge),
        End::Slow => Err(CloneError::Slow),
    }
}
