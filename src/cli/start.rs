#![expect(clippy::disallowed_methods, reason = "adapter: the working directory")]
//! `cloister start`: the plan runs, sealed; then a command, a shell, or nothing.

use std::collections::BTreeSet;

use super::cloned;
use super::command;
use super::exit;
use super::failure::{Explained, Failure};
use super::head;
use super::initialize::{self, InitializeError};
use super::output::say;
use super::plan::present::beside_text;
use super::plan::{failure, on_stderr};
use super::project::Project;
use super::requests;
use super::review;
use super::runtime;
use super::uncovered;
use crate::engine::build::BuildError;
use crate::engine::exec::Process;
use crate::engine::facts::{self, ImageError, Pull};
use crate::engine::session::{self, Build, Context, SessionError, Start};
use crate::facts::{EngineFacts, HostFacts, ImageFacts};
use crate::host::signals::Signals;
use crate::pipeline::{self, Planned, Prepared, Request};
use crate::plan::model::Verdict;
use crate::plan::render::text;
use crate::plan::{Action, Code, Finding, Plan};
use crate::ui::diagnostic;
use crate::ui::text::{count, quoted, visible};

const EXAMPLES: &str = "\
Examples:
  cloister start                     a shell in the sandbox of this folder
  cloister start -- npm test         one command, with its exit code
  cloister start ~/shop --detach     start another one and return
  cloister start --clone             work on a clone; cloister pull brings its commits back
  cloister start --rebuild           make it anew, after a change of devcontainer.json";

/// Start the folder's sandbox and open a shell in it
///
/// Makes the plan that `cloister plan` shows, applies it, measures from inside that the sandbox is sealed, runs the
/// project's lifecycle commands inside, and opens a shell or runs COMMAND. A sandbox that runs already is used as it is.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which project is meant.
    #[command(flatten)]
    pub project: Project,
    /// Have the agent work on a clone of the repository, not on the folder; `cloister pull` brings its commits back
    #[arg(long)]
    pub clone: bool,
    /// Return once the sandbox runs
    #[arg(short, long, conflicts_with = "command")]
    pub detach: bool,
    /// Make a sandbox that runs anew
    #[arg(long)]
    pub rebuild: bool,
    /// Command to run instead of a shell
    #[arg(last = true)]
    pub command: Vec<String>,
}

/// Why a start failed.
#[derive(Debug, thiserror::Error)]
enum StartError {
    /// The sandbox did not start.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// Nothing is known of the image.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A command of the user's machine that was approved did not do its work.
    #[error(transparent)]
    Initialize(#[from] InitializeError),
}

impl Explained for StartError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Session(error) => error.hint(),
            Self::Image(error) => error.hint(),
            Self::Initialize(error) => error.hint(),
        }
    }

    fn lines(&self) -> Vec<String> {
        match self {
            Self::Session(error) => error.lines(),
            Self::Image(_) | Self::Initialize(_) => Vec::new(),
        }
    }
}

/// Starts the sandbox and what runs in it; returns the exit code of that.
///
/// # Errors
/// The plan is refused, the sandbox cannot be made, or the command cannot be run.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let prepared = pipeline::prepare(&Request { clone: args.clone, ..args.project.request() })
        .map_err(|error| failure(&error, on_stderr()))?;
    for (source, warnings) in &prepared.policy_warnings {
        say(&diagnostic::render(warnings, std::slice::from_ref(source), on_stderr()));
    }
    // What is refused without an engine needs none to say so.
    let first = prepared.plan(None, None);
    let words = words(args);
    if first.plan.outcome == Verdict::Refused {
        let asking = async {
            if let Err(error) = requests::tell_refused(&prepared, &words).await {
                tracing::warn!("nobody is asked but by `cloister trust`: {error}");
            }
            Ok::<_, StartError>(refuse(&first))
        };
        return runtime::finish(asking);
    }
    if prepared.host.owner.0 == 0 && !prepared.policy.allow_root_workspace {
        return Err(root_workspace(&prepared));
    }
    let started = async {
        start(args, &prepared, &first.plan).await.or_else(|error| match error {
            StartError::Session(error) => Ok(command::interrupted(error)?),
            StartError::Image(_) | StartError::Initialize(_) => Err(error),
        })
    };
    runtime::finish(started)
}

