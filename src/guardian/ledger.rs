//! What one sandbox did not reach lately: each destination once, with how often and when, so that somebody can look.
//!
//! Invariant: pure and bounded; a sandbox that asks for many destinations pushes out its own oldest ones only.

use super::protocol::Refused;
use super::reason::Reason;
use super::target::Target;

/// Most destinations that are kept.
pub const CAPACITY: usize = 20;

/// The destinations, in no order.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: Vec<Refused>,
    forgotten: u64,
}

impl Ledger {
    /// Counts a request at this time, in milliseconds since the Unix epoch.
    pub fn record(&mut self, time: u64, target: &Target, reason: Reason) {
        let (host, reason) = (target.name.to_string(), reason.as_str());
        let same = |entry: &&mut Refused| entry.host == host && entry.port == target.port && entry.reason == reason;
        if let Some(entry) = self.entries.iter_mut().find(same) {
            entry.count += 1;
            entry.last = time;
            return;
        }
        if self.entries.len() >= CAPACITY {
            let oldest = (0..self.entries.len()).min_by_key(|index| self.entries[*index].last).unwrap_or_default();
            self.forgotten += self.entries.swap_remove(oldest).count;
        }
        self.entries.push(Refused { host, port: target.port, reason: reason.to_owned(), count: 1, last: time });
    }

    /// Returns the destinations, the latest first.
    pub fn entries(&self) -> Vec<Refused> {
        let mut entries = self.entries.clone();
        entries.sort_by(|one, other| other.last.cmp(&one.last).then_with(|| one.host.cmp(&other.host)));
        entries
    }

    /// Returns how many requests were about destinations that had to make room.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

#[cfg(test)]
mod tests;
