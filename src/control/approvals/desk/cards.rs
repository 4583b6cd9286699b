//! The cards of the desk, and the ways to find one without a look at the others: what waits costs what comes nothing.
//!
//! Invariant: the ways agree with the cards; nobody else changes who asks, for which host, and which connections wait.

use std::collections::{BTreeMap, BTreeSet};

use super::super::card::{Asked, Card, CardId, Connection, HostAsk};
use super::CONNECTIONS;
use crate::policy::host::Host;

/// Every card, in the order of their numbers.
#[derive(Debug, Default)]
pub(super) struct Cards {
    all: BTreeMap<CardId, Card>,
    /// By sandbox; none is empty.
    own: BTreeMap<String, Own>,
}

/// Those of one sandbox.
#[derive(Debug, Default)]
struct Own {
    ids: BTreeSet<CardId>,
    hosts: BTreeMap<Host, CardId>,
    /// By the number of a connection that waits.
    waiting: BTreeMap<u64, CardId>,
}

impl Cards {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Card> {
        self.all.values()
    }

    pub(super) fn get(&self, id: CardId) -> Option<&Card> {
        self.all.get(&id)
    }

    /// Returns the cards of a sandbox.
    pub(super) fn of(&self, sandbox: &str) -> impl Iterator<Item = &Card> {
        self.own.get(sandbox).into_iter().flat_map(|own| &own.ids).filter_map(|id| self.all.get(id))
    }

    pub(super) fn count_of(&self, sandbox: &str) -> usize {
        self.own.get(sandbox).map_or(0, |own| own.ids.len())
    }

    /// Returns the card of a sandbox that is about a host.
    pub(super) fn about(&self, sandbox: &str, host: &Host) -> Option<&Card> {
        self.all.get(self.own.get(sandbox)?.hosts.get(host)?)
    }

    /// Returns a card whose times, ports, texts and tickets may be changed.
    pub(super) fn change(&mut self, id: CardId) -> Option<&mut Card> {
        self.all.get_mut(&id)
    }

    /// The same of all of them.
    pub(super) fn change_all(&mut self) -> impl Iterator<Item = &mut Card> {
        self.all.values_mut()
    }

    pub(super) fn add(&mut self, card: Card) {
        if let Asked::Host(ask) = &card.what {
            ask.waiting.iter().for_each(|held| _ = self.release(&card.subject.sandbox, held.number));
        }
        let own = self.own.entry(card.subject.sandbox.clone()).or_default();
        own.ids.insert(card.id);
        if let Asked::Host(ask) = &card.what {
            own.hosts.insert(ask.host.clone(), card.id);
            own.waiting.extend(ask.waiting.iter().map(|held| (held.number, card.id)));
        }
        self.all.insert(card.id, card);
    }

    pub(super) fn remove(&mut self, id: CardId) -> Option<Card> {
        let card = self.all.remove(&id)?;
        if let Some(own) = self.own.get_mut(&card.subject.sandbox) {
            own.ids.remove(&id);
            if let Asked::Host(ask) = &card.what {
                own.hosts.remove(&ask.host);
                ask.waiting.iter().for_each(|held| _ = own.waiting.remove(&held.number));
            }
            if own.ids.is_empty() {
                self.own.remove(&card.subject.sandbox);
            }
        }
        Some(card)
    }

    /// A connection waits for the answer to a card and to no other, if there is room to remember it.
    pub(super) fn wait(&mut self, id: CardId, connection: Connection) {
        let Some(sandbox) = self.all.get(&id).map(|card| card.subject.sandbox.clone()) else { return };
        self.release(&sandbox, connection.number);
        let Some(card) = self.all.get_mut(&id) else { return };
        let Some(own) = self.own.get_mut(&sandbox) else { return };
        if let Some(ask) = host_ask(card)
            && ask.waiting.len() < CONNECTIONS
        {
            ask.waiting.insert(connection);
            own.waiting.insert(connection.number, id);
        }
    }

    /// A connection of a sandbox waits no more; returns whether it did.
    pub(super) fn release(&mut self, sandbox: &str, connection: u64) -> bool {
        let found = self.own.get_mut(sandbox).and_then(|own| own.waiting.remove(&connection));
        let ask = found.and_then(|id| self.all.get_mut(&id)).and_then(host_ask);
        ask.map(|ask| ask.waiting.retain(|held| held.number != connection)).is_some()
    }

    /// No connection waits any more.
    pub(super) fn release_all(&mut self) {
        let waited = self.own.values_mut().flat_map(|own| std::mem::take(&mut own.waiting));
        for (_, id) in waited {
            self.all.get_mut(&id).and_then(host_ask).into_iter().for_each(|ask| ask.waiting.clear());
        }
    }

    /// Whether the ways agree with the cards.
    #[cfg(test)]
    pub(super) fn agree(&self) -> bool {
        let found = |card: &Card| match &card.what {
            Asked::Host(ask) => {
                let about = self.about(&card.subject.sandbox, &ask.host).map(|card| card.id);
                about == Some(card.id)
                    && ask
                        .waiting
                        .iter()
                        .all(|held| self.own[&card.subject.sandbox].waiting.get(&held.number) == Some(&card.id))
            }
            Asked::Other(_) => self.of(&card.subject.sandbox).any(|own| own.id == card.id),
        };
        let waiting = |card: &Card| if let Asked::Host(ask) = &card.what { ask.waiting.len() } else { 0 };
        let ids: usize = self.own.values().map(|own| own.ids.len()).sum();
        let waits: usize = self.own.values().map(|own| own.waiting.len()).sum();
        let is_used = |own: &Own| !own.ids.is_empty() && own.hosts.len() <= own.ids.len();
        self.iter().all(found)
            && (ids, waits) == (self.len(), self.iter().map(waiting).sum())
            && self.own.values().all(is_used)
    }
}

fn host_ask(card: &mut Card) -> Option<&mut HostAsk> {
    match &mut card.what {
        Asked::Host(ask) => Some(ask),
        Asked::Other(_) => None,
    }
}