/// A folder of root could be written by root alone, who has no place in a sandbox (SEC-17).
fn root_workspace(prepared: &Prepared) -> Failure {
    let folder = prepared.host.mount_root.display();
    Failure::message(format!("`{folder}` belongs to root, so the sandbox's user could not write it"))
        .hint([
            format!("give it to a user: chown -R USER: '{folder}'"),
            "or accept root without capabilities inside: cloister start --root-workspace".to_owned(),
        ])
        .code(exit::REFUSED)
}

async fn start(args: &Args, prepared: &Prepared, first: &Plan) -> Result<u8, StartError> {
    let mut signals = Signals::listen().map_err(SessionError::Signals)?;
    let (context, engine) = session::until_interrupted(&mut signals, connect()).await?;
    initialize::run::<StartError>(&context, prepared, first, &mut signals).await?;
    let image = image(&context, args, prepared, first, &mut signals).await?;
    let planned = prepared.plan(Some(image.clone()), Some(engine));
    if planned.plan.outcome == Verdict::Refused {
        return Ok(refuse(&planned));
    }
    let request = Start {
        plan: &planned.plan,
        policy: &prepared.policy,
        folder: &prepared.host.folder,
        image: &image,
        rebuild: args.rebuild,
    };
    let started = session::start(&context, request, &mut signals).await?;
    say(&review::short(started.before.as_ref()));
    if started.made {
        say(&differences(&started.served.receipt.name, &planned.plan, &words(args)));
        say(&made_account(&started.served.receipt.name, &planned.plan));
        say(&above(&started.served.receipt.name, &prepared.host));
        say(&cloned::at_start(&started.served.receipt, &planned.plan, started.uncommitted));
    }
    let asked = prepared.requests(Some(image.clone()));
    let subject = started.served.receipt.subject();
    say(&requests::tell(prepared, context.state.root(), subject, [&args.project.words(), &words(args)], asked));
    say(&drifted(&started.served.receipt.name, &started.drift));
    uncovered::tell(&started.served.receipt);
    let made = started.made.then(|| started.served.receipt.clone());
    let remark = async {
        if let Some(receipt) = &made {
            head::tell(&context, receipt, &planned.plan).await;
        }
    };
    let (served, ()) = tokio::join!(started.run_hooks(&context, &planned.plan, &mut signals), remark);
    let served = served?;
    let receipt = &served.receipt;
    if args.detach {
        context.still_runs(receipt).await?;
        say(&format!("`{0}` runs; next: `cloister exec {0} -- COMMAND`, `cloister stop {0}`\n", receipt.name));
        return Ok(exit::OK);
    }
    let process = match args.command.as_slice() {
        [] => Process::shell(&receipt.process),
        command => Process::new(command.to_vec(), &receipt.process),
    };
    let folder = std::env::current_dir().unwrap_or_default();
    let mut process = process.within(session::inside(&context, receipt, session::From::Opened, &folder));
    process.env.extend(prepared.passed_env.clone());
    let ready = session::ready(&context, receipt, served.free_space, process).await?;
    Ok(command::run(&context, &served, ready, &mut signals).await?)
}

/// Returns what names the project and its kind of workspace to another command.
fn words(args: &Args) -> String {
    args.project.words() + if args.clone { " --clone" } else { "" }
}

async fn connect() -> Result<(Context, EngineFacts), StartError> {
    let context = Context::open().await?;
    let (engine, ()) = tokio::join!(facts::engine(&context.engine), context.control());
    Ok((context, engine))
}

/// Returns what is known of the image, which is fetched or built where it is missing.
async fn image(
    context: &Context,
    args: &Args,
    prepared: &Prepared,
    plan: &Plan,
    signals: &mut Signals,
) -> Result<ImageFacts, StartError> {
    if let Some(reference) = prepared.image_reference() {
        let image = async { Ok(facts::image(&context.engine, &reference, Pull::Missing, &context.paths.cache).await?) };
        return session::until_interrupted(signals, image).await;
    }
    let request = Build {
        plan,
        policy: &prepared.policy,
        folder: &prepared.host.folder,
        workspace: &prepared.host.mount_root,
        dockerfile: prepared.dockerfile().ok_or(BuildError::OtherDockerfile).map_err(SessionError::from)?,
        rebuild: args.rebuild,
    };
    Ok(session::build(context, request, signals).await?)
}

/// Parts of an image that are named before the rest is counted.
const NAMED: usize = 5;

