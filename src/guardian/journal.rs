//! Events: numbered, kept until a client has acknowledged them, sent again to the next client.
//!
//! Nobody keeps events for good in this version, so a full journal forgets its oldest and declares the gap.
//! Invariant: pure. Numbers never repeat within an epoch, and every missing number lies in a declared gap.

use std::collections::VecDeque;

use super::protocol::{Event, Happening};

/// Most events that are kept.
pub const CAPACITY: usize = 4096;
/// Bytes that are on their way to a client without being acknowledged, at most: above 1.2 MiB an attached client that
/// does not read blocks the engine (measured on Engine 26.1).
pub const WINDOW: usize = 256 << 10;

/// Events that nobody has acknowledged yet.
#[derive(Debug, Default)]
pub struct Journal {
    events: VecDeque<Event>,
    /// Number of the newest event.
    last: u64,
    /// Number of the newest event that is known to be kept elsewhere.
    acknowledged: u64,
    lost: u64,
    /// Number of the newest event that was sent to the present client.
    sent: u64,
    /// What was sent and not acknowledged: number and size.
    flying: VecDeque<(u64, usize)>,
    flying_bytes: usize,
}

impl Journal {
    /// Adds an event and returns its number.
    pub fn record(&mut self, time: u64, sandbox: &str, what: Happening) -> u64 {
        if self.events.len() >= CAPACITY {
            self.lost += u64::from(self.events.pop_front().is_some());
        }
        self.last += 1;
        self.events.push_back(Event { number: self.last, time, sandbox: sandbox.to_owned(), what });
        self.last
    }

    /// Begins with a new client, which has seen everything up to `acknowledged`.
    pub fn greet(&mut self, acknowledged: u64) {
        self.acknowledge(acknowledged);
        self.flying.clear();
        self.flying_bytes = 0;
        self.sent = self.acknowledged;
    }

    /// Forgets events that are kept elsewhere. Numbers from the future are ignored.
    pub fn acknowledge(&mut self, number: u64) {
        if number > self.last {
            return;
        }
        self.acknowledged = self.acknowledged.max(number);
        self.sent = self.sent.max(self.acknowledged);
        while self.events.front().is_some_and(|event| event.number <= number) {
            self.events.pop_front();
        }
        while let Some((_, bytes)) = self.flying.pop_front_if(|(flying, _)| *flying <= number) {
            self.flying_bytes -= bytes;
        }
    }

    /// Returns the next event for the client, or the gap in front of it; `None` when there is none or the window is full.
    pub fn next(&self) -> Option<Event> {
        if self.flying_bytes >= WINDOW {
            return None;
        }
        let first = self.events.front()?;
        let wanted = self.sent + 1;
        if wanted < first.number {
            let what = Happening::Gap { lost: first.number - wanted };
            return Some(Event { number: first.number - 1, time: first.time, sandbox: String::new(), what });
        }
        let position = usize::try_from(wanted - first.number).ok()?;
        self.events.get(position).cloned()
    }

    /// Notes that the event of this number went out as so many bytes.
    pub fn sent(&mut self, number: u64, bytes: usize) {
        self.sent = number;
        self.flying.push_back((number, bytes));
        self.flying_bytes += bytes;
    }

    /// Returns the number of the newest event.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Returns how many events were lost.
    pub fn lost(&self) -> u64 {
        self.lost
    }
}

#[cfg(test)]
mod tests;
