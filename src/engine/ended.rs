//! How a sandbox's process 1 ended, and the last of what it printed: with `overrideCommand: false` it ends with the
//! image's own command.

use std::time::Duration;

use bollard::query_parameters::{InspectContainerOptions, LogsOptionsBuilder};
use futures_util::StreamExt;
use tokio::time::sleep;

use super::connect::{CallError, Engine, Operation};
use crate::sandbox::protocol::ProbeReport;
use crate::ui::text::{cut, visible};

/// Lines of its output that are kept.
const LINES: usize = 5;
/// Columns of such a line.
const COLUMNS: usize = 200;
/// How long a container that somebody removes may still be seen.
const REMOVAL: Duration = Duration::from_millis(300);

/// A process 1 that ended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code.
    pub code: i64,
    /// Whether it ran the image's own command.
    pub own_command: bool,
    /// The last lines that it printed, made visible.
    pub output: Vec<String>,
}

impl Ended {
    /// Returns what stands before the name of what ended.
    pub(super) fn whose(&self) -> &'static str {
        if self.own_command { "the command of " } else { "" }
    }

    /// Returns what to do next.
    pub fn hint(&self) -> &'static str {
        if self.own_command {
            "leave out `overrideCommand: false`, or give the image a command that goes on running; then `cloister start`"
        } else {
            "start it: `cloister start`"
        }
    }
}

/// Returns how a container ended; `None` where it runs, or somebody removes it.
///
/// # Errors
/// The engine does not say.
pub async fn ended(engine: &Engine, container: &str) -> Result<Option<Ended>, CallError> {
    let Some(mut ended) = look(engine, container).await? else { return Ok(None) };
    ended.output = last_lines(&log(engine, container).await?);
    sleep(REMOVAL).await;
    Ok(look(engine, container).await?.map(|_| ended))
}

async fn look(engine: &Engine, container: &str) -> Result<Option<Ended>, CallError> {
    let inspected = engine.docker.inspect_container(container, None::<InspectContainerOptions>).await;
    let Some(found) = inspected.unless_absent(|| format!("inspect `{container}`"))? else { return Ok(None) };
    let state = found.state.unwrap_or_default();
    // A container that never started has no such time.
    let began = state.started_at.is_some_and(|time| !time.is_empty() && !time.starts_with("0001-"));
    let command = found.config.and_then(|config| config.cmd).unwrap_or_default();
    let own_command = command.iter().any(|word| word == "--");
    let code = state.exit_code.unwrap_or_default();
    Ok((began && state.running == Some(false)).then_some(Ended { code, own_command, output: Vec::new() }))
}

async fn log(engine: &Engine, container: &str) -> Result<String, CallError> {
    // One more than is kept: the probe's answer may be among them.
    let options = LogsOptionsBuilder::default().stdout(true).stderr(true).tail(&(LINES + 1).to_string()).build();
    let mut stream = Box::pin(engine.docker.logs(container, Some(options)));
    let mut bytes = Vec::new();
    while let Some(part) = stream.next().await {
        match part.unless_absent(|| format!("read what `{container}` printed"))? {
            Some(part) => bytes.extend_from_slice(part.as_ref()),
            None => break,
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn last_lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let lines: Vec<_> = lines.filter(|line| serde_json::from_str::<ProbeReport>(line).is_err()).collect();
    lines[lines.len().saturating_sub(LINES)..].iter().map(|line| cut(&visible(line), COLUMNS)).collect()
}

#[cfg(test)]
mod tests;
