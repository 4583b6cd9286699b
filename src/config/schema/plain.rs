//! What is plainly right: values of which the schema asks only for types, keys, lists and words.
//!
//! Invariant: it errs on one side. What it takes, the validator takes too (a property test compares them); a keyword that
//! it does not know is left to the validator.

use serde_json::{Map, Value};

/// Returns the members of a document that are not plainly right, and those that the schema does not know.
pub(super) fn doubtful(document: &Map<String, Value>, schema: &Value) -> Map<String, Value> {
    let is_doubtful =
        |name: &str, value: &Value| !schema["properties"].get(name).is_some_and(|one| fits(value, one, schema));
    let doubtful = document.iter().filter(|(name, value)| is_doubtful(name, value));
    doubtful.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Tells whether the value is plainly what a part of the schema takes; `root` is where references lead.
fn fits(value: &Value, schema: &Value, root: &Value) -> bool {
    let Some(keywords) = schema.as_object() else { return schema == &Value::Bool(true) };
    let known = |key: &str| keywords.get("properties").is_some_and(|properties| properties.get(key).is_some());
    keywords.iter().all(|(keyword, rule)| match keyword.as_str() {
        "description" | "examples" | "default" | "deprecated" | "errorMessage" => true,
        "type" => {
            is_type(value, rule) || rule.as_array().is_some_and(|types| types.iter().any(|one| is_type(value, one)))
        }
        "enum" => rule.as_array().is_some_and(|words| words.contains(value)),
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| fits(item, rule, root))),
        "required" => rule.as_array().is_some_and(|keys| keys.iter().all(|key| has(value, key))),
        "properties" => members(value).all(|(key, member)| rule.get(key).is_none_or(|one| fits(member, one, root))),
        "additionalProperties" => members(value).all(|(key, member)| known(key) || fits(member, rule, root)),
        // What text has to look like is the validator's business, and applies to nothing else.
        "pattern" => !value.is_string(),
        "minimum" => value.as_f64() >= rule.as_f64() || !value.is_number(),
        "maximum" => value.as_f64() <= rule.as_f64() || !value.is_number(),
        "$ref" => target(rule, root).is_some_and(|one| fits(value, one, root)),
        _ => false,
    })
}

fn is_type(value: &Value, name: &Value) -> bool {
    match name.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => false,
    }
}

/// Only an object can lack a key.
fn has(value: &Value, key: &Value) -> bool {
    value.as_object().is_none_or(|object| key.as_str().is_some_and(|key| object.contains_key(key)))
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn target<'a>(reference: &Value, root: &'a Value) -> Option<&'a Value> {
    root.pointer(reference.as_str()?.strip_prefix('#')?)
}

#[cfg(test)]
mod tests;
