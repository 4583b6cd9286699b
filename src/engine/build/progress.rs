//! What the engine says while it builds, for a person who waits: one line that changes on a terminal, plain lines elsewhere.

mod steps;
mod trace;

use std::collections::VecDeque;
use std::io::Write;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::BodyExt;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Deserialize;

use self::steps::Steps;
use self::trace::Status;
use super::super::exec::lines::shown;
use super::BuildError;
use super::context::ContextError;
use super::request::Sent;
use crate::host::terminal;
use crate::ui::text::cut;

/// Longest line of the engine's account; a longer one is left out.
const LINE_LIMIT: usize = 1 << 20;
/// Lines of a step's output that are shown when it fails.
const OUTPUT_LINES: usize = 20;
/// Columns of a step on a terminal.
const STEP_COLUMNS: usize = 64;
/// What the engine puts around it.
const PAINT: [&str; 2] = ["\u{1b}[91m", "\u{1b}[0m"];
/// What marks a message of BuildKit's.
const TRACE: &str = "moby.buildkit.trace";
/// How often the sign of life moves.
const TICK: Duration = Duration::from_millis(120);

/// A line of the engine's account.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Line {
    id: Option<String>,
    stream: Option<String>,
    error: Option<String>,
    aux: Option<serde_json::Value>,
}

/// A step that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) step: String,
    pub(super) message: String,
}

/// The build as far as it was heard of.
#[derive(Debug)]
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    account: Account,
}

/// Reads the account, piece by piece.
#[derive(Debug, Default)]
struct Account {
    bytes: Vec<u8>,
    line: String,
    step: String,
    /// Steps that are cloister's own.
    own: u32,
    output: VecDeque<String>,
    buildkit: Steps,
    error: Option<String>,
    done: bool,
}

/// What is to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    Step(String),
    Output(String),
}

impl Progress {
    pub(super) fn begin() -> Self {
        let bar = terminal::stderr_can_be_redrawn().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(ProgressStyle::with_template("{spinner} building {msg}").expect("the template is fixed"));
            bar.enable_steady_tick(TICK);
            bar
        });
        Self { bar, account: Account::default() }
    }

    /// Listens until the build is done.
    pub(super) async fn follow(&mut self, sent: Sent) -> Result<Result<(), Failed>, BuildError> {
        let Sent { mut answer, packed } = sent;
        let mut broken = false;
        while let Some(frame) = answer.frame().await {
            let Ok(frame) = frame else {
                broken = true;
                break;
            };
            let told = frame.into_data().map(|bytes: Bytes| self.account.hear(&bytes)).unwrap_or_default();
            told.into_iter().for_each(|told| self.show(told));
        }
        drop(answer);
        self.account.end().into_iter().for_each(|told| self.show(told));
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if self.account.error.is_some() || broken {
            // What was wrong with the folder says more than that the engine missed something.
            match packed.await {
                Ok(Ok(()) | Err(ContextError::Send(_))) | Err(_) => {}
                Ok(Err(own)) => return Err(own.into()),
            }
        }
        match self.account.error.take() {
            Some(message) => {
                self.show_output();
                Ok(Err(Failed { step: std::mem::take(&mut self.account.step), message }))
            }
            None if broken || !self.account.done => Err(BuildError::Broken),
            None => Ok(Ok(())),
        }
    }

    fn show(&self, told: Told) {
        match (&self.bar, told) {
            (Some(bar), Told::Step(step)) => bar.set_message(cut(&shown(&step), STEP_COLUMNS)),
            (Some(_), Told::Output(_)) => {}
            (None, Told::Step(text) | Told::Output(text)) => say(&text),
        }
    }

    /// On a terminal nobody has seen it yet.
    fn show_output(&self) {
        if self.bar.is_some() {
            self.account.output.iter().for_each(|line| say(line));
        }
    }
}

fn say(line: &str) {
    // Where standard error is gone, nobody misses it.
    let _ = writeln!(anstream::stderr().lock(), "{}", shown(line));
}

impl Account {
    fn hear(&mut self, bytes: &[u8]) -> Vec<Told> {
        self.bytes.extend_from_slice(bytes);
        let mut told = Vec::new();
        while let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
            let rest = self.bytes.split_off(end + 1);
            let line = std::mem::replace(&mut self.bytes, rest);
            told.extend(self.take(&line));
        }
        if self.bytes.len() > LINE_LIMIT {
            self.bytes.clear();
        }
        told
    }

    /// What comes after the last line break.
    fn end(&mut self) -> Vec<Told> {
        let rest = std::mem::take(&mut self.bytes);
        let mut told = self.take(&rest);
        let line = std::mem::take(&mut self.line);
        told.extend(self.tell(&line));
        told
    }

    fn take(&mut self, line: &[u8]) -> Vec<Told> {
        let Ok(line) = serde_json::from_slice::<Line>(line) else { return Vec::new() };
        if let (None, Some(error)) = (&self.error, line.error) {
            if let Some((step, output)) = self.buildkit.failed(&error) {
                (self.step, self.output) = (step, output);
            }
            self.error = Some(error);
        }
        if line.id.as_deref() == Some(TRACE) {
            let bytes = line.aux.as_ref().and_then(|aux| STANDARD.decode(aux.as_str()?).ok()).unwrap_or_default();
            return self.buildkit.hear(Status::read(&bytes));
        }
        self.done |= line.aux.is_some_and(|aux| aux.get("ID").is_some());
        // What steps write to standard error is painted red by the engine, in pieces.
        self.line.push_str(&PAINT.iter().fold(line.stream.unwrap_or_default(), |text, paint| text.replace(paint, "")));
        let text = std::mem::take(&mut self.line);
        let mut told = Vec::new();
        for piece in text.split_inclusive('\n') {
            match piece.strip_suffix('\n') {
                Some(whole) => told.extend(self.tell(whole)),
                None if piece.len() > LINE_LIMIT => {}
                None => self.line = piece.to_owned(),
            }
        }
        told
    }

    /// The engine's own remarks are for nobody but its developers; the label is cloister's.
    fn tell(&mut self, line: &str) -> Option<Told> {
        let line = line.trim_end_matches('\r');
        let remarks = [" --->", "Removed intermediate container ", "Successfully built ", "Successfully tagged "];
        if line.trim().is_empty() || remarks.iter().any(|remark| line.starts_with(remark)) {
            return None;
        }
        if let Some((number, step)) = line.strip_prefix("Step ").and_then(|rest| rest.split_once(" : ")) {
            self.output.clear();
            if step.starts_with("LABEL cloister.") {
                self.own += 1;
                return None;
            }
            // As somebody counts who reads the Dockerfile.
            let number = number.split('/').next().and_then(|number| number.parse().ok()).unwrap_or(self.own);
            let number = number.saturating_sub(self.own);
            let step = one_line(step);
            self.step = format!("step {number}, `{step}`");
            return Some(Told::Step(format!("step {number}: {step}")));
        }
        keep(&mut self.output, line);
        Some(Told::Output(line.to_owned()))
    }
}

/// Returns an instruction without the blanks that are in place of flags.
fn one_line(step: &str) -> String {
    step.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Remembers the last lines.
fn keep(output: &mut VecDeque<String>, line: &str) {
    if output.len() == OUTPUT_LINES {
        output.pop_front();
    }
    output.push_back(line.to_owned());
}

#[cfg(test)]
mod tests;
