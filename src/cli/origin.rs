//! Where a part of the policy came from, for people and for scripts.

use serde_json::{Value, json};

use crate::policy::decision::Decision;
use crate::policy::effective::{Origin, Sourced};
use crate::source::Location;
use crate::ui::text::visible;

/// Returns it in a few words.
pub(super) fn words(origin: &Origin) -> String {
    match origin {
        Origin::Builtin => "cloister's default".to_owned(),
        Origin::Preset { name, chosen: None } => format!("preset {name}, one of the default"),
        Origin::Preset { name, chosen: Some(chosen) } => format!("preset {name}, {}", place(chosen)),
        Origin::User(location) | Origin::Project(location) => place(location),
        Origin::Decision(decision) => format!("decision {}, {}", decision.id, whose(decision)),
        Origin::Repository(digest) => format!("asked by the repository, approved as {}", crate::trust::short(digest)),
    }
}

/// Returns it as JSON.
pub(super) fn json(origin: &Origin) -> Value {
    let placed = |kind: &str, location: &Location| json!({ "kind": kind, "file": location.file, "line": location.line, "column": location.column });
    match origin {
        Origin::Builtin => json!({ "kind": "builtin" }),
        Origin::Preset { name, chosen } => {
            json!({ "kind": "preset", "name": name, "chosen": chosen.as_ref().map(place) })
        }
        Origin::User(location) => placed("user", location),
        Origin::Project(location) => placed("project", location),
        Origin::Repository(digest) => json!({ "kind": "repository", "digest": digest }),
        Origin::Decision(decision) => json!({
            "kind": "decision",
            "id": decision.id,
            "scope": decision.scope.as_str(),
            "made": decision.made,
            "until": decision.until,
            "by": decision.by,
        }),
    }
}

/// Returns a rule as JSON.
pub(super) fn rule(sourced: &Sourced) -> Value {
    let Sourced { rule, verdict, origin } = sourced;
    json!({ "verdict": verdict, "rule": rule.as_str(), "origin": json(origin) })
}

/// Returns whom a decision is about, in a few words.
pub(super) fn whose(decision: &Decision) -> String {
    match (decision.scope.as_str(), decision.until) {
        ("session", _) => "until the sandbox stops".to_owned(),
        ("sandbox", _) => "this sandbox, for a time".to_owned(),
        ("project", _) => "this project".to_owned(),
        _ => "every sandbox".to_owned(),
    }
}

fn place(location: &Location) -> String {
    format!("{}:{}:{}", visible(&location.file), location.line, location.column)
}
