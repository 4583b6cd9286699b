//! Many rules, and the one that decides. One hash table, one look-up per label of the name.
//!
//! Invariant: an explicit deny wins over every allow, however exact; among rules of one kind one with `/raw` is named
//! first, because it opens more, then the one with the longest suffix.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::mem;
use std::net::IpAddr;
use std::num::{NonZeroU16, NonZeroU32};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry as Slot;

use super::host::Host;
use super::rule::{Pattern, Rule};

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Opens.
    Allow,
    /// Closes; wins.
    Deny,
}

/// How a destination is to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// A tunnel: `CONNECT`.
    Tunnel,
    /// Plain http.
    Plain,
}

/// What is asked for: a name or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A canonical name.
    Name(Host),
    /// An address in its usual form.
    Address(IpAddr),
}

/// What the rules say about a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// A rule opens it.
    Allowed(Rule),
    /// A rule closes it.
    Denied(Rule),
    /// A rule opens the host, but neither it nor another one opens this port.
    OtherPort(Rule),
    /// No rule is about it.
    Nothing,
}

/// A set of rules, ready for look-ups.
///
/// All suffixes are one text, and a rule's own text is put together again when it decides: a hundred thousand rules are
/// three pieces of memory and five megabytes. `SipHash` stays: the names that are looked up come from a sandbox.
#[derive(Debug, Clone, Default)]
pub struct RuleSet {
    /// Each suffix that a rule names, once.
    text: String,
    /// The newest entry of each suffix.
    suffixes: HashTable<u32>,
    hasher: RandomState,
    addresses: HashMap<IpAddr, u32>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    suffix: Suffix,
    next: Option<NonZeroU32>,
    port: Option<NonZeroU16>,
    reach: Reach,
    raw: bool,
    effect: Effect,
}

/// A part of the text of all suffixes; that of an address is empty.
#[derive(Debug, Clone, Copy, Default)]
struct Suffix {
    start: u32,
    length: u8,
}

impl Suffix {
    fn of(self, text: &str) -> &str {
        let start = self.start as usize;
        &text[start..start + usize::from(self.length)]
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Exact,
    Below,
    Tree,
}

impl RuleSet {
    /// Returns a set of allowing and denying rules.
    pub fn new<'a>(allow: impl IntoIterator<Item = &'a Rule>, deny: impl IntoIterator<Item = &'a Rule>) -> Self {
        let mut set = Self::default();
        allow.into_iter().for_each(|rule| set.insert(rule, Effect::Allow));
        deny.into_iter().for_each(|rule| set.insert(rule, Effect::Deny));
        set
    }

    /// Returns a set with room for so many rules.
    pub fn with_capacity(rules: usize) -> Self {
        Self { suffixes: HashTable::with_capacity(rules), entries: Vec::with_capacity(rules), ..Self::default() }
    }

    /// Adds a rule.
    pub fn insert(&mut self, rule: &Rule, effect: Effect) {
        let index = small(self.entries.len());
        let (reach, (suffix, previous)) = match rule.pattern() {
            Pattern::Exact(host) => (Reach::Exact, self.link(host, index)),
            Pattern::Below(host) => (Reach::Below, self.link(host, index)),
            Pattern::Tree(host) => (Reach::Tree, self.link(host, index)),
            Pattern::Address(address) => (Reach::Exact, (Suffix::default(), self.addresses.insert(*address, index))),
        };
        let next = previous.and_then(|previous| NonZeroU32::new(previous + 1));
        let port = rule.port().and_then(NonZeroU16::new);
        self.entries.push(Entry { suffix, next, port, reach, raw: rule.is_raw(), effect });
    }

    /// Makes `index` the newest entry of a suffix; returns where its text is, and the entry that was the newest.
    fn link(&mut self, host: &Host, index: u32) -> (Suffix, Option<u32>) {
        let Self { text, suffixes, hasher, entries, .. } = self;
        let suffix = |entry: &u32| entries[*entry as usize].suffix;
        let is_same = |entry: &u32| suffix(entry).of(text) == host.as_str();
        match suffixes.entry(hasher.hash_one(host.as_str()), is_same, |entry| hasher.hash_one(suffix(entry).of(text))) {
            Slot::Occupied(mut newest) => (suffix(newest.get()), Some(mem::replace(newest.get_mut(), index))),
            Slot::Vacant(free) => {
                free.insert(index);
                let length = u8::try_from(host.as_str().len()).expect("a host name has at most 253 characters");
                let suffix = Suffix { start: small(text.len()), length };
                text.push_str(host.as_str());
                (suffix, None)
            }
        }
    }

