//! Variables of the host: an untrusted file may read the harmless ones and those that the user listed, no others.

use super::draft::Draft;
use crate::config::substitute::Denied;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::source::Origin;

/// Reports every variable of the host that was asked for and not given (SEC-07).
pub(super) fn report(draft: &mut Draft, denied: &[Denied]) {
    for variable in denied {
        let harmless = looks_harmless(&variable.name);
        // What refused the whole value has said enough.
        if harmless && draft.findings.iter().any(|finding| finding.pointer == variable.pointer) {
            continue;
        }
        // Who asks for a secret says what it is after, whether there is one today or not.
        let grave = !harmless && (variable.is_set || looks_secret(&variable.name));
        let severity = if grave { Severity::Critical } else { Severity::Low };
        let reason = if variable.is_set {
            "would copy a variable of your machine into the sandbox"
        } else {
            "would copy a variable of your machine into the sandbox; it is not set now"
        };
        let origin = Origin { pointer: variable.pointer.clone(), location: variable.location.clone() };
        let effective = if variable.had_default { "its default" } else { "empty" };
        draft.findings.push(
            Finding::new(
                Code::LocalEnv,
                severity,
                Action::Replaced,
                &origin,
                format!("${{localEnv:{}}}", variable.name),
                reason,
            )
            .effective(effective)
            .help(format!("to hand it over, add {:?} to env.local in config.json5", variable.name)),
        );
    }
}

/// Names that describe the machine rather than open doors; their values still stay out.
fn looks_harmless(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "HOME",
        "USER",
        "USERNAME",
        "USERPROFILE",
        "UID",
        "GID",
        "HOSTNAME",
        "DISPLAY",
        "WSLENV",
        "CI",
        "PWD",
        "SHELL",
    ];
    NAMES.contains(&name)
}

/// Names of what opens doors.
fn looks_secret(name: &str) -> bool {
    const PARTS: &[&str] = &["TOKEN", "SECRET", "KEY", "PASS", "PWD", "CREDENTIAL", "AUTH", "SESSION", "COOKIE"];
    let name = name.to_ascii_uppercase();
    PARTS.iter().any(|part| name.contains(part))
}
