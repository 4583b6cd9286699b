//! `cloister trust`: what a project asks for beyond what every sandbox gets, approved for its exact content.
//!
//! Invariant: nothing is approved that was not shown to somebody at a terminal, or named by its digest.

mod text;

use std::io::Write;

use clap::builder::ValueParser;

use super::exit;
use super::failure::{Explained, Failure};
use super::list::Format;
use super::output::{Output, say};
use super::plan::failure;
use super::plan::on_stderr;
use super::project::Project;
use super::runtime;
use crate::engine::session::{self, Context, SessionError};
use crate::facts::ImageFacts;
use crate::host::{stdin, terminal};
use crate::pipeline::approvals::StoreError;
use crate::pipeline::{self, Prepared};
use crate::trust::approvals::is_digest;
use crate::trust::{Approval, Approvals, Kind, Request};
use crate::ui::text::{count, visible};

const EXAMPLES: &str = "\
Examples:
  cloister trust                              shows each request with its exact content, and asks
  cloister trust --hook postCreate            one of them
  cloister trust --kind domains               those of a kind
  cloister trust --list                       what is approved, what waits, what changed
  cloister trust --yes --digest sha256:0d…    for scripts: what --list showed, and nothing else
  cloister trust --revoke                     takes every approval of this folder back";

/// Approve what the project asks for, or take that back
///
/// A repository can ask for more than a sandbox gets: a command of your machine, hosts, mounts, lifecycle commands that run as
/// root before the agent starts, a Dockerfile that asks for more than a sealed build. Each request is shown with its exact
/// content; what is approved is that content, and a change of one byte asks again.
/// Approvals are kept with your own files, never in the repository.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which project is meant.
    #[command(flatten)]
    pub project: Project,
    /// Only requests of this lifecycle property, such as postCreate
    #[arg(long, value_name = "NAME")]
    pub hook: Vec<String>,
    /// Only the request to build the Dockerfile
    #[arg(long)]
    pub build: bool,
    /// Only requests of this kind
    #[arg(long, value_name = "KIND", value_parser = ValueParser::new(kind))]
    pub kind: Vec<Kind>,
    /// Only the request with this digest
    #[arg(long, value_name = "SHA256", value_parser = ValueParser::new(digest))]
    pub digest: Vec<String>,
    /// Do not ask; only what --digest names is approved
    #[arg(short, long, requires = "digest")]
    pub yes: bool,
    /// Show what is approved and what waits, and change nothing
    #[arg(short, long, conflicts_with_all = ["yes", "revoke"])]
    pub list: bool,
    /// Take approvals back: all of this folder, or those selected
    #[arg(long, conflicts_with = "yes")]
    pub revoke: bool,
    /// Form of the list
    #[arg(long, value_enum, default_value_t, requires = "list")]
    pub format: Format,
}

impl Explained for StoreError {
    fn hint(&self) -> Option<String> {
        Self::hint(self)
    }

    fn lines(&self) -> Vec<String> {
        Vec::new()
    }
}

fn digest(text: &str) -> Result<String, String> {
    if is_digest(text) { Ok(text.to_owned()) } else { Err("a digest is sha256: and 64 digits, see --list".to_owned()) }
}

fn kind(text: &str) -> Result<Kind, String> {
    let names = || Kind::ALL.map(Kind::as_str).join(", ");
    Kind::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| format!("a kind is one of {}", names()))
}

impl Args {
    /// Whether a request, or what was approved, is one that the options name.
    fn selects(&self, kind: Kind, place: &str, digest: &str) -> bool {
        let request = Request {
            kind,
            place: place.to_owned(),
            content: String::new(),
            digest: digest.to_owned(),
            opens: Vec::new(),
        };
        let everything = self.hook.is_empty() && !self.build && self.kind.is_empty() && self.digest.is_empty();
        everything
            || self.hook.iter().any(|hook| request.is_hook(hook))
            || self.digest.contains(&request.digest)
            || self.kind.contains(&kind)
            || self.build && kind == Kind::Build
    }
}

/// Shows, asks, and writes down the answers.
///
/// # Errors
/// Nothing can be planned, nobody is there to answer, or an answer cannot be written down.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let prepared = pipeline::prepare(&args.project.request()).map_err(|error| failure(&error, on_stderr()))?;
    let requests = prepared.requests(image(&prepared));
    let approvals = &prepared.policy.approvals;
    if args.list {
        return list(args, &requests, approvals).write();
    }
    if args.revoke {
        return revoke(args, &prepared);
    }
    approve(args, &prepared, &requests)
}

/// Returns what is known of the image, whose label may ask for something as well; nothing where there is no engine, or
/// no image yet.
fn image(prepared: &Prepared) -> Option<ImageFacts> {
    let mut found = None;
    let look = async {
        found = session::image_at_hand(&Context::open().await?, prepared).await?;
        Ok::<_, SessionError>(exit::OK)
    };
    if runtime::finish(look).is_err() || found.is_none() {
        say("the image is not at hand: what its own metadata asks for is not among this\n");
    }
    found
}

fn list(args: &Args, requests: &[Request], approvals: &Approvals) -> Output {
    let unused = approvals.unused(requests).filter(|one| args.selects(one.kind, &one.place, &one.digest)).collect();
    let asked = requests.iter().filter(|one| args.selects(one.kind, &one.place, &one.digest));
    let asked = asked.map(|request| (request, approvals.state(request, requests))).collect();
    let list = text::List { asked, unused };
    let nothing =
        if list.asked.is_empty() && list.unused.is_empty() { "nothing is asked for or approved\n" } else { "" };
    let stdout = match args.format {
        Format::Json => list.json(),
        Format::Text => list.text(),
    };
    Output { stdout, stderr: nothing.to_owned(), code: exit::OK }
}

