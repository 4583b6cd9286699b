//! The steps of a build by BuildKit, of which several run at once.

use std::collections::{BTreeMap, VecDeque};

use super::trace::{Log, Status, Vertex};
use super::{LINE_LIMIT, Told, keep, one_line};

/// Steps that have begun, by digest.
#[derive(Debug, Default)]
pub(super) struct Steps(BTreeMap<String, Step>);

/// One step.
#[derive(Debug, Default)]
struct Step {
    name: String,
    /// What it printed since the last line break.
    line: String,
    output: VecDeque<String>,
    error: String,
}

impl Steps {
    /// Takes a message, and returns what is to be shown of it.
    pub(super) fn hear(&mut self, Status { vertexes, logs }: Status) -> Vec<Told> {
        let mut told: Vec<_> = vertexes.into_iter().filter_map(|vertex| self.step(vertex)).collect();
        for log in logs {
            told.extend(self.log(&log));
        }
        told
    }

    /// Returns the step that a build failed at, with the end of its output. Those that ran beside it are cut off, and say
    /// so as it says why.
    pub(super) fn failed(&mut self, message: &str) -> Option<(String, VecDeque<String>)> {
        let mut failed = std::mem::take(&mut self.0).into_values().filter(|step| !step.error.is_empty());
        let mut step = failed.find(|step| message.contains(&step.error))?;
        if !step.line.is_empty() {
            keep(&mut step.output, &step.line);
        }
        Some((format!("`{}`", step.name), step.output))
    }

    /// What has no number is BuildKit's own.
    fn step(&mut self, Vertex { digest, name, started, error }: Vertex) -> Option<Told> {
        if !started || !name.starts_with('[') || name.starts_with("[internal]") {
            return None;
        }
        let name = one_line(&name);
        // A clone and the copy of what it brought are one instruction.
        let is_new = self.0.values().all(|step| step.name != name);
        let step = self.0.entry(digest).or_default();
        step.error = error;
        step.name.clone_from(&name);
        is_new.then(|| Told::Step(format!("step {name}")))
    }

    fn log(&mut self, Log { vertex, text }: &Log) -> Vec<Told> {
        let Some(step) = self.0.get_mut(vertex) else { return Vec::new() };
        step.line.push_str(text);
        let mut told = Vec::new();
        while let Some(end) = step.line.find('\n') {
            let rest = step.line.split_off(end + 1);
            let line = std::mem::replace(&mut step.line, rest);
            let line = line.trim_end_matches(['\r', '\n']);
            keep(&mut step.output, line);
            told.push(Told::Output(line.to_owned()));
        }
        if step.line.len() > LINE_LIMIT {
            step.line.clear();
        }
        told
    }
}
