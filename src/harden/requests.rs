//! `customizations.cloister`: what a repository asks of cloister itself. Nothing of it is given before its exact content is
//! approved, and some of it never is.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::asked::Answer;
use super::draft::{Context, Draft, Place};
use super::mounts::{self, Danger};
use super::syntax::path::{is_within, normalise};
use crate::config::model::Text;
use crate::facts::{Entry, HostFacts};
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::plan::model::{Mount, MountKind, PLACEHOLDER};
use crate::source::{Origin, Spanned};
use crate::trust::domains::Mistake;
use crate::trust::mount::Wanted;
use crate::trust::{Domains, Request};

/// Where the parts of what is asked stand, by their pointers.
type Places = BTreeMap<String, Origin>;

/// What the configuration may ask for.
const KEYS: [&str; 2] = ["allow", "mounts"];
/// Where sockets of the user's own lie, which a read-only mount does not close.
const SOCKETS: [&str; 4] = ["/run", "/var/run", "/tmp/.X11-unix", "/tmp/.ICE-unix"];
/// What names of such folders begin with.
const NAMED_SOCKETS: [&str; 2] = ["/tmp/ssh-", "/tmp/tmux-"];

/// Takes what the configuration asks cloister for.
pub(super) fn take(
    draft: &mut Draft,
    context: &Context<'_>,
    (customizations, places): (&[(String, Spanned<Value>)], &Places),
    place: &Place,
) {
    let Some((_, asked)) = customizations.iter().find(|(tool, _)| tool == "cloister") else { return };
    let Some(members) = asked.value.as_object() else {
        let reason = "it is no object with `allow` and `mounts`";
        return ignore(draft, Code::UnknownProperty, Severity::Low, &asked.origin, asked.value.to_string(), reason);
    };
    for (name, value) in members {
        let origin = below(places, &asked.origin, name);
        match name.as_str() {
            "allow" => domains(draft, context, (&origin, places), value),
            "mounts" => every_mount(draft, context, (&origin, places), value, place),
            _ => {
                let reason = format!("cloister can be asked for {}", KEYS.join(" and "));
                ignore(draft, Code::UnknownProperty, Severity::Low, &origin, name, &reason);
            }
        }
    }
}

fn domains(draft: &mut Draft, context: &Context<'_>, (origin, places): (&Origin, &Places), value: &Value) {
    let (domains, mistakes) = Domains::read(value);
    report(draft, Code::DomainRequest, (origin, places), mistakes);
    let Some(domains) = domains else { return };
    let request = domains.request();
    let rules = request.content.replace('\n', ", ");
    let answer = draft.ask(context.policy, request);
    let (reason, help) = match answer {
        Answer::Approved => (
            "you approved exactly these: the sandbox may reach them, but for what your own rules deny",
            "to take that back: cloister trust --revoke --kind domains",
        ),
        Answer::Denied => ("you said no to exactly these", ""),
        Answer::Waits => (
            "the repository asks to reach them, where data can leave",
            "not reached; to allow exactly these: cloister trust --kind domains",
        ),
    };
    let effective = if answer == Answer::Approved { rules.clone() } else { String::new() };
    let finding = Finding::new(Code::DomainRequest, Severity::Medium, answer.action(), origin, rules, reason);
    draft.findings.push(finding.effective(effective).help(help));
}

fn every_mount(
    draft: &mut Draft,
    context: &Context<'_>,
    (origin, places): (&Origin, &Places),
    value: &Value,
    place: &Place,
) {
    let (wanted, mistakes) = Wanted::read(value);
    report(draft, Code::MountHostPath, (origin, places), mistakes);
    for wanted in wanted {
        let origin = below(places, origin, &wanted.index.to_string());
        let written = format!("{} → {}", wanted.source, wanted.target);
        match judge(draft, &context.facts.host, &wanted, place) {
            Ok((source, target)) => mount(draft, context, (&origin, written), source, target),
            Err(Refusal { code, severity, reason, help }) => {
                let finding = Finding::new(code, severity, Action::Removed, &origin, written, reason);
                draft.findings.push(finding.help(help));
            }
        }
    }
}

/// Why a mount can never be approved.
struct Refusal {
    code: Code,
    severity: Severity,
    reason: String,
    help: &'static str,
}