fn revoke(args: &Args, prepared: &Prepared) -> Result<u8, Failure> {
    let approvals = &prepared.policy.approvals;
    let selected = |one: &&Approval| args.selects(one.kind, &one.place, &one.digest);
    let chosen: Vec<Approval> = approvals.all().filter(selected).cloned().collect();
    if chosen.is_empty() {
        return Output { stderr: "nothing of this is approved\n".to_owned(), ..Output::default() }.write();
    }
    write(prepared, |approvals| {
        chosen.iter().for_each(|one| _ = approvals.remove(&one.digest));
    })?;
    let was = |one: &Approval| if approvals.contains(&one.digest) { "not approved" } else { "not denied" };
    let said = chosen.iter().map(|one| format!("{} any more: {} {}\n", was(one), visible(&one.place), one.digest));
    let closed = if chosen.iter().any(|one| one.kind == Kind::Domains) { "hosts are closed at once; " } else { "" };
    let words = args.project.words();
    let next = format!("{closed}a sandbox that runs keeps what it was made with: cloister start{words} --rebuild\n");
    Output { stderr: said.chain([next]).collect(), ..Output::default() }.write()
}

fn approve(args: &Args, prepared: &Prepared, requests: &[Request]) -> Result<u8, Failure> {
    let unknown = args.digest.iter().find(|digest| !requests.iter().any(|request| request.digest == **digest));
    if let Some(digest) = unknown {
        return Err(Failure::message(format!(
            "nothing was approved: no request of this folder has the digest {digest}"
        ))
        .hint([format!("it may have changed; see: cloister trust{} --list", args.project.words())])
        .code(exit::REFUSED));
    }
    let approvals = &prepared.policy.approvals;
    // What this version does nothing with waits for nobody, unless somebody names it.
    let named = args.kind.contains(&Kind::Feature) || !args.digest.is_empty();
    let waiting: Vec<&Request> = requests
        .iter()
        .filter(|one| one.kind != Kind::Feature || named)
        .filter(|one| args.selects(one.kind, &one.place, &one.digest) && !approvals.contains(&one.digest))
        .collect();
    if waiting.is_empty() {
        return Output { stderr: "nothing waits for approval\n".to_owned(), ..Output::default() }.write();
    }
    // With `--yes`, what is approved was named by its digest: nothing else is, whatever else was selected.
    let digests: Vec<&Request> = waiting.iter().copied().filter(|one| args.digest.contains(&one.digest)).collect();
    let agreed = if args.yes { digests } else { ask(args, &waiting, requests, approvals)? };
    if agreed.is_empty() {
        return Err(Failure::message("nothing was approved"));
    }
    write(prepared, |approvals| agreed.iter().for_each(|request| approvals.add((*request).clone())))?;
    let said = agreed.iter().map(|one| format!("approved: {} {}\n", visible(&one.place), one.digest));
    // What a kind needs at least, once for all of them.
    let command = agreed.iter().map(|one| one.kind.next()).max_by_key(|command| command.len()).unwrap_or_default();
    let next = command.replacen("start", &format!("start{}", args.project.words()), 1);
    let next = format!("a sandbox that runs is not changed by it: {next}\n");
    Output { stderr: said.chain([next]).collect(), ..Output::default() }.write()
}

/// Shows each request to whoever sits at the terminal, and asks.
fn ask<'a>(
    args: &Args,
    waiting: &[&'a Request],
    requests: &[Request],
    approvals: &Approvals,
) -> Result<Vec<&'a Request>, Failure> {
    if !(terminal::stdin_is_terminal() && terminal::stderr_is_terminal()) {
        let waits = if waiting.len() == 1 { "waits" } else { "wait" };
        let number = count(waiting.len(), "request");
        return Err(Failure::message(format!("nothing was approved: {number} {waits}, and nobody is there to answer"))
            .hint([format!(
                "read it with `cloister trust{0} --list`, then name it: cloister trust{0} --yes --digest sha256:…",
                args.project.words()
            )]));
    }
    let mut agreed = Vec::new();
    for (index, request) in waiting.iter().enumerate() {
        say(&text::card(request, approvals.state(request, requests)));
        let mut stderr = anstream::stderr().lock();
        // Where standard error is gone, so is the question, and the answer is no.
        let _ =
            write!(stderr, "approve exactly this{}? [y/N] ", place(index, waiting.len())).and_then(|()| stderr.flush());
        drop(stderr);
        if matches!(stdin::line().trim(), "y" | "Y" | "yes") {
            agreed.push(*request);
        } else {
            say(&format!("not approved: {}\n", visible(&request.place)));
        }
    }
    Ok(agreed)
}

/// Which of several questions it is.
fn place(index: usize, of: usize) -> String {
    if of > 1 { format!(" ({} of {of})", index + 1) } else { String::new() }
}

fn write(prepared: &Prepared, change: impl FnOnce(&mut Approvals)) -> Result<(), Failure> {
    let writing = async {
        prepared.approvals.change(change).await?;
        Ok::<_, StoreError>(exit::OK)
    };
    runtime::finish(writing).map(drop)
}
