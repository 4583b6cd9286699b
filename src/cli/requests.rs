//! What the repository asks for and nobody has answered: told to the control plane, which makes cards of it, and said in a line.

use std::path::Path;

use crate::control::client;
use crate::control::requests::{Open, RequestsError, Source};
use crate::ident::{SandboxId, display_name};
use crate::pipeline::{Prepared, unix_milliseconds};
use crate::policy::decision::Subject;
use crate::trust::{Kind, Request, State};
use crate::ui::text::{count, visible};

/// Tells what waits of a sandbox that runs; returns the line about it. Words name the project, and what names it to a start.
pub(super) fn tell(
    prepared: &Prepared,
    state: &Path,
    subject: Subject,
    [words, start]: [&str; 2],
    requests: Vec<Request>,
) -> String {
    let said = match waiting(prepared, &requests).len() {
        0 => String::new(),
        number => format!(
            "cloister: {}: the repository asks for {}; answer: cloister trust{words}, or cloister approve\n",
            visible(&subject.name),
            count(number, "thing")
        ),
    };
    if let Err(error) = open(prepared, subject, start, requests).tell(state) {
        tracing::warn!("nobody is shown what the repository asks for but by `cloister trust`: {error}");
    }
    said
}

/// Has a person asked about what a start was refused for: a build cannot leave out what waits.
pub(super) async fn tell_refused(prepared: &Prepared, words: &str) -> Result<(), RequestsError> {
    let is_build = |request: &&Request| request.kind == Kind::Build;
    let requests: Vec<Request> = prepared.requests(None).iter().filter(is_build).cloned().collect();
    if waiting(prepared, &requests).is_empty() {
        return Ok(());
    }
    prepared.paths.prepare()?;
    let (state, folder) = (&prepared.paths.state, &prepared.host.folder);
    let subject = Subject {
        sandbox: SandboxId::derive(prepared.host.uid, folder).as_str().to_owned(),
        session: String::new(),
        name: display_name(folder),
        folder: folder.display().to_string(),
    };
    open(prepared, subject, words, requests).tell(state)?;
    if let Err(error) = client::ensure(state).await {
        tracing::warn!("nobody can be asked but by `cloister trust`: {error}");
    }
    Ok(())
}

fn waiting<'a>(prepared: &Prepared, requests: &'a [Request]) -> Vec<&'a Request> {
    let state = |request: &Request| prepared.policy.approvals.state(request, requests);
    requests.iter().filter(|one| matches!(state(one), State::Pending | State::Changed { .. })).collect()
}

/// Everything that is asked for, so that whoever shows it knows what takes whose place; nothing where nothing waits.
fn open(prepared: &Prepared, subject: Subject, words: &str, requests: Vec<Request>) -> Open {
    let waits = !waiting(prepared, &requests).is_empty();
    Open {
        subject,
        made: unix_milliseconds(),
        sources: prepared.sources().into_iter().map(|(path, digest)| Source { path, digest }).collect(),
        words: words.to_owned(),
        requests: if waits { requests } else { Vec::new() },
    }
}
