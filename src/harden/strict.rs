//! `strict` of the user's configuration: nothing of the image can be written (SEC-20).
//!
//! What stays writable is the workspace, a home folder of the sandbox's own, its volumes, and memory at `/tmp`. `/run` is
//! not among it: without root nobody writes there in any case, and cloister's own programs lie below it.

use super::draft::{Account, Context, Draft, Place};
use super::mounts::MEMORY_CAP;
use crate::plan::model::{Mount, MountKind};

/// Where programs leave what only they need, whoever runs them.
const TEMPORARY: &str = "/tmp";

/// Makes the root file system read-only, where the user's configuration says so.
pub(super) fn take(draft: &mut Draft, context: &Context<'_>, place: &Place, account: &mut Account) {
    if !context.policy.strict {
        return;
    }
    draft.readonly_rootfs = true;
    // A workspace at the home folder is one already.
    account.brings_home |= !place.has_project() || account.home != place.target;
    if !draft.targets.contains(TEMPORARY) && place.target != TEMPORARY {
        draft.targets.insert(TEMPORARY.to_owned());
        draft.mounts.insert(
            0,
            Mount {
                kind: MountKind::Tmpfs,
                source: String::new(),
                target: TEMPORARY.to_owned(),
                readonly: false,
                size_bytes: Some(MEMORY_CAP),
            },
        );
    }
}