/// Returns source and target of a mount that can be approved.
fn judge(draft: &Draft, host: &HostFacts, wanted: &Wanted, place: &Place) -> Result<(String, String), Refusal> {
    let refuse = |code, severity, reason: &str| Refusal { code, severity, reason: reason.to_owned(), help: "" };
    let source = wanted.path(&host.home);
    let fact = host.paths.get(&source);
    let text = Text { raw: wanted.source.clone(), value: source.clone() };
    let Danger { code, severity, reason } = mounts::classify(&text, host);
    if (code, severity) != (Code::MountHostPath, Severity::High) {
        return Err(refuse(code, severity, reason));
    }
    let canonical = fact.and_then(|fact| fact.canonical.as_ref());
    if normalise(&source).as_ref() != Ok(&source) || canonical.is_none_or(|path| path.as_os_str() != source.as_str()) {
        let reason = "is not there, or a link or `..` leads to it: what is approved is where it really is";
        return Err(refuse(Code::MountSymlink, Severity::High, reason));
    }
    if !matches!(fact.and_then(|fact| fact.entry), Some(Entry::Folder | Entry::File)) {
        return Err(refuse(Code::MountHostPath, Severity::Critical, "is a socket, a pipe or a device"));
    }
    if is_never(&source, host) {
        let reason = "holds the workspace itself, cloister's own files, or sockets of yours";
        return Err(refuse(Code::MountHostPath, Severity::Critical, reason));
    }
    let taken = |(severity, reason, help)| Refusal { code: Code::MountReservedTarget, severity, reason, help };
    let target = mounts::free_target(draft, place, &wanted.target, false).map_err(taken)?;
    if place.has_project() && is_within(&target, &place.target) {
        return Err(taken((Severity::Medium, "lies in the workspace".to_owned(), "choose another target")));
    }
    Ok((source, target))
}

/// Whether a path is never given, whoever approves it.
fn is_never(source: &str, host: &HostFacts) -> bool {
    let of_user = host.own.iter().chain(&host.runtime_dir).chain([&host.mount_root, &host.folder]);
    let touches = |path: &Path| path.starts_with(source) || Path::new(source).starts_with(path);
    source == "/tmp"
        || source.contains(PLACEHOLDER)
        || SOCKETS.iter().any(|folder| is_within(source, folder))
        || NAMED_SOCKETS.iter().any(|name| source.starts_with(name))
        || of_user.into_iter().any(|path| touches(path))
}

fn mount(
    draft: &mut Draft,
    context: &Context<'_>,
    (origin, written): (&Origin, String),
    source: String,
    target: String,
) {
    let answer = draft.ask(context.policy, Request::mount(&source, &target));
    let (reason, help) = match answer {
        Answer::Approved => (
            "you approved exactly this: all that lies there can be read in the sandbox",
            "to take that back: cloister trust --revoke --kind mount",
        ),
        Answer::Denied => ("you said no to exactly this", ""),
        Answer::Waits => (
            "a path of your machine outside the workspace",
            "not mounted; to allow exactly this, read-only: cloister trust --kind mount",
        ),
    };
    let finding =
        Finding::new(Code::MountHostPath, Severity::High, answer.action(), origin, written, reason).help(help);
    if answer != Answer::Approved {
        return draft.findings.push(finding);
    }
    draft.findings.push(finding.effective(format!("{source} → {target}, read-only")));
    draft.targets.insert(target.clone());
    draft.mounts.push(Mount { kind: MountKind::Bind, source, target, readonly: true, size_bytes: None });
}

fn report(draft: &mut Draft, code: Code, (origin, places): (&Origin, &Places), mistakes: Vec<Mistake>) {
    for Mistake { index, written, reason } in mistakes {
        let origin = index.map_or_else(|| origin.clone(), |index| below(places, origin, &index.to_string()));
        ignore(draft, code, Severity::Medium, &origin, written, &reason);
    }
}

fn ignore(
    draft: &mut Draft,
    code: Code,
    severity: Severity,
    origin: &Origin,
    written: impl Into<String>,
    reason: &str,
) {
    draft.note(code, severity, Action::Removed, origin, written, reason);
}

/// Returns where a part of something stands; where nobody noted that, it is where the whole is.
fn below(places: &Places, origin: &Origin, name: &str) -> Origin {
    let pointer = format!("{}/{}", origin.pointer, name.replace('~', "~0").replace('/', "~1"));
    places.get(&pointer).cloned().unwrap_or_else(|| Origin { pointer, location: origin.location.clone() })
}
