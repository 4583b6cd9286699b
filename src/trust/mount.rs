//! A folder or file of the user's machine, which a sandbox gets read-only: `customizations.cloister.mounts`.

use std::path::Path;

use serde_json::{Value, json};

use super::domains::Mistake;
use super::{Kind, Request};

/// Most mounts that one repository can ask for.
pub const MOST: usize = 16;

/// A mount as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its place in the list.
    pub index: usize,
    /// Path on the host, as written: absolute, or below `~`.
    pub source: String,
    /// Path inside, as written.
    pub target: String,
}

impl Wanted {
    /// Reads what a configuration asks for, and what of it is no mount.
    pub fn read(value: &Value) -> (Vec<Self>, Vec<Mistake>) {
        let whole = |reason: String| vec![Mistake { index: None, written: value.to_string(), reason }];
        let Some(items) = value.as_array() else {
            return (Vec::new(), whole("it is no list of { source, target }".to_owned()));
        };
        if items.len() > MOST {
            let reason = format!("{} mounts are more than the {MOST} that a repository can ask for", items.len());
            return (Vec::new(), whole(reason));
        }
        let (mut wanted, mut mistakes) = (Vec::new(), Vec::new());
        for (index, item) in items.iter().enumerate() {
            match (item["source"].as_str(), item["target"].as_str(), item.as_object().map_or(0, |fields| fields.len()))
            {
                (Some(source), Some(target), 2) => {
                    wanted.push(Self { index, source: source.to_owned(), target: target.to_owned() });
                }
                _ => mistakes.push(Mistake {
                    index: Some(index),
                    written: item.to_string(),
                    reason: "a mount has a source and a target, and nothing else: it is read-only".to_owned(),
                }),
            }
        }
        (wanted, mistakes)
    }

    /// Returns the path on the host for a user with this home folder.
    pub fn path(&self, home: &Path) -> String {
        self.source.strip_prefix("~/").map_or_else(|| self.source.clone(), |rest| format!("{}/{rest}", home.display()))
    }
}

impl Request {
    /// Returns the request to mount what lies at an absolute path without links.
    pub fn mount(source: &str, target: &str) -> Self {
        let canonical = json!({ "kind": Kind::Mount, "source": source, "target": target });
        let place = format!("customizations.cloister.mounts/{target}");
        Self::new(Kind::Mount, place, format!("{source}\n→ {target}, read-only"), &canonical)
    }
}

#[cfg(test)]
mod tests;
