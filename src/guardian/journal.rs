//! Events: numbered, kept until a client has acknowledged them, sent again to the next client.
//!
//! Until somebody has kept events for good, a full journal forgets the oldest of whoever has the most in it, and declares
//! the gap: a sandbox that has less than its share loses nothing to the others. From then on it forgets nothing: whoever
//! wants to begin something reserves places for its events first, shared as [`is_fair`] says.
//! Invariant: pure. Numbers never repeat within an epoch, and every missing number lies in a declared gap.

use std::collections::{BTreeMap, VecDeque};

use super::limits::is_fair;
use super::protocol::{Event, Happening};

/// Most events that are kept, of all sandboxes together; places that are reserved count as well.
pub const CAPACITY: usize = 8192;
/// What an event takes at most: two names of 253 characters and a few short texts, each with its share of the allocator.
pub const EVENT_BYTES: usize = 1 << 10;
/// Bytes that are on their way to a client without being acknowledged, at most: above 1.2 MiB an attached client that
/// does not read blocks the engine (measured on Engine 26.1).
pub const WINDOW: usize = 256 << 10;

/// Events that nobody has acknowledged yet.
#[derive(Debug, Default)]
pub struct Journal {
    /// By sandbox, each in the order of the numbers; none is empty.
    queues: BTreeMap<String, VecDeque<Event>>,
    kept: usize,
    /// Places for events that will come, by sandbox; none is 0.
    reserved: BTreeMap<String, usize>,
    all_reserved: usize,
    /// Whether nothing is forgotten any more.
    faithful: bool,
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
        self.last += 1;
        let event = Event { number: self.last, time, sandbox: sandbox.to_owned(), what };
        self.queues.entry(sandbox.to_owned()).or_default().push_back(event);
        self.kept += 1;
        if self.kept > CAPACITY && !self.faithful {
            self.forget_one();
        }
        self.last
    }

    /// Never forgets an event from here on that nobody has acknowledged.
    pub fn forget_nothing(&mut self) {
        self.faithful = true;
    }

    /// Reserves places for events of a sandbox, to be given back before they are recorded; returns whether there were any. As long as events are forgotten there are.
    pub fn reserve(&mut self, sandbox: &str, places: usize) -> bool {
        if self.faithful && !self.has_room(sandbox, places) {
            return false;
        }
        *self.reserved.entry(sandbox.to_owned()).or_default() += places;
        self.all_reserved += places;
        true
    }

    fn has_room(&self, sandbox: &str, places: usize) -> bool {
        let own = self.queues.get(sandbox).map_or(0, VecDeque::len) + self.reserved.get(sandbox).copied().unwrap_or(0);
        is_fair(own + places, self.kept + self.all_reserved + places, CAPACITY)
    }

    /// Gives places back that were reserved.
    pub fn release(&mut self, sandbox: &str, places: usize) {
        let Some(own) = self.reserved.get_mut(sandbox) else { return };
        let places = places.min(*own);
        *own -= places;
        self.all_reserved -= places;
        if *own == 0 {
            self.reserved.remove(sandbox);
        }
    }

    /// Forgets the oldest event of the sandbox that has the most.
    fn forget_one(&mut self) {
        if let Some(queue) = self.queues.values_mut().max_by_key(|queue| queue.len()) {
            queue.pop_front();
            self.kept -= 1;
            self.lost += 1;
        }
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
        for queue in self.queues.values_mut() {
            queue.drain(..queue.partition_point(|event| event.number <= number));
        }
        self.queues.retain(|_, queue| !queue.is_empty());
        self.kept = self.queues.values().map(VecDeque::len).sum();
        while let Some((_, bytes)) = self.flying.pop_front_if(|(flying, _)| *flying <= number) {
            self.flying_bytes -= bytes;
        }
    }

    /// Returns the next event for the client, or the gap in front of it; `None` when there is none or the window is full.
    pub fn next(&self) -> Option<Event> {
        if self.flying_bytes >= WINDOW {
            return None;
        }
        let unsent = |queue: &'_ VecDeque<Event>| queue.partition_point(|event| event.number <= self.sent);
        let firsts = self.queues.values().filter_map(|queue| queue.get(unsent(queue)));
        let next = firsts.min_by_key(|event| event.number)?;
        let missing = next.number - self.sent - 1;
        if missing > 0 {
            let what = Happening::Gap { lost: missing };
            return Some(Event { number: next.number - 1, time: next.time, sandbox: String::new(), what });
        }
        Some(next.clone())
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
