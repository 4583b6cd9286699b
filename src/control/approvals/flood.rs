//! What keeps agents from wearing a person out: how much may wait, how fast it may come, and what is not asked again
//! (SEC-51). All of it is bounded, whatever an agent does.

use std::collections::BTreeMap;

/// Most cards of one sandbox.
pub const SANDBOX_CARDS: usize = 256;
/// Most cards of all sandboxes together, but for [`SHARE`].
pub const ALL_CARDS: usize = 1024;
/// Cards that a sandbox may always have, however many others have.
pub const SHARE: usize = 16;
/// How long something is not asked again after a person said no, in milliseconds.
pub const COOL_DOWN: u64 = 5 * 60 * 1000;
/// New cards of a sandbox that may come at once.
const BURST: u64 = 256;
/// Milliseconds after which one more may come.
const PACE: u64 = 2000;
/// Most things of one sandbox that are remembered as refused.
const REMEMBERED: usize = 1024;

/// Why nobody is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unasked {
    /// A person said no lately, and is not asked before this time.
    CoolDown(u64),
    /// Too much waits, or too much was asked lately.
    TooMany,
}

/// What was refused without asking, of one sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Because a person had said no lately.
    pub cooled: u64,
    /// Because too much waited, or came.
    pub flooded: u64,
}

/// What is known of each sandbox that asked something.
#[derive(Debug, Default)]
pub(super) struct Flood {
    sandboxes: BTreeMap<String, Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// Milliseconds until the whole burst is free again.
    used: u64,
    /// When `used` was true.
    at: u64,
    /// What a person refused, and until when it is not asked again.
    cooled: BTreeMap<String, u64>,
    counts: Counts,
}

impl Flood {
    /// Tells whether a person may be asked; `waiting` are the cards of the sandbox and of all together. Counts where not.
    pub(super) fn admit(&mut self, sandbox: &str, key: &str, waiting: [usize; 2], now: u64) -> Result<(), Unasked> {
        let known = self.sandboxes.entry(sandbox.to_owned()).or_default();
        if let Some(until) = known.cooled.get(key).copied().filter(|until| now < *until) {
            known.counts.cooled += 1;
            return Err(Unasked::CoolDown(until));
        }
        let [own, all] = waiting;
        let is_full = own >= SANDBOX_CARDS || (all >= ALL_CARDS && own >= SHARE);
        if is_full || !known.take(now) {
            known.counts.flooded += 1;
            return Err(Unasked::TooMany);
        }
        Ok(())
    }

    /// Remembers that a person said no.
    pub(super) fn cool(&mut self, sandbox: &str, key: String, now: u64) {
        let cooled = &mut self.sandboxes.entry(sandbox.to_owned()).or_default().cooled;
        cooled.retain(|_, until| now < *until);
        if cooled.len() >= REMEMBERED
            && let Some(oldest) = cooled.iter().min_by_key(|(_, until)| **until).map(|(key, _)| key.clone())
        {
            cooled.remove(&oldest);
        }
        cooled.insert(key, now + COOL_DOWN);
    }

    /// Counts something that was refused for another reason than its pace.
    pub(super) fn count_flooded(&mut self, sandbox: &str) {
        self.sandboxes.entry(sandbox.to_owned()).or_default().counts.flooded += 1;
    }

    /// Returns what was refused without asking.
    pub(super) fn counts(&self, sandbox: &str) -> Counts {
        self.sandboxes.get(sandbox).map(|known| known.counts).unwrap_or_default()
    }

    /// Forgets a sandbox.
    pub(super) fn forget(&mut self, sandbox: &str) {
        self.sandboxes.remove(sandbox);
    }
}

impl Known {
    /// Takes one of the burst, where one is left.
    fn take(&mut self, now: u64) -> bool {
        self.used = self.used.saturating_sub(now.saturating_sub(self.at));
        self.at = self.at.max(now);
        let fits = self.used + PACE <= BURST * PACE;
        self.used += if fits { PACE } else { 0 };
        fits
    }
}

#[cfg(test)]
mod tests;