    /// Returns how many rules there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether there is no rule, so that nothing is open.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns what the rules say about using `port` of `place`.
    pub fn find(&self, place: &Place, port: u16, usage: Use) -> Match {
        let mut found = Found::default();
        match place {
            Place::Name(host) => self.walk(host.as_str(), port, usage, &mut found),
            Place::Address(address) => {
                let first = self.addresses.get(address).copied();
                let pattern = |_| Pattern::Address(*address);
                self.chain(first, port, usage, |reach| reach == Reach::Exact, pattern, &mut found);
            }
        }
        found.verdict()
    }

    fn walk(&self, name: &str, port: u16, usage: Use, found: &mut Found) {
        let mut suffix = name;
        loop {
            let first = self.newest(suffix);
            let whole = suffix.len() == name.len();
            let covers = |reach| reach == Reach::Tree || (reach == Reach::Exact) == whole;
            let pattern = |reach| pattern_of(reach, suffix);
            self.chain(first, port, usage, covers, pattern, found);
            let Some((_, rest)) = suffix.split_once('.') else { return };
            suffix = rest;
        }
    }

    fn newest(&self, suffix: &str) -> Option<u32> {
        let is_same = |entry: &u32| self.entries[*entry as usize].suffix.of(&self.text) == suffix;
        self.suffixes.find(self.hasher.hash_one(suffix), is_same).copied()
    }

    fn chain(
        &self,
        first: Option<u32>,
        port: u16,
        usage: Use,
        covers: impl Fn(Reach) -> bool,
        pattern: impl Fn(Reach) -> Pattern,
        found: &mut Found,
    ) {
        let mut next = first;
        while let Some(entry) = next.and_then(|index| self.entries.get(index as usize)) {
            next = entry.next.map(|following| following.get() - 1);
            if let Some(slot) = covers(entry.reach).then(|| found.slot(entry, port, usage)).flatten()
                && slot.as_ref().is_none_or(|rule| entry.raw && !rule.is_raw())
            {
                *slot = Some(Rule::assemble(pattern(entry.reach), entry.port.map(Into::into), entry.raw));
            }
        }
    }
}

impl Entry {
    fn opens(&self, port: u16, usage: Use) -> bool {
        match (self.port, usage) {
            (Some(own), Use::Tunnel) => own.get() == port,
            // http without TLS on the port of https is a mistake or a trick
            (Some(own), Use::Plain) => own.get() == port && port != 443,
            (None, Use::Tunnel) => port == 443,
            (None, Use::Plain) => port == 80,
        }
    }

    fn closes(&self, port: u16) -> bool {
        self.port.is_none_or(|own| own.get() == port)
    }
}

/// The first rule of each kind on the walk from the longest suffix to the shortest, or the first with `/raw`.
#[derive(Default)]
struct Found {
    denied: Option<Rule>,
    allowed: Option<Rule>,
    other_port: Option<Rule>,
}

impl Found {
    /// Returns where a rule belongs that is about the host; `None` for a deny of another port.
    fn slot(&mut self, entry: &Entry, port: u16, usage: Use) -> Option<&mut Option<Rule>> {
        match entry.effect {
            Effect::Deny => entry.closes(port).then_some(&mut self.denied),
            Effect::Allow if entry.opens(port, usage) => Some(&mut self.allowed),
            Effect::Allow => Some(&mut self.other_port),
        }
    }

    fn verdict(self) -> Match {
        match self {
            Self { denied: Some(rule), .. } => Match::Denied(rule),
            Self { allowed: Some(rule), .. } => Match::Allowed(rule),
            Self { other_port: Some(rule), .. } => Match::OtherPort(rule),
            Self { .. } => Match::Nothing,
        }
    }
}

/// Rules arrive in lines of 16 MiB.
fn small(number: usize) -> u32 {
    u32::try_from(number).expect("far fewer rules and characters than 2^32 arrive")
}

fn pattern_of(reach: Reach, suffix: &str) -> Pattern {
    let host = Host::canonical_suffix(suffix);
    match reach {
        Reach::Exact => Pattern::Exact(host),
        Reach::Below => Pattern::Below(host),
        Reach::Tree => Pattern::Tree(host),
    }
}

#[cfg(test)]
mod tests;
