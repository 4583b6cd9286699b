//! `privileged`, `capAdd`, `securityOpt`, `init`: none of them is granted; what only tightens is kept.

use super::draft::Draft;
use crate::config::model::Text;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::source::{Origin, Spanned};

/// Drops `privileged`.
pub(super) fn privileged(draft: &mut Draft, privileged: Option<&Spanned<bool>>) {
    if let Some(asked) = privileged.filter(|asked| asked.value) {
        draft.findings.push(
            Finding::new(
                Code::Privileged,
                Severity::Critical,
                Action::Removed,
                &asked.origin,
                "privileged: true",
                "every capability, every device, no seccomp: root on your machine in all but name",
            )
            .help("the container runs without it"),
        );
    }
}

/// Drops every capability that is asked for.
pub(super) fn capabilities(draft: &mut Draft, code: Code, asked: &[Spanned<Text>]) {
    for capability in asked {
        capability_finding(draft, code, &capability.origin, &capability.value.value, &capability.value.value);
    }
}

/// Notes that a capability is not granted; `written` is what the file says.
pub(super) fn capability_finding(draft: &mut Draft, code: Code, origin: &Origin, name: &str, written: &str) {
    let (severity, reason) = weigh_capability(name);
    draft.note(code, severity, Action::Removed, origin, written, reason);
}

fn weigh_capability(name: &str) -> (Severity, &'static str) {
    let upper = name.to_ascii_uppercase();
    match upper.trim_start_matches("CAP_") {
        "ALL" | "SYS_ADMIN" | "SYS_MODULE" | "SYS_RAWIO" | "SYS_BOOT" | "BPF" | "DAC_READ_SEARCH" | "MAC_ADMIN"
        | "MAC_OVERRIDE" | "SYS_TIME" | "SYSLOG" | "PERFMON" | "CHECKPOINT_RESTORE" => {
            (Severity::Critical, "a way out of the container")
        }
        "NET_ADMIN" => (Severity::Critical, "could rewrite the sandbox's own network, the guardian's included"),
        "NET_RAW" => (Severity::Critical, "forged packets reach past the guardian and steal its tokens"),
        "SYS_PTRACE" => (Severity::High, "not needed: debuggers attach to processes of the same user without it"),
        _ => (Severity::High, "the sandbox has no capabilities at all"),
    }
}

/// Decides about `securityOpt`.
pub(super) fn security_options(draft: &mut Draft, code: Code, asked: &[Spanned<Text>]) {
    for option in asked {
        security_option(draft, code, &option.origin, &option.value.value, &option.value.value);
    }
}

/// Decides about one security option; `written` is what the file says.
pub(super) fn security_option(draft: &mut Draft, code: Code, origin: &Origin, option: &str, written: &str) {
    let (key, value) = match option.find(['=', ':']) {
        Some(position) => (&option[..position], option[position + 1..].trim()),
        None => (option, ""),
    };
    let open = value.eq_ignore_ascii_case("unconfined");
    let (severity, action, reason) = match key.trim() {
        "no-new-privileges" if value.is_empty() || value.eq_ignore_ascii_case("true") || value == "1" => {
            (Severity::Info, Action::Kept, "it is always on")
        }
        "no-new-privileges" => (Severity::Critical, Action::Removed, "would let setuid programs become root"),
        "seccomp" if open => (Severity::Critical, Action::Removed, "would open every system call of the kernel"),
        "seccomp" => (Severity::High, Action::Replaced, "the filter is cloister's own, the same on every engine"),
        "systempaths" => (Severity::Critical, Action::Removed, "would unmask kernel interfaces such as core_pattern"),
        "apparmor" | "label" => {
            (Severity::High, Action::Removed, "would switch off the machine's own confinement of containers")
        }
        _ => (Severity::High, Action::Removed, "not an option that this version knows"),
    };
    let mut finding = Finding::new(code, severity, action, origin, written, reason);
    if action == Action::Replaced {
        finding = finding.effective(format!("seccomp={}", super::seccomp::NAME));
    }
    draft.findings.push(finding);
}
