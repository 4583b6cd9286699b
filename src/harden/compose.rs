//! `dockerComposeFile`: recognised and refused in this version, since every service of a project can ask for anything.

use super::draft::Draft;
use crate::config::model::Compose;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::source::Origin;

/// Refuses a Compose project.
pub(super) fn refuse(draft: &mut Draft, compose: &Compose) {
    let unplaced = Origin::unplaced("/dockerComposeFile");
    let origin = compose.files.first().map_or(&unplaced, |file| &file.origin);
    let names: Vec<&str> = compose.files.iter().map(|file| file.value.value.as_str()).collect();
    draft.findings.push(
        Finding::new(
            Code::ComposePrivilege,
            Severity::Critical,
            Action::Refused,
            origin,
            names.join(", "),
            "a Compose file can ask for every privilege in every service; this version does not harden them yet",
        )
        .help("point --config to a configuration with an image or a Dockerfile"),
    );
}
