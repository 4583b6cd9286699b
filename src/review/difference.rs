//! What was not there, or not so, before. Pure.

use serde::Serialize;

use super::{Kind, Snapshot};

/// How something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It was not there.
    New,
    /// It was another one.
    Changed,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Why it matters.
    pub kind: Kind,
    /// Its path relative to the workspace.
    pub path: String,
    /// How it differs.
    pub change: Change,
}

/// Returns the differences, by kind and path. What is gone runs nothing.
pub fn difference(before: &Snapshot, now: &Snapshot) -> Vec<Difference> {
    let mut found: Vec<Difference> = now
        .marks
        .iter()
        .filter_map(|(path, mark)| {
            let change = match before.marks.get(path) {
                Some(was) if (was.kind, &was.print) == (mark.kind, &mark.print) => return None,
                Some(_) => Change::Changed,
                // Nobody looked there before; its age is all there is to know.
                None if !before.complete && mark.changed < before.taken => return None,
                None => Change::New,
            };
            Some(Difference { kind: mark.kind, path: path.clone(), change })
        })
        .collect();
    found.sort_by(|a, b| (a.kind, &a.path).cmp(&(b.kind, &b.path)));
    found
}

#[cfg(test)]
mod tests;
