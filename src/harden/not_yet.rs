//! Properties that are understood and have no effect in this version. A finding says so; the plan goes on.

use serde_json::Value;

use super::draft::Draft;
use crate::config::model::Text;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::source::{Origin, Spanned};

/// The properties, as far as the configuration has them.
pub(super) struct Properties<'a> {
    pub(super) forward_ports: &'a [Spanned<Text>],
    pub(super) ports_attributes: Option<&'a Spanned<Value>>,
    pub(super) other_ports_attributes: Option<&'a Spanned<Value>>,
    pub(super) host_requirements: Option<&'a Spanned<Value>>,
    pub(super) secrets: Option<&'a Spanned<Value>>,
    pub(super) wait_for: Option<&'a Spanned<String>>,
    pub(super) user_env_probe: Option<&'a Spanned<String>>,
    pub(super) shutdown_action: Option<&'a Spanned<String>>,
    pub(super) override_feature_install_order: &'a [Spanned<Text>],
}

/// Reports the properties that have no effect yet.
pub(super) fn report(draft: &mut Draft, properties: &Properties<'_>) {
    for port in properties.forward_ports {
        note(draft, &port.origin, &port.value.value, "ports are not forwarded by this version");
    }
    let values = [
        (properties.ports_attributes, "ports are not forwarded by this version"),
        (properties.other_ports_attributes, "ports are not forwarded by this version"),
        (properties.host_requirements, "the machine is not checked by this version"),
        (
            properties.secrets,
            "secrets are not asked for by this version; env.pass in config.json5 hands variables over",
        ),
    ];
    for (value, reason) in values {
        if let Some(value) = value {
            note(draft, &value.origin, &value.value.to_string(), reason);
        }
    }
    let words = [
        (properties.wait_for, "this version waits for every command"),
        (properties.user_env_probe, "the shell's own environment is not probed by this version"),
        (properties.shutdown_action, "a sandbox runs until: cloister stop"),
    ];
    for (word, reason) in words {
        if let Some(word) = word {
            note(draft, &word.origin, &word.value, reason);
        }
    }
    if let Some(first) = properties.override_feature_install_order.first() {
        note(draft, &first.origin, &first.value.value, "Features are not installed by this version");
    }
    graphics_card(draft, properties.host_requirements);
}

fn graphics_card(draft: &mut Draft, requirements: Option<&Spanned<Value>>) {
    let Some(requirements) = requirements else { return };
    let gpu = requirements.value.get("gpu").unwrap_or(&Value::Null);
    if matches!(gpu, Value::Null | Value::Bool(false)) {
        return;
    }
    let origin = Origin { pointer: format!("{}/gpu", requirements.origin.pointer), ..requirements.origin.clone() };
    draft.findings.push(Finding::new(
        Code::Gpu,
        Severity::Medium,
        Action::NeedsApproval,
        &origin,
        format!("gpu: {gpu}"),
        "a graphics card's driver is a large door into the kernel; it stays closed",
    ));
}

fn note(draft: &mut Draft, origin: &Origin, requested: &str, reason: &str) {
    draft.note(Code::NotYet, Severity::Info, Action::Removed, origin, requested, reason);
}
