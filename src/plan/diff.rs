//! What changed between two plans, for people: shown before a running sandbox is made anew.
//!
//! It works on the JSON form, since the older plan comes from a file that another version may have written. Only what
//! runs is compared: a comment that moved a finding to another line is no change.

mod words;

use std::fmt;

use serde_json::{Map, Value};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::ui::text;

/// Members that say nothing about what runs.
const SILENT: [&str; 5] = ["digest", "facts", "findings", "config", "version"];
/// Members whose order is their meaning: compared and shown as one value.
const ARGUMENTS: [&str; 2] = ["command", "entrypoint"];
/// Columns that one value may take.
const VALUE_WIDTH: usize = 400;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where in the plan: `containers[cloister-…].limits.pids`.
    pub path: String,
    /// The older value; `None` when it was not there.
    pub was: Option<String>,
    /// The newer value; `None` when it is gone.
    pub is: Option<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = words::place(&self.path);
        let read = |value: &Option<String>| value.as_deref().map(|value| words::value(&self.path, value));
        match (read(&self.was), read(&self.is)) {
            (Some(was), Some(is)) => write!(formatter, "~ {place}: {was} → {is}"),
            (None, Some(is)) => write!(formatter, "+ {place}: {is}"),
            (Some(was), None) => write!(formatter, "- {place}: {was}"),
            (None, None) => write!(formatter, "  {place}"),
        }
    }
}

/// Returns the differences between two plans in their JSON form; empty when the same things run.
#[must_use]
pub fn diff(old: &Value, new: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    compare("", &heard(old), &heard(new), &mut changes);
    changes
}

fn heard(plan: &Value) -> Value {
    let Value::Object(members) = plan else { return plan.clone() };
    Value::Object(members.iter().filter(|(name, _)| !SILENT.contains(&name.as_str())).map(owned).collect())
}

fn owned((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

fn compare(path: &str, old: &Value, new: &Value, changes: &mut Vec<Change>) {
    match (old, new) {
        (old, new) if old == new => {}
        (Value::Object(old), Value::Object(new)) => compare_members(path, old, new, changes),
        (Value::Array(old), Value::Array(new)) if !ordered(path) => compare_items(path, old, new, changes),
        (old, new) => changes.push(Change { path: path.into(), was: shown(old), is: shown(new) }),
    }
}

fn ordered(path: &str) -> bool {
    ARGUMENTS.contains(&path.rsplit('.').next().unwrap_or(path))
}

fn compare_members(path: &str, old: &Map<String, Value>, new: &Map<String, Value>, changes: &mut Vec<Change>) {
    for (name, was) in old {
        compare(&below(path, name), was, new.get(name).unwrap_or(&Value::Null), changes);
    }
    for (name, is) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
        compare(&below(path, name), &Value::Null, is, changes);
    }
}

fn below(path: &str, name: &str) -> String {
    let name = text::visible(name);
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

fn compare_items(path: &str, old: &[Value], new: &[Value], changes: &mut Vec<Change>) {
    let keys = |items: &[Value]| items.iter().map(key).collect::<Vec<_>>();
    for operation in capture_diff_slices(Algorithm::Myers, &keys(old), &keys(new)) {
        if let DiffOp::Equal { old_index, new_index, len } = operation {
            for offset in 0..len {
                let (was, is) = (&old[old_index + offset], &new[new_index + offset]);
                compare(&format!("{path}[{}]", key(is)), was, is, changes);
            }
            continue;
        }
        let removed = old[operation.old_range()].iter().map(|was| (Some(was), None));
        let added = new[operation.new_range()].iter().map(|is| (None, Some(is)));
        changes.extend(removed.chain(added).map(|(was, is)| Change {
            path: path.into(),
            was: was.and_then(shown),
            is: is.and_then(shown),
        }));
    }
}

/// Returns what an item of a list is known by: where it is mounted, its hook and name, or itself.
fn key(item: &Value) -> String {
    let member = |name: &str| item.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let parts: Vec<_> = ["hook", "target", "name"].into_iter().filter_map(member).collect();
    if parts.is_empty() { shown(item).unwrap_or_default() } else { text::visible(&parts.join(" ")) }
}

/// Returns a value as people read it; `None` for null.
fn shown(value: &Value) -> Option<String> {
    let written = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        }
        Value::Object(_) if value.get("hook").is_some() => hook(value),
        Value::Object(_) if value.get("target").is_some() => mount(value),
        other => other.to_string(),
    };
    let visible = text::visible(&written);
    Some(if visible.is_empty() { "(empty)".into() } else { text::cut(&visible, VALUE_WIDTH) })
}

fn hook(value: &Value) -> String {
    let command = value.get("command").and_then(shown).unwrap_or_default();
    format!("{} {command}", key(value))
}

fn mount(value: &Value) -> String {
    let part = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let access = if value.get("readonly") == Some(&Value::Bool(true)) { "read-only" } else { "read-write" };
    format!("{} {} → {} {access}", part("type"), part("source"), part("target"))
}
