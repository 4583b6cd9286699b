//! What nobody knows, and what is not what it looks like.

use super::draft::Draft;
use crate::config::model::Text;
use crate::diagnostic::{Diagnostic, Level};
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::source::{Origin, Spanned};
use crate::ui::text::visible;

/// Reports unknown properties, and a name that shows something else than it says.
pub(super) fn report(draft: &mut Draft, warnings: &[Diagnostic], name: Option<&Spanned<Text>>) {
    for warning in warnings.iter().filter(|warning| warning.level == Level::Warning) {
        let origin = Origin { pointer: warning.pointer.clone(), location: Some(warning.location.clone()) };
        let asked = warning.pointer.rsplit('/').next().unwrap_or_default();
        draft.findings.push(
            Finding::new(
                Code::UnknownProperty,
                Severity::Low,
                Action::Removed,
                &origin,
                asked,
                warning.message.clone(),
            )
            .help(warning.help.clone().unwrap_or_default()),
        );
    }
    let Some(name) = name else { return };
    let shown = visible(&name.value.value);
    if shown != name.value.value {
        draft.findings.push(
            Finding::new(
                Code::DisplayString,
                Severity::Low,
                Action::Replaced,
                &name.origin,
                shown.clone(),
                "holds characters that are not seen or that turn text around",
            )
            .effective(shown),
        );
    }
}
