//! `--clone`: the agent works on a clone of the repository, in a volume of the sandbox's own, and never on the user's tree
//! (SEC-54). No git of the host ever sees the clone: what comes out of it is a bundle.

use std::path::Path;

use super::draft::{Account, Context, Draft, Place};
use super::protect::GIT;
use super::syntax::path::is_within;
use crate::facts::Entry;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::plan::model::{CLONE, Cloned, Mount, MountKind};
use crate::source::Origin;

/// What to do about a project that cannot be worked on as a clone.
const WITHOUT: &str = "start it without --clone";

/// Returns the place with a clone instead of the folder.
pub(super) fn instead(draft: &mut Draft, context: &Context<'_>, place: Place) -> Place {
    let Some(repository) = &place.source else {
        refuse(draft, "(none)", "the configuration mounts no workspace, so there is nothing to clone", WITHOUT);
        return place;
    };
    let git = context.facts.host.entries.get(&Path::new(repository).join(GIT));
    if git != Some(&Entry::Folder) {
        let (reason, help) = match git {
            None => ("it is no repository, so there is nothing to clone", "make it one: git init, and a first commit"),
            Some(_) => ("its repository lies elsewhere, and is not cloned", "open the main checkout of the repository"),
        };
        refuse(draft, repository, reason, help);
    } else if context.facts.host.lacks.commits.contains(Path::new(repository)) {
        refuse(draft, repository, "it has no commit yet, so there is nothing to clone", "make one first: git commit");
    }
    // What lies in a volume can be a link of the agent's: nothing is mounted in it.
    draft.volumes.insert(place.target.clone());
    let clone = Cloned { repository: repository.clone(), volume: context.id.volume_name(CLONE) };
    Place { source: None, clone: Some(clone), ..place }
}

/// Refuses what does not go together with a clone.
pub(super) fn check(draft: &mut Draft, context: &Context<'_>, place: &Place, account: &Account) {
    let Some(clone) = &place.clone else { return };
    if draft.readonly_rootfs {
        let reason = "the engine gives no volume to a user where the root file system is read-only";
        refuse(
            draft,
            &clone.repository,
            reason,
            "leave --read-only out of runArgs and strict out of config.json5, or start it without --clone",
        );
    }
    if account.brings_home && account.home != place.target && is_within(&account.home, &place.target) {
        refuse(draft, &account.home, "the home folder would lie in the clone", WITHOUT);
    }
    let below = context.facts.host.folder.strip_prefix(&context.facts.host.mount_root);
    let whole = below.is_ok_and(|below| below == Path::new(""));
    let reason = "the agent works on a clone, and your folder is not mounted; what is not committed is no part of it";
    draft.findings.push(
        Finding::new(
            Code::WorkspaceMount,
            Severity::Info,
            Action::Kept,
            &Origin::default(),
            if whole { clone.repository.clone() } else { format!("{} (the repository around it)", clone.repository) },
            reason,
        )
        .effective(format!("volume {} → {}", clone.volume, place.target))
        .help("its commits come back with: cloister pull"),
    );
}

/// Returns the mount of a clone.
pub(super) fn mount(clone: &Cloned, place: &Place) -> Mount {
    Mount {
        kind: MountKind::Volume,
        source: clone.volume.clone(),
        target: place.target.clone(),
        readonly: false,
        size_bytes: None,
    }
}

fn refuse(draft: &mut Draft, what: &str, reason: &str, help: &str) {
    draft.findings.push(
        Finding::new(
            Code::WorkspaceMount,
            Severity::Medium,
            Action::Refused,
            &Origin::default(),
            what,
            format!("--clone: {reason}"),
        )
        .help(help),
    );
}
