//! Where connections go. A guardian says so once, when it decides; what comes after has the number of the connection alone.
//!
//! Invariant: pure, and of bounded size.

use std::collections::BTreeMap;

use super::event::{Record, What};

/// Most connections that are followed at once; a guardian has fewer.
const LIMIT: usize = 1 << 16;

/// Open connections of the life of a guardian that was heard of last.
#[derive(Debug, Default)]
pub(super) struct Connections {
    epoch: String,
    open: BTreeMap<u64, (String, u16)>,
}

impl Connections {
    /// Takes note of an entry; returns where its connection goes, if it does not say so itself and that is known.
    pub(super) fn follow(&mut self, record: &Record) -> Option<(String, u16)> {
        let epoch = &record.origin.as_ref()?.epoch;
        if *epoch != self.epoch {
            self.epoch.clone_from(epoch);
            self.open.clear();
        }
        match &record.what {
            What::Decision(decision) => {
                // A connection's next request may go elsewhere.
                self.open.remove(&decision.connection);
                if decision.allowed && self.open.len() < LIMIT {
                    self.open.insert(decision.connection, (decision.host.clone(), decision.port));
                }
                None
            }
            What::Failed(failed) => self.open.get(&failed.connection).cloned(),
            What::Closed(closed) => self.open.remove(&closed.connection),
            _ => None,
        }
    }
}
