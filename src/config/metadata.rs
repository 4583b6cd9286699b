//! The image label `devcontainer.metadata`: configurations that the image's author wrote.
//!
//! Invariant: a label is never an error, and never half a value; what is wrong in it is left out and noted.

use serde_json::Value;

use super::DIAGNOSTIC_LIMIT;
use super::decode::{Decoder, Place};
use super::jsonc::{DEPTH_LIMIT, KEY_LIMIT, Node, SIZE_LIMIT};
use super::model::DevContainer;
use super::schema::{self, Problem};
use super::substitute::{Denied, Variables};
use crate::source::Origin;

/// One entry of the label.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetadataEntry {
    /// The properties that are well formed; their pointers begin with `label:/N`.
    pub config: DevContainer,
    /// Every property that the entry has, well formed or not, in its order.
    pub properties: Vec<(String, Value)>,
}

/// Something in the label that is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where: `label:` or a pointer into it.
    pub origin: Origin,
    /// Lower-case fragment: what is wrong.
    pub message: String,
}

/// What a label says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetadataReading {
    /// Its entries, the base image's first.
    pub entries: Vec<MetadataEntry>,
    /// What is not used, and why.
    pub notes: Vec<Note>,
    /// Variables of the host that the image asks for and does not get.
    pub denied: Vec<Denied>,
}

/// Reads the label: an array of entries or a single one, strict JSON.
pub fn read_metadata(label: &str, variables: &Variables) -> MetadataReading {
    let mut reading = MetadataReading::default();
    if label.len() > SIZE_LIMIT {
        reading.note("label:", format!("the label is larger than {} KiB", SIZE_LIMIT >> 10));
        return reading;
    }
    let entries = match serde_json::from_str(label) {
        Ok(Value::Array(entries)) => entries,
        Ok(entry @ Value::Object(_)) => vec![entry],
        Ok(_) => {
            reading.note("label:", "the label holds neither a list nor an object".to_owned());
            return reading;
        }
        Err(error) => {
            reading.note("label:", format!("the label is not JSON: {error}"));
            return reading;
        }
    };
    for (index, entry) in entries.iter().enumerate() {
        reading.entry(entry, &format!("label:/{index}"), variables);
    }
    reading
}

impl MetadataReading {
    fn entry(&mut self, entry: &Value, base: &str, variables: &Variables) {
        let mut entry = entry.clone();
        let Value::Object(map) = &mut entry else {
            self.note(base, "this entry is not an object".to_owned());
            return;
        };
        let properties = map.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        for key in map.keys().filter(|key| key.len() > KEY_LIMIT).cloned().collect::<Vec<_>>() {
            self.note(base, format!("a key is longer than {KEY_LIMIT} bytes"));
            map.shift_remove(&key);
        }
        for key in
            map.iter().filter(|(_, value)| depth(value) >= DEPTH_LIMIT).map(|(key, _)| key.clone()).collect::<Vec<_>>()
        {
            self.note(&format!("{base}/{key}"), format!("values are nested more than {DEPTH_LIMIT} levels deep"));
            map.shift_remove(&key);
        }
        self.remove_malformed(&mut entry, base);
        let mut decoder = Decoder::new(variables, Place::Label);
        let config = decoder.decode(&Node::unplaced(&entry), base);
        self.denied.append(&mut decoder.denied);
        self.entries.push(MetadataEntry { config, properties });
    }

    /// Takes out every property that the schema does not accept; the schema stops counting at a limit, so this repeats.
    fn remove_malformed(&mut self, entry: &mut Value, base: &str) {
        loop {
            let mut removed = false;
            for violation in schema::check(entry) {
                let Some(message) = told(&violation.problem) else { continue };
                let property =
                    violation.pointer.split('/').nth(1).unwrap_or_default().replace("~1", "/").replace("~0", "~");
                removed |= entry.as_object_mut().is_some_and(|map| map.shift_remove(&property).is_some());
                self.note(&format!("{base}{}", violation.pointer), message);
            }
            if !removed {
                return;
            }
        }
    }

    fn note(&mut self, pointer: &str, message: String) {
        if self.notes.len() < DIAGNOSTIC_LIMIT {
            self.notes.push(Note { origin: Origin::unplaced(pointer), message });
        }
    }
}

fn told(problem: &Problem) -> Option<String> {
    match problem {
        Problem::Takes { takes, found } => Some(format!("the property {takes}, not {found}")),
        Problem::Lacks(key) => Some(format!("`{key}` is missing")),
        Problem::Unknown { .. } => None,
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
