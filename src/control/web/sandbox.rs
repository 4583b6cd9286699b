//! Sandboxes as the page shows them: what was asked beside what runs.
//!
//! Invariant: pure; of the plan only what the page shows is looked at, and what is missing is empty.

use serde::Serialize;
use serde_json::Value;

use super::shown::Shown;
use crate::control::protocol::SandboxView;
use crate::control::tally::Traffic;

/// One sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Sandbox {
    id: String,
    name: Shown,
    folder: Shown,
    state: Shown,
    digest: String,
    /// Whether its plan can be read.
    is_known: bool,
    findings: Vec<Finding>,
    refusals: Vec<Refusal>,
    traffic: Traffic,
    sent: String,
    received: String,
}

/// One difference between what was asked and what runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    code: Shown,
    severity: Shown,
    action: Shown,
    place: Shown,
    requested: Shown,
    effective: Shown,
    reason: Shown,
    help: Shown,
}

/// What was refused lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Refusal {
    destination: Shown,
    reason: Shown,
    count: u64,
    last: u64,
}

impl Sandbox {
    /// Returns what is shown of a sandbox.
    pub(super) fn new(view: &SandboxView) -> Self {
        let findings = view.plan.get("findings").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let refusal = |(destination, reason, count, last): &(String, String, u64, u64)| Refusal {
            destination: Shown::new(destination),
            reason: Shown::new(reason),
            count: *count,
            last: *last,
        };
        Self {
            id: view.id.clone(),
            name: Shown::new(&view.name),
            folder: Shown::new(&view.folder),
            state: Shown::new(&view.state),
            digest: view.plan_digest.clone(),
            is_known: !view.plan.is_null(),
            findings: findings.iter().map(Finding::new).collect(),
            refusals: view.refusals.iter().map(refusal).collect(),
            traffic: view.traffic,
            sent: bytes(view.traffic.sent),
            received: bytes(view.traffic.received),
        }
    }
}

/// Returns an amount as people read it.
fn bytes(count: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let Some(unit) = (1..=units.len()).rev().find(|unit| count >> (10 * unit) > 0) else {
        return format!("{count} bytes");
    };
    let tenths = (u128::from(count) * 10) >> (10 * unit);
    format!("{}.{} {}", tenths / 10, tenths % 10, units[unit - 1])
}

impl Finding {
    fn new(value: &Value) -> Self {
        let text = |name: &str| Shown::new(value.get(name).and_then(Value::as_str).unwrap_or_default());
        Self {
            code: text("code"),
            severity: text("severity"),
            action: text("action"),
            place: Shown::new(&place(value)),
            requested: text("requested"),
            effective: text("effective"),
            reason: text("reason"),
            help: text("help"),
        }
    }
}

/// Returns `file:line`, or where in the configuration it is.
fn place(finding: &Value) -> String {
    let file = finding.pointer("/location/file").and_then(Value::as_str);
    let line = finding.pointer("/location/line").and_then(Value::as_u64);
    match (file, line) {
        (Some(file), Some(line)) => format!("{file}:{line}"),
        _ => finding.get("pointer").and_then(Value::as_str).unwrap_or_default().to_owned(),
    }
}
