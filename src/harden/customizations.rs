//! `customizations`: the command line applies none of them; what would act on the host side of an editor is reported.

use serde_json::Value;

use super::draft::Draft;
use crate::plan::finding::{Action, Code, Severity};
use crate::source::{Origin, Spanned};

/// Settings that make VS Code run or trust something outside the container (SEC-82).
const HOST_SETTINGS: &[&str] = &[
    "task.allowAutomaticTasks",
    "security.workspace.trust",
    "remote.",
    "dev.containers.",
    "dotfiles.",
    "git.path",
    "git.terminalAuthentication",
    "terminal.external.",
    "http.proxy",
    "extensions.autoUpdate",
    "extensions.experimental.affinity",
    "settingsSync.",
    "update.",
];

/// Reports customizations that act on the host side of an editor.
pub(super) fn report(draft: &mut Draft, customizations: &[(String, Spanned<Value>)]) {
    for (tool, value) in customizations {
        if tool == "vscode" {
            vscode_settings(draft, value);
        }
    }
}

fn vscode_settings(draft: &mut Draft, vscode: &Spanned<Value>) {
    let Some(settings) = vscode.value.get("settings").and_then(Value::as_object) else { return };
    for (name, value) in settings {
        if !HOST_SETTINGS.iter().any(|host| name == host || name.starts_with(host)) {
            continue;
        }
        let pointer = format!("{}/settings/{}", vscode.origin.pointer, name.replace('~', "~0").replace('/', "~1"));
        let origin = Origin { pointer, location: vscode.origin.location.clone() };
        draft.note(
            Code::VscodeCustomization,
            Severity::High,
            Action::Removed,
            &origin,
            format!("{name}: {value}"),
            "acts on the host side of VS Code, outside the container",
        );
    }
}
