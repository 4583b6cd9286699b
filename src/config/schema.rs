//! The types of a `devcontainer.json`: the published schema, and what it finds in words for people.
//!
//! The schema knows each property once: its type, its text for editors, and (`errorMessage`) the words for what it takes.

mod plain;

use std::sync::LazyLock;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, Validator};
use serde_json::{Map, Value};

use super::DIAGNOSTIC_LIMIT;
use super::jsonc::pointer;

/// The schema as published.
pub const TEXT: &str = include_str!("../../schemas/devcontainer.schema.json");

static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(TEXT).expect("the embedded schema is JSON; a test reads it"));
/// One difference between a document and the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer of the value.
    pub pointer: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// It has a type or a form that the property does not take; what it takes, and what it is.
    Takes {
        /// Words for what the property takes, for example `takes true or false`.
        takes: String,
        /// Words for what stands there, for example `a string`.
        found: String,
    },
    /// A key is missing.
    Lacks(String),
    /// Nobody knows this key; the nearest known one.
    Unknown {
        /// The key.
        key: String,
        /// The nearest known key.
        nearest: Option<String>,
    },
}

impl Problem {
    /// Returns whether the document may be used all the same.
    pub fn is_harmless(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }
}

/// Compiles what the schema says of the properties of a document that are not plainly right. The rest has nothing to say,
/// and compiling all of it would be a quarter of the time that `cloister plan` takes. As draft 4, whose meta-schema, with
/// which the crate checks ours first, is built in half the time; the keywords in use mean the same there (a test compares).
fn compile(document: &Value) -> Validator {
    let mut schema = SCHEMA.clone();
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, _| document.get(name).is_some());
    }
    let options = jsonschema::options().with_draft(Draft::Draft4);
    options.build(&schema).expect("every part of the embedded schema is valid; a test compiles it")
}

/// Compares a document with the schema. Of each weight only so many are returned; none hides one of the other weight.
pub fn check(document: &Value) -> Vec<Violation> {
    let (mut serious, mut harmless) = (Vec::new(), Vec::new());
    let doubtful = document.as_object().map(|document| plain::doubtful(document, &SCHEMA)).map(Value::from);
    let document = doubtful.as_ref().unwrap_or(document);
    if document.as_object().is_some_and(Map::is_empty) {
        return Vec::new();
    }
    for violation in compile(document).iter_errors(document).flat_map(|error| violations(&error)) {
        let kept = if violation.problem.is_harmless() { &mut harmless } else { &mut serious };
        if kept.len() < DIAGNOSTIC_LIMIT {
            kept.push(violation);
        }
    }
    serious.append(&mut harmless);
    serious
}

fn violations(error: &jsonschema::ValidationError<'_>) -> Vec<Violation> {
    let path = error.instance_path().as_str();
    let schema_path = error.schema_path().as_str();
    let definition = schema_path.rsplit_once('/').and_then(|(parent, _)| SCHEMA.pointer(parent)).unwrap_or(&SCHEMA);
    let at = |pointer: String, problem| Violation { pointer, problem };
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let unknown = |key: &String| Problem::Unknown { key: key.clone(), nearest: nearest(key, definition) };
            unexpected.iter().take(DIAGNOSTIC_LIMIT).map(|key| at(pointer(path, key), unknown(key))).collect()
        }
        ValidationErrorKind::Required { property } => {
            let key = property.as_str().unwrap_or_default().to_owned();
            vec![at(path.to_owned(), Problem::Lacks(key))]
        }
        kind => {
            let takes = definition.get("errorMessage").and_then(Value::as_str).unwrap_or("takes something else");
            let exact = !matches!(kind, ValidationErrorKind::Type { .. });
            let found = describe(error.instance(), exact);
            vec![at(path.to_owned(), Problem::Takes { takes: takes.to_owned(), found })]
        }
    }
}

/// Returns words for a value: its type, or the value itself where only the value is wrong.
fn describe(value: &Value, exact: bool) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) if exact => value.to_string(),
        Value::Number(_) => "a number".to_owned(),
        Value::String(text) if exact => format!("\"{}\"", shorten(text)),
        Value::String(_) => "a string".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// Returns text that fits into a message and cannot move the terminal's cursor.
pub fn shorten(text: &str) -> String {
    const LONGEST: usize = 40;
    let head: String = text.chars().take(LONGEST).collect();
    let dots = if head.len() < text.len() { "…" } else { "" };
    format!("{}{dots}", head.escape_debug())
}

/// Returns the known key that is closest to a misspelt one, if one is close enough to be meant.
fn nearest(key: &str, definition: &Value) -> Option<String> {
    const LONGEST: usize = 64;
    if key.len() > LONGEST {
        return None;
    }
    let known = definition.get("properties").and_then(Value::as_object)?;
    let distance = |name: &String| strsim::damerau_levenshtein(&name.to_lowercase(), &key.to_lowercase());
    let (distance, name) = known.keys().map(|name| (distance(name), name)).min()?;
    (distance <= 1 + key.len() / 5).then(|| name.clone())
}

#[cfg(test)]
mod tests;
