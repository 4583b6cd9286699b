//! What happened lately, as the page shows it: requests over a day for each host, and the last entries of the log.
//!
//! Invariant: pure; however much happens, no more than [`HOSTS`] and [`RECENT`] are held.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use time::UtcOffset;

use super::shown::Shown;
use crate::control::audit::event::{Decision, What};
use crate::control::audit::read::Seen;
use crate::control::audit::told::{Told, told};
use crate::ui::style::Role;

/// How long a bar stands for, in milliseconds.
const SLOT: u64 = 30 * 60 * 1000;
/// Bars of a plot: a day.
const SLOTS: u64 = 48;
/// Most hosts that are counted; the one that was asked for longest ago makes place.
const HOSTS: usize = 500;
/// Most hosts that are shown.
const PLOTS: usize = 50;
/// Entries of the log that are held.
const RECENT: usize = 500;
/// Width of a bar in pixels, with what is between two.
const WIDTH: u64 = 4;
/// Height of a plot in pixels.
const HEIGHT: u64 = 28;

/// What was counted so far.
#[derive(Debug, Default)]
pub(super) struct Activity {
    hosts: BTreeMap<String, Host>,
    recent: VecDeque<Happened>,
}

#[derive(Debug, Default)]
struct Host {
    slots: BTreeMap<u64, Count>,
    last: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
struct Count {
    allowed: u64,
    refused: u64,
    /// What was allowed and did not answer.
    failed: u64,
}

impl Count {
    fn sum(self) -> u64 {
        self.allowed + self.refused + self.failed
    }

    fn add(&mut self, other: Self) {
        self.allowed += other.allowed;
        self.refused += other.refused;
        self.failed += other.failed;
    }
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Happened {
    number: u64,
    time: u64,
    sandbox: Shown,
    /// The word that says what happened.
    word: &'static str,
    /// `allow`, `deny`, or nothing of either.
    tone: &'static str,
    text: Shown,
    /// The entry as it is kept.
    entry: Shown,
}

/// Everything that is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct View {
    all: Plot,
    hosts: Vec<Line>,
    /// How many hosts are left out.
    more: usize,
    /// The last entries, the newest first.
    recent: Vec<Happened>,
}

/// A host with its plot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Line {
    host: Shown,
    plot: Plot,
    last: u64,
}

/// A day in bars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Plot {
    width: u64,
    height: u64,
    count: Count,
    /// Most requests in one bar.
    most: u64,
    bars: Vec<Bar>,
}

/// A bar: refused ones stand on allowed ones. In pixels from the upper left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Bar {
    x: u64,
    width: u64,
    allowed_y: u64,
    allowed: u64,
    refused_y: u64,
    refused: u64,
}

impl Activity {
    /// Counts an entry; its times are told in this offset.
    pub(super) fn take(&mut self, seen: &Seen, offset: UtcOffset) {
        match (&seen.record.what, &seen.connected) {
            (What::Decision(decision), _) => self.count(decision, seen.record.time),
            (What::Failed(_), Some((host, _))) => self.count_failed(host, seen.record.time),
            _ => {}
        }
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(Happened::new(seen, offset));
    }

    fn count(&mut self, decision: &Decision, time: u64) {
        if self.hosts.len() == HOSTS && !self.hosts.contains_key(&decision.host) {
            let oldest = self.hosts.iter().min_by_key(|(_, host)| host.last).map(|(name, _)| name.clone());
            oldest.and_then(|name| self.hosts.remove(&name));
        }
        let host = self.hosts.entry(decision.host.clone()).or_default();
        host.last = host.last.max(time);
        let (allowed, refused) = if decision.allowed { (1, 0) } else { (0, 1) };
        host.slots.entry(time / SLOT).or_default().add(Count { allowed, refused, failed: 0 });
        if host.slots.len() as u64 > SLOTS {
            host.slots.pop_first();
        }
    }

    /// What was allowed did not answer: it counts as neither allowed nor refused.
    fn count_failed(&mut self, host: &str, time: u64) {
        let Some(host) = self.hosts.get_mut(host) else { return };
        let count = host.slots.entry(time / SLOT).or_default();
        count.failed += 1;
        // It may have been allowed just before this half hour began.
        let slots = &mut host.slots;
        if let Some((_, before)) = slots.iter_mut().rev().find(|(_, count)| count.allowed > 0) {
            before.allowed -= 1;
        }
    }

    /// Returns what is shown of the day that ends now.
    pub(super) fn view(&self, now: u64) -> View {
        let first = (now / SLOT + 1).saturating_sub(SLOTS);
        let mut all = BTreeMap::<u64, Count>::new();
        let mut hosts = Vec::new();
        for (name, host) in &self.hosts {
            for (slot, count) in host.slots.range(first..) {
                all.entry(*slot).or_default().add(*count);
            }
            let plot = Plot::new(&host.slots, first);
            if plot.count.sum() > 0 {
                hosts.push(Line { host: Shown::new(name), plot, last: host.last });
            }
        }
        hosts.sort_by_key(|line| std::cmp::Reverse(line.plot.count.sum()));
        let more = hosts.len().saturating_sub(PLOTS);
        hosts.truncate(PLOTS);
        View { all: Plot::new(&all, first), hosts, more, recent: self.recent.iter().rev().cloned().collect() }
    }
}

impl Plot {
    fn new(slots: &BTreeMap<u64, Count>, first: u64) -> Self {
        let shown = || slots.range(first..first + SLOTS);
        let most = shown().map(|(_, count)| count.sum()).max().unwrap_or(0);
        let mut count = Count::default();
        shown().for_each(|(_, one)| count.add(*one));
        let bars = shown().map(|(slot, count)| Bar::new(slot - first, *count, most)).collect();
        Self { width: SLOTS * WIDTH, height: HEIGHT, count, most, bars }
    }
}

impl Bar {
    fn new(at: u64, count: Count, most: u64) -> Self {
        // What happened at all is seen, however little it is beside the most.
        let pixels = |number: u64| if number == 0 { 0 } else { (number * (HEIGHT - 1) / most.max(1)).max(1) };
        let (allowed, refused) = (pixels(count.allowed), pixels(count.refused));
        let allowed_y = HEIGHT - allowed;
        Self { x: at * WIDTH, width: WIDTH - 1, allowed_y, allowed, refused_y: allowed_y - refused, refused }
    }
}

impl Happened {
    fn new(seen: &Seen, offset: UtcOffset) -> Self {
        let Seen { record, line, .. } = seen;
        let sandbox = record.sandbox.as_ref();
        let name = sandbox.map_or("", |sandbox| if sandbox.name.is_empty() { &sandbox.id } else { &sandbox.name });
        let Told { role, word, text } = told(seen, offset);
        let tone = match role {
            Role::Good => "allow",
            Role::Bad => "deny",
            _ => "",
        };
        Self {
            number: record.number,
            time: record.time,
            sandbox: Shown::new(name),
            word,
            tone,
            text: Shown::new(&text),
            entry: Shown::new(line),
        }
    }
}

#[cfg(test)]
mod tests;
