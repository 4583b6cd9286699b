//! `appPort`: nothing in a sandbox is published on the host.

use super::draft::Draft;
use crate::config::model::Text;
use crate::plan::finding::{Action, Code, Severity};
use crate::source::Spanned;

/// Drops published ports (CIS 5.8).
pub(super) fn drop_published(draft: &mut Draft, ports: &[Spanned<Text>]) {
    for port in ports {
        draft.note(
            Code::AppPort,
            Severity::Medium,
            Action::Removed,
            &port.origin,
            &port.value.value,
            "would open a port of your machine to whatever the sandbox runs",
        );
    }
}
