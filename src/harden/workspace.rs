//! `workspaceMount` and `workspaceFolder`: the opened folder is mounted, wherever the configuration wants it inside.

use std::path::Path;

use super::clone;
use super::draft::{Context, Draft, Place};
use super::mounts;
use super::syntax::mount::{self, MountSpec, MountType};
use super::syntax::path::{is_within, normalise};
use crate::config::model::Text;
use crate::ident::display_name;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::plan::model::PLACEHOLDER;
use crate::source::{Origin, Spanned};
use crate::ui::text::visible;

/// Decides where the workspace is (specification: `workspaceMount`, `workspaceFolder`).
pub(super) fn decide(
    draft: &mut Draft,
    context: &Context<'_>,
    asked_mount: Option<&Spanned<Text>>,
    asked_folder: Option<&Spanned<Text>>,
) -> Place {
    let host = &context.facts.host;
    let usual = usual_target(&host.mount_root);
    let below = host.folder.strip_prefix(&host.mount_root).unwrap_or_else(|_| Path::new(""));
    let (source, target) = match asked_mount {
        None => (Some(host.mount_root.display().to_string()), usual),
        Some(asked) => mounted(draft, context, asked, &usual),
    };
    let usual_folder = if below.as_os_str().is_empty() || asked_mount.is_some() {
        target.clone()
    } else {
        format!("{target}/{}", below.display())
    };
    let folder = asked_folder.and_then(|asked| checked_folder(draft, asked, &usual_folder)).unwrap_or(usual_folder);
    if let Some(source) = &source {
        refuse_folder(draft, context, source);
    }
    draft.targets.extend(source.is_some().then(|| target.clone()));
    let place = Place { source, clone: None, target, folder };
    if context.policy.works_on_clone { clone::instead(draft, context, place) } else { place }
}

/// A folder that holds the user's keys, or the system, is no workspace; neither is one that cannot be named.
fn refuse_folder(draft: &mut Draft, context: &Context<'_>, source: &str) {
    const SYSTEM: &[&str] =
        &["/bin", "/boot", "/dev", "/etc", "/lib", "/proc", "/run", "/sbin", "/sys", "/usr", "/var"];
    let home = &context.facts.host.home;
    let folder = &context.facts.host.mount_root;
    let what = if folder.to_str().is_none_or(|path| path.chars().any(char::is_control)) {
        "has a name with control characters, or with bytes that are no text"
    } else if source.contains(PLACEHOLDER) {
        "has a name with a placeholder that cloister fills in"
    } else if home.starts_with(source) {
        "holds your home folder, with every key in it: the agent could read and write all of it"
    } else if SYSTEM.contains(&source) {
        "belongs to your machine's system: the agent could read and write all of it"
    } else {
        return;
    };
    draft.findings.push(
        Finding::new(
            Code::WorkspaceMount,
            Severity::Critical,
            Action::Refused,
            &Origin::default(),
            source,
            format!("the folder {what}"),
        )
        .help("open the folder of one project, with a name that can be read"),
    );
}

/// Returns the usual mount target: `/workspaces/` and the folder's own name, as the reference has it.
fn usual_target(mount_root: &Path) -> String {
    let name = mount_root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let plain = !name.is_empty() && visible(&name) == name;
    let name = if plain { name } else { display_name(mount_root) };
    format!("/workspaces/{name}")
}

fn mounted(draft: &mut Draft, context: &Context<'_>, asked: &Spanned<Text>, usual: &str) -> (Option<String>, String) {
    let text = asked.value.value.as_str();
    let whole = context.facts.host.mount_root.display().to_string();
    if text.trim().is_empty() {
        let reason = "the configuration mounts no workspace";
        draft.note(Code::WorkspaceMount, Severity::Info, Action::Kept, &asked.origin, "(none)", reason);
        return (None, usual.to_owned());
    }
    let verdict = mount::text(text).map_err(|error| (Severity::Medium, error.to_string())).and_then(|spec| {
        let target = target_of(&spec)
            .ok_or_else(|| (Severity::High, "its target is none that a workspace can have".to_owned()))?;
        check_source(context, &spec)?;
        Ok((spec.source, target))
    });
    match verdict {
        Ok((source, target)) => (source, target),
        Err((severity, reason)) => {
            draft.findings.push(
                Finding::new(Code::WorkspaceMount, severity, Action::Replaced, &asked.origin, text, reason)
                    .effective(format!("{whole} → {usual}")),
            );
            (Some(whole), usual.to_owned())
        }
    }
}

fn target_of(spec: &MountSpec) -> Option<String> {
    normalise(&spec.target).ok().filter(|target| !mounts::is_reserved(target))
}

/// The source must be the opened folder, or lie in it without a link on the way.
fn check_source(context: &Context<'_>, spec: &MountSpec) -> Result<(), (Severity, String)> {
    let host = &context.facts.host;
    if spec.kind != MountType::Bind {
        return Err((Severity::Medium, "only the opened folder can be the workspace".to_owned()));
    }
    if spec.propagation.as_deref().is_some_and(|mode| !matches!(mode, "private" | "rprivate")) {
        return Err((Severity::High, "mounts would travel between machine and sandbox".to_owned()));
    }
    let source = spec.source.as_deref().unwrap_or_default();
    let normal = normalise(source).map_err(|error| (Severity::High, error.to_string()))?;
    let root = host.mount_root.display().to_string();
    let through_link = host.paths.get(source).is_some_and(|fact| fact.through_link);
    if normal != source.trim_end_matches('/') || !is_within(&normal, &root) || through_link {
        return Err((Severity::High, "leads outside the opened folder".to_owned()));
    }
    Ok(())
}

/// Tells of a `workspaceFolder` that nothing is mounted at: processes begin somewhere else than in the project. The
/// reference mounts the project at its usual place as well.
pub(super) fn report_folder(draft: &mut Draft, place: &Place, asked: Option<&Spanned<Text>>) {
    let Some(asked) = asked.filter(|_| place.has_project()) else { return };
    let meets = |target: &String| is_within(&place.folder, target) || is_within(target, &place.folder);
    if draft.targets.iter().any(meets) {
        return;
    }
    let reason = format!(
        "the project is at {}, and nothing is mounted here: unless the image has this folder, it is empty and root's",
        place.target
    );
    draft.findings.push(
        Finding::new(
            Code::WorkspaceFolder,
            Severity::Low,
            Action::Kept,
            &asked.origin,
            asked.value.value.as_str(),
            reason,
        )
        .effective(&place.folder)
        .help("leave workspaceFolder out, or mount the project there with workspaceMount as well"),
    );
}

fn checked_folder(draft: &mut Draft, asked: &Spanned<Text>, usual: &str) -> Option<String> {
    let text = asked.value.value.as_str();
    let folder = normalise(text).map_err(|error| error.to_string()).and_then(|folder| {
        let filled = folder.contains(PLACEHOLDER);
        if filled { Err("it holds a placeholder that cloister fills in".to_owned()) } else { Ok(folder) }
    });
    match folder {
        Ok(folder) => Some(folder),
        Err(reason) => {
            draft.findings.push(
                Finding::new(Code::WorkspaceFolder, Severity::Medium, Action::Replaced, &asked.origin, text, reason)
                    .effective(usual),
            );
            None
        }
    }
}
