//! Requests of one sandbox that wait for somebody to decide.
//!
//! Whoever waits is woken when something changed, and looks for itself what that means for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::protocol::Held;
use super::sandbox::lock;

/// What waits, by the number of its connection.
#[derive(Debug, Default)]
pub struct Waiting {
    entries: Mutex<BTreeMap<u64, Entry>>,
}

#[derive(Debug)]
struct Entry {
    held: Held,
    /// Whether it goes through, once somebody has said so.
    word: Option<bool>,
    wake: Arc<Notify>,
}

impl Waiting {
    /// Adds a request; returns what wakes it, or nothing where `limit` wait already.
    pub fn enter(&self, held: Held, limit: usize) -> Option<Arc<Notify>> {
        let mut entries = lock(&self.entries);
        if entries.len() >= limit {
            return None;
        }
        let wake = Arc::new(Notify::new());
        entries.insert(held.connection, Entry { held, word: None, wake: Arc::clone(&wake) });
        Some(wake)
    }

    /// Removes the request of a connection.
    pub fn leave(&self, connection: u64) {
        lock(&self.entries).remove(&connection);
    }

    /// Returns what somebody said about the request of a connection.
    pub fn word(&self, connection: u64) -> Option<bool> {
        lock(&self.entries).get(&connection)?.word
    }

    /// Says of every request for this host and port whether it goes through. The first word counts.
    pub fn settle(&self, host: &str, port: u16, allow: bool) {
        for entry in lock(&self.entries).values_mut().filter(|entry| entry.held.host == host && entry.held.port == port)
        {
            entry.word.get_or_insert(allow);
            entry.wake.notify_one();
        }
    }

    /// Wakes every request: the policy is another one.
    pub fn wake(&self) {
        lock(&self.entries).values().for_each(|entry| entry.wake.notify_one());
    }

    /// Returns what waits.
    pub fn list(&self) -> Vec<Held> {
        lock(&self.entries).values().map(|entry| entry.held.clone()).collect()
    }
}
