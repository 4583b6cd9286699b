//! What happened so far, counted: for the page, and for whoever scrapes it. It is told of every entry of the audit log.
//!
//! Invariant: pure, and bounded however much happens: [`SANDBOXES`] are told apart, and of a connection that is open its
//! number alone is held.

mod text;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::audit::event::{Approval, Card, Entry, HostCommand, Origin, Outcome, Phase, Sandbox, What};

/// Most sandboxes that are told apart; of more, those that have nothing open are counted together.
pub const SANDBOXES: usize = 64;
/// Most open connections of a sandbox that are known by number; a guardian has fewer.
const OPEN: usize = 1 << 14;

/// What one sandbox sent and received since the control plane began. Bytes are counted when their connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Traffic {
    /// Connections that are open.
    pub open: u64,
    /// Connections that were opened.
    pub connections: u64,
    /// Requests that were allowed.
    pub allowed: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// Requests that were allowed, and whose destination did not answer.
    pub failed: u64,
    /// Bytes from the sandbox.
    pub sent: u64,
    /// Bytes to the sandbox.
    pub received: u64,
}

/// What is counted.
#[derive(Debug, Default)]
pub struct Tally {
    /// Life of the guardian whose events came last, and the last of them: what is told again is counted once.
    heard: Option<Origin>,
    sandboxes: BTreeMap<String, Counted>,
    /// Those that are not told apart any more.
    others: Counted,
    approvals: BTreeMap<(&'static str, &'static str), u64>,
    commands: BTreeMap<&'static str, u64>,
    /// Entries that were written into the log.
    pub written: u64,
    /// How often entries could not be written.
    pub unwritten: u64,
}

#[derive(Debug, Default)]
struct Counted {
    name: String,
    last: u64,
    open: BTreeSet<u64>,
    traffic: Traffic,
}

impl Tally {
    /// Counts an entry.
    pub fn take(&mut self, entry: &Entry) {
        if let Some(origin) = &entry.origin
            && !self.is_new(origin)
        {
            return;
        }
        match &entry.what {
            What::Approval(approval) => self.count_approval(approval),
            What::HostCommand(HostCommand { phase, .. }) => *self.commands.entry(command(phase)).or_default() += 1,
            what => {
                if let Some(sandbox) = &entry.sandbox {
                    self.counted(sandbox).take(what, entry.time);
                }
            }
        }
    }

    /// Returns what a sandbox sent and received.
    pub fn traffic(&self, sandbox: &str) -> Traffic {
        self.sandboxes.get(sandbox).map(Counted::traffic).unwrap_or_default()
    }

    /// Tells whether an event was not heard before. With another guardian, nothing of the one before is open.
    fn is_new(&mut self, origin: &Origin) -> bool {
        let before = self.heard.replace(origin.clone()).filter(|before| before.epoch == origin.epoch);
        match before {
            Some(before) if origin.event <= before.event => {
                self.heard = Some(before);
                false
            }
            Some(_) => true,
            None => {
                self.sandboxes.values_mut().chain([&mut self.others]).for_each(|counted| counted.open.clear());
                true
            }
        }
    }

    fn counted(&mut self, sandbox: &Sandbox) -> &mut Counted {
        if !self.sandboxes.contains_key(&sandbox.id) && self.sandboxes.len() >= SANDBOXES {
            let idle = self.sandboxes.iter().filter(|(_, counted)| counted.open.is_empty());
            let Some(oldest) = idle.min_by_key(|(_, counted)| counted.last).map(|(id, _)| id.clone()) else {
                return &mut self.others;
            };
            let oldest = self.sandboxes.remove(&oldest).unwrap_or_default();
            self.others.add(oldest.traffic);
        }
        let counted = self.sandboxes.entry(sandbox.id.clone()).or_default();
        if !sandbox.name.is_empty() {
            counted.name.clone_from(&sandbox.name);
        }
        counted
    }

    fn count_approval(&mut self, Approval { kind, outcome, .. }: &Approval) {
        let kind = match kind {
            Card::Host => "host",
            Card::HostCommand => "host-command",
            Card::Repository => "repository",
        };
        let outcome = match outcome {
            Outcome::Asked => "asked",
            Outcome::Allowed(_) => "allowed",
            Outcome::Denied(_) => "denied",
            Outcome::Expired => "expired",
            Outcome::Unasked(_) => "unasked",
            Outcome::Ended { .. } => "ended",
        };
        *self.approvals.entry((kind, outcome)).or_default() += 1;
    }
}

impl Counted {
    fn take(&mut self, what: &What, time: u64) {
        self.last = self.last.max(time);
        let Self { open, traffic, .. } = self;
        match what {
            What::Decision(decision) if decision.allowed => {
                traffic.allowed += 1;
                // A connection's next request is no other connection.
                if open.len() < OPEN && open.insert(decision.connection) {
                    traffic.connections += 1;
                }
            }
            What::Decision(_) => traffic.refused += 1,
            What::Failed(_) => traffic.failed += 1,
            What::Closed(closed) => {
                open.remove(&closed.connection);
                traffic.sent = traffic.sent.saturating_add(closed.sent);
                traffic.received = traffic.received.saturating_add(closed.received);
            }
            _ => {}
        }
    }

    fn traffic(&self) -> Traffic {
        Traffic { open: self.open.len() as u64, ..self.traffic }
    }

    fn add(&mut self, other: Traffic) {
        let Traffic { open: _, connections, allowed, refused, failed, sent, received } = other;
        let traffic = &mut self.traffic;
        traffic.connections += connections;
        traffic.allowed += allowed;
        traffic.refused += refused;
        traffic.failed += failed;
        traffic.sent = traffic.sent.saturating_add(sent);
        traffic.received = traffic.received.saturating_add(received);
    }
}

fn command(phase: &Phase) -> &'static str {
    match phase {
        Phase::Asked => "asked",
        Phase::Refused(_) => "refused",
        Phase::Started => "started",
        Phase::Ended { reason: Some(_), .. } => "stopped",
        Phase::Ended { signal: Some(_), .. } => "signal",
        Phase::Ended { code: Some(0), .. } => "succeeded",
        Phase::Ended { .. } => "failed",
    }
}

pub use text::Moment;

#[cfg(test)]
mod tests;
