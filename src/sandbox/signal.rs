#![expect(clippy::disallowed_methods, reason = "adapter: walks /proc")]
//! Signals for the processes of one `exec`: the engine's API cannot signal what it executed.
//!
//! Invariant: it finds processes of its own user only, by a mark in their initial environment. A process that hides
//! its mark is not found; it ends with the sandbox.

use std::fs;

use rustix::process::{Pid, Signal, getpid, kill_process};

use super::protocol::EXEC_MARK;

/// A process can fork between being listed and being killed: look again this often.
const ROUNDS: usize = 8;

/// A signal by its name, with or without `SIG`.
#[must_use]
pub fn parse(name: &str) -> Option<Signal> {
    match name.strip_prefix("SIG").unwrap_or(name) {
        "HUP" => Some(Signal::HUP),
        "INT" => Some(Signal::INT),
        "QUIT" => Some(Signal::QUIT),
        "KILL" => Some(Signal::KILL),
        "TERM" => Some(Signal::TERM),
        "USR1" => Some(Signal::USR1),
        "USR2" => Some(Signal::USR2),
        "CONT" => Some(Signal::CONT),
        "STOP" => Some(Signal::STOP),
        "TSTP" => Some(Signal::TSTP),
        "WINCH" => Some(Signal::WINCH),
        _ => None,
    }
}

/// Sends it to every process with the mark; returns to how many.
#[must_use]
pub fn send(mark: &str, signal: Signal) -> usize {
    let mut sent = 0;
    for _ in 0..ROUNDS {
        let found = marked(mark);
        sent += found.iter().filter(|pid| kill_process(**pid, signal).is_ok()).count();
        if found.is_empty() || signal != Signal::KILL {
            break;
        }
    }
    sent
}

fn marked(mark: &str) -> Vec<Pid> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = processes.flatten().filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?));
    let me = getpid();
    pids.filter(|pid| *pid != me && *pid != Pid::INIT && has_mark(*pid, mark)).collect()
}

/// The file can be read for processes of the same user only.
fn has_mark(pid: Pid, mark: &str) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    carries(&environment, mark)
}

fn carries(environment: &[u8], mark: &str) -> bool {
    let wanted = format!("{EXEC_MARK}={mark}");
    !mark.is_empty() && environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
}

#[cfg(test)]
mod tests;
