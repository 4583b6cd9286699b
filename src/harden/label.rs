//! What an image's own metadata label asks for beyond users, variables and lifecycle commands: it has no effect.

use super::draft::Draft;
use crate::merge::LabelProperty;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::source::Origin;

/// Reports every property of the label that has no effect (SEC-05; the reference obeys all of them).
pub(super) fn report(draft: &mut Draft, label: &[LabelProperty]) {
    for property in label {
        let (severity, reason) = weigh(&property.name);
        draft.findings.push(
            Finding::new(
                Code::MetadataLabel,
                severity,
                Action::Removed,
                &Origin::unplaced(property.pointer.clone()),
                format!("{}: {}", property.name, property.value),
                reason,
            )
            .help("an image cannot widen its own sandbox; what it really needs belongs into devcontainer.json"),
        );
    }
}

fn weigh(name: &str) -> (Severity, &'static str) {
    match name {
        "privileged" | "capAdd" | "securityOpt" | "mounts" | "entrypoint" | "runArgs" => {
            (Severity::High, "the image's label asks for a privilege")
        }
        "(invalid)" => (Severity::Low, "the image's metadata label is not JSON"),
        _ => (Severity::Info, "the image's label asks for something that cloister does not take from images yet"),
    }
}
