//! Lifecycle commands, in order, inside the sandbox. Each property runs once for each container, `postAttach` at each
//! start; the first that fails holds the later ones back, and is tried again at the next start.

use futures_util::future::join_all;

use super::connect::Engine;
use super::exec::{ExecError, Process, lines};
use super::lease::Lease;
use super::receipt::Receipt;
use super::state::{StateError, StateFolder};
use crate::host::signals::Signals;
use crate::plan::model::{Hook, HookStatus, Place};

/// The one property that runs at every start.
const EVERY_TIME: &str = "postAttach";

/// Why the lifecycle commands did not all run.
#[derive(Debug, thiserror::Error)]
pub enum LifecycleError {
    /// One ended badly.
    #[error("{hook}Command{} ended with exit code {code}: `{command}`", named(.name))]
    Failed {
        /// The property, without `Command`.
        hook: String,
        /// Key of the object form; empty otherwise.
        name: String,
        /// Its exit code.
        code: u8,
        /// What it ran.
        command: String,
    },
    /// The user asked twice for its end.
    #[error("interrupted; {hook}Command was killed")]
    Killed {
        /// The property, without `Command`.
        hook: String,
    },
    /// The user asked for an end before one began.
    #[error("interrupted before {hook}Command ran")]
    Interrupted {
        /// The property, without `Command`.
        hook: String,
    },
    /// One could not be run at all.
    #[error("could not run {hook}Command")]
    Exec {
        /// The property, without `Command`.
        hook: String,
        /// Why.
        #[source]
        source: ExecError,
    },
    /// What has run cannot be written down.
    #[error(transparent)]
    State(#[from] StateError),
}

impl LifecycleError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Failed { .. } | Self::Killed { .. } | Self::Interrupted { .. } | Self::Exec { .. } => Some(
                "the sandbox runs: look around with `cloister exec -- sh`; the next `cloister start` tries it again"
                    .to_owned(),
            ),
            Self::State(error) => error.hint(),
        }
    }
}

fn named(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" \"{}\"", name.escape_debug()) }
}

/// Runs what has not run in this container, and writes down what has.
///
/// # Errors
/// A command fails, or cannot be run.
pub async fn run(
    engine: &Engine,
    state: &StateFolder,
    receipt: &mut Receipt,
    hooks: &[Hook],
    signals: &mut Signals,
) -> Result<(), LifecycleError> {
    for property in properties(hooks, false) {
        let key = format!("{}#{}", property[0].hook, property[0].group);
        if receipt.hooks_done.contains(&key) {
            continue;
        }
        if signals.waiting().is_some() {
            return Err(LifecycleError::Interrupted { hook: property[0].hook.clone() });
        }
        run_property(engine, state, receipt, &property, signals).await?;
        if property[0].hook != EVERY_TIME {
            receipt.hooks_done.insert(key);
            state.save(receipt)?;
        }
    }
    Ok(())
}

/// Runs the commands of the set-up phase, in the container and with the defaults of this receipt.
///
/// # Errors
/// A command fails, or cannot be run.
pub async fn set_up(
    engine: &Engine,
    state: &StateFolder,
    receipt: &Receipt,
    hooks: &[Hook],
    signals: &mut Signals,
) -> Result<(), LifecycleError> {
    for property in properties(hooks, true) {
        run_property(engine, state, receipt, &property, signals).await?;
    }
    Ok(())
}

/// Returns what runs inside, in the set-up phase or in the sandbox, one property after the other.
fn properties(hooks: &[Hook], setup: bool) -> Vec<Vec<&Hook>> {
    let runs = |hook: &&Hook| hook.place == Place::Container && hook.status == HookStatus::Run;
    let inside = hooks.iter().filter(runs).filter(|hook| hook.setup == setup);
    let mut properties: Vec<Vec<&Hook>> = Vec::new();
    for hook in inside {
        match properties.last_mut() {
            Some(last) if last[0].hook == hook.hook && last[0].group == hook.group => last.push(hook),
            _ => properties.push(vec![hook]),
        }
    }
    properties
}

/// The object form: side by side, and all of them come to their end.
async fn run_property(
    engine: &Engine,
    state: &StateFolder,
    receipt: &Receipt,
    property: &[&Hook],
    signals: &mut Signals,
) -> Result<(), LifecycleError> {
    // Each of them hears every signal.
    let mut ears = vec![signals.clone(); property.len()];
    let running = property.iter().zip(&mut ears).map(|(hook, ears)| run_one(engine, state, receipt, hook, ears));
    let results = join_all(running).await;
    ears.iter().for_each(|ears| signals.merge(ears));
    results.into_iter().collect()
}

async fn run_one(
    engine: &Engine,
    state: &StateFolder,
    receipt: &Receipt,
    hook: &Hook,
    signals: &mut Signals,
) -> Result<(), LifecycleError> {
    let failed = |source| LifecycleError::Exec { hook: hook.hook.clone(), source };
    let lease = Lease::take(state, &receipt.id).map_err(|error| failed(error.into()))?;
    let process = Process::new(hook.command.clone(), &receipt.process);
    let process = Process { user: hook.user.clone(), mark: Some(lease.mark.clone()), ..process };
    let container = receipt.container.as_deref().unwrap_or_default();
    let name = Some(hook.name.as_str()).filter(|name| !name.is_empty());
    let code = lines::run(engine, container, &process, name, signals).await;
    match code.map_err(failed)? {
        None => Err(LifecycleError::Killed { hook: hook.hook.clone() }),
        Some(0) => Ok(()),
        Some(code) => Err(LifecycleError::Failed {
            hook: hook.hook.clone(),
            name: hook.name.clone(),
            code,
            command: shown(&hook.command),
        }),
    }
}

/// The command as a person knows it, on one line.
fn shown(command: &[String]) -> String {
    let words = match command {
        [shell, flag, text] if shell == "/bin/sh" && flag == "-c" => text.clone(),
        words => words.join(" "),
    };
    words.escape_debug().to_string()
}

#[cfg(test)]
mod tests;
