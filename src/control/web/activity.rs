//! What happened lately, as the page shows it: requests over a day for each host, and the last entries of the log.
//!
//! Invariant: pure; however much happens, no more than [`HOSTS`] and [`RECENT`] are held.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use super::shown::Shown;
use crate::control::audit::event::{Decision, Held, Record, What};
use crate::control::audit::filter::Verdict;
use crate::control::audit::read::Seen;

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
}

impl Count {
    fn sum(self) -> u64 {
        self.allowed + self.refused
    }

    fn add(&mut self, other: Self) {
        self.allowed += other.allowed;
        self.refused += other.refused;
    }
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Happened {
    number: u64,
    time: u64,
    sandbox: Shown,
    kind: &'static str,
    verdict: Option<&'static str>,
    text: Shown,
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
    /// Counts an entry.
    pub(super) fn take(&mut self, seen: &Seen) {
        if let What::Decision(decision) = &seen.record.what {
            self.count(decision, seen.record.time);
        }
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(Happened::new(seen));
    }

    fn count(&mut self, decision: &Decision, time: u64) {
        if self.hosts.len() == HOSTS && !self.hosts.contains_key(&decision.host) {
            let oldest = self.hosts.iter().min_by_key(|(_, host)| host.last).map(|(name, _)| name.clone());
            oldest.and_then(|name| self.hosts.remove(&name));
        }
        let host = self.hosts.entry(decision.host.clone()).or_default();
        host.last = host.last.max(time);
        let (allowed, refused) = if decision.allowed { (1, 0) } else { (0, 1) };
        host.slots.entry(time / SLOT).or_default().add(Count { allowed, refused });
        if host.slots.len() as u64 > SLOTS {
            host.slots.pop_first();
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
    fn new(Seen { record, connected, .. }: &Seen) -> Self {
        let sandbox = record.sandbox.as_ref();
        let name = sandbox.map_or("", |sandbox| if sandbox.name.is_empty() { &sandbox.id } else { &sandbox.name });
        let verdict = Verdict::of(&record.what).map(|verdict| match verdict {
            Verdict::Allowed => "allowed",
            Verdict::Refused => "refused",
            Verdict::Failed => "failed",
        });
        Self {
            number: record.number,
            time: record.time,
            sandbox: Shown::new(name),
            kind: record.what.kind(),
            verdict,
            text: Shown::new(&text(record, connected.as_ref())),
        }
    }
}

fn text(record: &Record, connected: Option<&(String, u16)>) -> String {
    match &record.what {
        What::Decision(Decision { method, host, port, reason, rule, .. }) => {
            let rule = if rule.is_empty() { String::new() } else { format!(", rule {rule}") };
            format!("{method} {host}:{port}, {reason}{rule}")
        }
        What::Held(Held { method, host, port, .. }) => format!("{method} {host}:{port}"),
        other => {
            let place = connected.map(|(host, port)| format!("{host}:{port} ")).unwrap_or_default();
            // The entry as it is kept, without the word for its kind.
            let value = serde_json::to_value(other).unwrap_or_default();
            let inner = value.as_object().and_then(|object| object.values().next()).unwrap_or(&value);
            format!("{place}{inner}")
        }
    }
}

#[cfg(test)]
mod tests;