/// Says that something else runs than what was asked for: in one line what `cloister plan` shows, with `words` that name
/// the project to it, and in another what it cannot see, because it asks no engine for the image.
fn differences(name: &str, plan: &Plan, words: &str) -> String {
    let (images, shown): (Vec<_>, Vec<_>) = plan.findings.iter().partition(|one| of_image(one).is_some());
    [of_file(name, &shown, words), of_images(name, &images)].into_iter().flatten().collect()
}

/// Says that a configuration of the folder around this one does not count here, and how to have it.
fn above(name: &str, host: &HostFacts) -> String {
    if !host.has_config_above {
        return String::new();
    }
    let root = host.mount_root.to_string_lossy();
    format!(
        "cloister: {}: this folder has no devcontainer.json, and that of {} is not used here; with it: cloister start {}\n",
        visible(name),
        visible(&root),
        visible(&quoted(&root))
    )
}

/// Says which account was made because the image has none of that name, and who asked for it.
fn made_account(name: &str, plan: &Plan) -> String {
    let is_made = |one: &&Finding| one.code == Code::UserSyntax && one.action == Action::Added;
    let Some(finding) = plan.findings.iter().find(is_made) else { return String::new() };
    let asked = match &finding.location {
        Some(place) => format!("{} in {}:{}", finding.pointer.trim_start_matches('/'), place.file, place.line),
        None => finding.pointer.clone(),
    };
    format!(
        "cloister: {}: the image has no account `{}`, which {} names; it was made, with an empty home folder\n",
        visible(name),
        visible(&finding.requested),
        visible(&asked)
    )
}

/// Says what a sandbox that runs was made from and is another thing now.
fn drifted(name: &str, drift: &[String]) -> String {
    let lines = drift.iter().map(|what| {
        let (name, what) = (visible(name), visible(what));
        format!("cloister: {name}: {what} changed since it was started; take it: cloister start --rebuild\n")
    });
    lines.collect()
}

/// Returns the part of the image that a finding is about.
fn of_image(finding: &Finding) -> Option<&str> {
    let label = finding.pointer.strip_prefix("label:/").map(|path| path.split_once('/').map_or(path, |(_, rest)| rest));
    label.or_else(|| finding.pointer.strip_prefix("image:/"))
}

fn of_images(name: &str, findings: &[&Finding]) -> Option<String> {
    let dropped = findings.iter().filter(|one| matches!(one.action, Action::Removed | Action::Replaced));
    let parts: BTreeSet<_> = dropped.filter_map(|one| of_image(one)).map(visible).collect();
    let more = parts.len().saturating_sub(NAMED);
    let named: Vec<_> = parts.iter().take(NAMED).cloned().chain((more > 0).then(|| format!("{more} more"))).collect();
    (!parts.is_empty()).then(|| {
        format!(
            "cloister: {}: of the image's own settings, which `cloister plan` cannot see, not taken over: {}\n",
            visible(name),
            named.join(", ")
        )
    })
}

fn of_file(name: &str, findings: &[&Finding], words: &str) -> Option<String> {
    let number = |actions: &[Action]| findings.iter().filter(|one| actions.contains(&one.action)).count();
    let (dropped, waiting) = (number(&[Action::Removed, Action::Replaced]), number(&[Action::NeedsApproval]));
    let was = if dropped == 1 { "was" } else { "were" };
    let need = if waiting == 1 { "needs" } else { "need" };
    let parts = [
        (dropped > 0).then(|| format!("{} {was} not taken over", count(dropped, "setting"))),
        (waiting > 0).then(|| format!("{waiting} {need} approval")),
    ];
    let said: Vec<_> = parts.into_iter().flatten().collect();
    (!said.is_empty()).then(|| format!("cloister: {}: {}; see: cloister plan{words}\n", visible(name), said.join(", ")))
}

/// Shows a plan that says no, every finding on one line, and returns the exit code.
fn refuse(planned: &Planned) -> u8 {
    let Planned { plan, sources, diagnostics } = planned;
    let diagnostic::Options { width, color } = on_stderr();
    say(&text::render(plan, sources, text::Options { width, color, brief: true }));
    say(&diagnostic::render(beside_text(diagnostics), sources, on_stderr()));
    // What no line of the project causes is helped by no look at one.
    let elsewhere = plan.findings.iter().filter(|finding| finding.stops() && finding.location.is_none());
    Failure::message("the plan is refused, nothing was started")
        .hint(elsewhere.map(|finding| finding.help.clone()).filter(|help| !help.is_empty()))
        .hint(["`cloister plan` shows the reasons at the lines that cause them"])
        .code(exit::REFUSED)
        .print()
}

#[cfg(test)]
mod tests;
