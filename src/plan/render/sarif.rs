//! The findings of a plan as SARIF 2.1.0, which code scanning shows at the lines of a pull request.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::ident::digest_prefix;
use crate::plan::model::ConfigSummary;
use crate::plan::{Action, Code, Finding, Plan, Severity};
use crate::source::{Location, Source};

/// Where the JSON Schema of the format is published.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// Name of our fingerprint: what stays the same when lines move.
const FINGERPRINT: &str = "cloister/v1";
/// Digits of a fingerprint.
const FINGERPRINT_DIGITS: usize = 16;

/// Returns the findings as one run of a SARIF log, with a newline at the end.
#[must_use]
pub fn render(plan: &Plan, sources: &[Source]) -> String {
    let rules = rules(&plan.findings);
    let numbers: BTreeMap<Code, usize> = rules.keys().enumerate().map(|(index, code)| (*code, index)).collect();
    let results: Vec<_> =
        plan.findings.iter().map(|finding| outcome(finding, numbers[&finding.code], &plan.config, sources)).collect();
    let driver = json!({
        "name": "cloister",
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules.into_iter().map(|(code, severity)| rule(code, severity)).collect::<Vec<_>>(),
    });
    let run = json!({ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results });
    let log = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] });
    format!("{log:#}\n")
}

/// Returns every code that occurs, with the highest weight that it has here.
fn rules(findings: &[Finding]) -> BTreeMap<Code, Severity> {
    let mut rules = BTreeMap::new();
    for finding in findings {
        let severity = rules.entry(finding.code).or_insert(finding.severity);
        *severity = finding.severity.max(*severity);
    }
    rules
}

fn rule(code: Code, severity: Severity) -> Value {
    json!({
        "id": code.as_str(),
        "shortDescription": { "text": code.summary() },
        "defaultConfiguration": { "level": level(severity) },
        "properties": { "security-severity": score(severity), "tags": ["security"] },
    })
}

fn outcome(finding: &Finding, rule_index: usize, config: &ConfigSummary, sources: &[Source]) -> Value {
    let identity = format!("{}\n{}\n{}", finding.code.as_str(), finding.pointer, finding.requested);
    json!({
        "ruleId": finding.code.as_str(),
        "ruleIndex": rule_index,
        "level": level(finding.severity),
        "message": { "text": message(finding) },
        "locations": Vec::from_iter(location(finding, config, sources)),
        "partialFingerprints": { FINGERPRINT: digest_prefix(&identity, FINGERPRINT_DIGITS) },
    })
}

/// Returns what the finding says.
fn message(finding: &Finding) -> String {
    let Finding { requested, effective, reason, help, .. } = finding;
    let done = match (finding.action, effective.as_str()) {
        (Action::Removed, _) => "removed".to_owned(),
        (Action::Replaced, "") => "replaced".to_owned(),
        (Action::Replaced, effective) => format!("replaced by {effective}"),
        (Action::Added, _) => "added by cloister".to_owned(),
        (Action::NeedsApproval, _) if finding.stops() => "refused until it is approved".to_owned(),
        (Action::NeedsApproval, _) => "left out until it is approved".to_owned(),
        (Action::Refused, _) => "refused".to_owned(),
        (Action::Kept, _) => "kept".to_owned(),
    };
    let subject = if requested.is_empty() { effective } else { requested };
    let mut text = if subject.is_empty() { done } else { format!("{subject}: {done}") };
    for sentence in [reason, help].into_iter().filter(|sentence| !sentence.is_empty()) {
        // Writing to a string cannot fail.
        let _ = write!(text, "; {sentence}");
    }
    text
}

/// Returns where the finding is; what no line caused is shown at the beginning of the configuration.
fn location(finding: &Finding, config: &ConfigSummary, sources: &[Source]) -> Option<Value> {
    let (file, region) = match &finding.location {
        Some(location) => (&*location.file, region(location, sources)),
        None => (config.path.as_deref()?, json!({ "startLine": 1 })),
    };
    Some(json!({ "physicalLocation": { "artifactLocation": artifact(file), "region": region } }))
}

fn region(location: &Location, sources: &[Source]) -> Value {
    let Some(source) = sources.iter().find(|source| source.name == location.file) else {
        return json!({ "startLine": location.line, "startColumn": location.column });
    };
    let end = source.locate(location.span.end..location.span.end);
    json!({
        "startLine": location.line, "startColumn": location.column,
        "endLine": end.line, "endColumn": end.column,
    })
}

/// Returns a file as a URI: relative to the root of the sources, unless it lies elsewhere.
fn artifact(file: &str) -> Value {
    if file.starts_with('/') {
        json!({ "uri": format!("file://{}", encoded(file)) })
    } else {
        json!({ "uri": encoded(file), "uriBaseId": "%SRCROOT%" })
    }
}

/// Returns a path with everything but unreserved characters and slashes as `%XX` (RFC 3986, section 2).
fn encoded(path: &str) -> String {
    path.bytes().fold(String::with_capacity(path.len()), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// Returns the middle of the range that code scanning has for a weight (CVSS 3.1, section 5).
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Info => "0.0",
    }
}
