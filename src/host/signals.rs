//! What asks this program to end: heard by one listener for as long as the program does its work, so that nothing is
//! lost between two parts of it.

use std::io;
use std::path::Path;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::file;

/// A request to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Somebody pressed Ctrl-C.
    Interrupt,
    /// Somebody pressed Ctrl-\.
    Quit,
    /// Somebody said so.
    Terminate,
    /// The terminal was closed.
    HangUp,
}

/// Most bytes of what the kernel says of this process.
const STATUS_LIMIT: u64 = 64 << 10;
/// In the order in which they are taken.
const ALL: [Stop; 4] = [Stop::Interrupt, Stop::Quit, Stop::Terminate, Stop::HangUp];

impl Stop {
    /// Returns the signal's name, without `SIG`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "INT",
            Self::Quit => "QUIT",
            Self::Terminate => "TERM",
            Self::HangUp => "HUP",
        }
    }

    /// Tells whether it is in a set, whose lowest bit is signal 1.
    fn is_in(self, set: u64) -> bool {
        u32::try_from(self.kind().as_raw_value() - 1).is_ok_and(|bit| set >> bit & 1 == 1)
    }

    fn kind(self) -> SignalKind {
        match self {
            Self::Interrupt => SignalKind::interrupt(),
            Self::Quit => SignalKind::quit(),
            Self::Terminate => SignalKind::terminate(),
            Self::HangUp => SignalKind::hangup(),
        }
    }
}

/// What was heard, and how much of it was taken. Of two clones, each takes what comes later for itself.
#[derive(Debug, Clone)]
pub struct Signals {
    heard: watch::Receiver<[u32; 4]>,
    taken: [u32; 4],
}

impl Signals {
    /// Begins to listen; from now on none of these signals ends the program by itself. What whoever started it had it
    /// ignore, as `nohup` does, is not heard.
    ///
    /// # Errors
    /// The kernel does not let it.
    pub fn listen() -> io::Result<Self> {
        let (sender, heard) = watch::channel([0_u32; 4]);
        // Without an answer every signal is heard.
        let ignored = ignored(&file::read_text(Path::new("/proc/self/status"), STATUS_LIMIT).unwrap_or_default());
        for (at, stop) in ALL.into_iter().enumerate().filter(|(_, stop)| !stop.is_in(ignored)) {
            let (mut signal, sender) = (signal(stop.kind())?, sender.clone());
            tokio::spawn(async move {
                while signal.recv().await.is_some() {
                    sender.send_modify(|counts| counts[at] = counts[at].saturating_add(1));
                }
            });
        }
        Ok(Self { heard, taken: [0; 4] })
    }

    /// Takes what was heard and not taken yet.
    pub fn waiting(&mut self) -> Option<Stop> {
        let heard = *self.heard.borrow_and_update();
        let at = heard.iter().zip(&self.taken).position(|(heard, taken)| heard > taken)?;
        self.taken[at] += 1;
        Some(ALL[at])
    }

    /// Gives one back that nobody could be told of.
    pub fn give_back(&mut self, stop: Stop) {
        if let Some(at) = ALL.iter().position(|one| *one == stop) {
            self.taken[at] = self.taken[at].saturating_sub(1);
        }
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Stop {
        loop {
            if let Some(stop) = self.waiting() {
                return stop;
            }
            if self.heard.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Counts as taken what a clone has taken.
    pub fn merge(&mut self, clone: &Self) {
        for (own, other) in self.taken.iter_mut().zip(clone.taken) {
            *own = other.max(*own);
        }
    }
}

/// The set of signals that a process ignores, as its status says it (proc_pid_status(5)).
fn ignored(status: &str) -> u64 {
    let field = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    field.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
