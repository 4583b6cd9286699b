//! How far the log has the events of each of the latest lives of guardians.

use std::collections::BTreeMap;

/// Lives that are remembered. One guardian serves a state folder, and builds have theirs for minutes.
const LIMIT: usize = 16;

/// Numbers of last events by epoch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Guardians {
    /// The one that was heard of last is the last.
    order: Vec<(String, u64)>,
}

impl Guardians {
    pub(super) fn last(&self, epoch: &str) -> u64 {
        self.order.iter().rev().find(|(known, _)| known == epoch).map_or(0, |(_, event)| *event)
    }

    pub(super) fn set(&mut self, epoch: String, event: u64) {
        if let Some((_, last)) = self.order.last_mut().filter(|(known, _)| *known == epoch) {
            *last = event;
            return;
        }
        self.order.retain(|(known, _)| *known != epoch);
        self.order.push((epoch, event));
        let surplus = self.order.len().saturating_sub(LIMIT);
        self.order.drain(..surplus);
    }

    pub(super) fn latest(&self) -> BTreeMap<String, u64> {
        self.order.iter().cloned().collect()
    }
}
