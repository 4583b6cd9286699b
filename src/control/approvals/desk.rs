//! The desk: everything that waits for a person, and every decision that counts. It is told what happens and says what is
//! to be done ([`Effect`]).
//!
//! Invariant: pure; time is a parameter, in milliseconds since the Unix epoch. What it holds is bounded ([`super::flood`]). Nothing
//! is allowed without an answer of a person, and nothing that a rule of the sandbox denies, whatever the answer.

mod answer;
mod ask;
mod cards;

use std::collections::BTreeMap;

use self::cards::Cards;
use super::card::{Asked, Card, CardId, HostAsk, Ticket};
use super::effect::{Answer, Effect, Entry};
use super::flood::{Counts, Flood};
use crate::policy::decision::{By, Decision, DecisionId, Scope, Subject, Verdict};
use crate::policy::effective::Effective;
use crate::policy::host::Host;
use crate::policy::rules::{Match, Place, Use};

pub use self::answer::{Order, Refused};

/// How long a card stays after it was asked last, in milliseconds.
pub const EXPIRY: u64 = 10 * 60 * 1000;
/// How long an answer that nothing waited for lets the next request through, in milliseconds.
pub const PASS: u64 = 2 * 60 * 1000;
/// Most ports of one card.
const PORTS: usize = 16;
/// Most connections of one card that are known by number; more are let through all the same, since they wait for the host.
const CONNECTIONS: usize = 4096;
/// Most agents' requests that wait for one card.
const TICKETS: usize = 64;
/// Most programs of one card that are named.
const PROGRAMS: usize = 8;
/// Longest reason or name of a program, in characters.
const TEXT: usize = 2000;

/// A decision that nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no decision `{0}`")]
pub struct NoDecision(pub DecisionId);

/// Everything that waits for a person.
#[derive(Debug, Default)]
pub struct Desk {
    cards: Cards,
    last: u64,
    decisions: BTreeMap<DecisionId, Decision>,
    flood: Flood,
    /// What may go through once, and until when.
    passes: BTreeMap<(Subject, Host, u16), u64>,
}

impl Desk {
    /// Returns a desk with the decisions that are on disk.
    pub fn new(decisions: impl IntoIterator<Item = Decision>) -> Self {
        let decisions = decisions.into_iter().map(|decision| (decision.id.clone(), decision)).collect();
        Self { decisions, ..Self::default() }
    }

    /// Has cards numbered from behind a number: what was read under one before is never another question.
    pub fn number_after(&mut self, last: u64) {
        self.last = self.last.max(last);
    }

    /// Returns the cards, in an order that never changes while they wait.
    pub fn cards(&self) -> impl Iterator<Item = &Card> {
        self.cards.iter()
    }

    /// Returns a card.
    pub fn card(&self, id: CardId) -> Option<&Card> {
        self.cards.get(id)
    }

    /// Returns the decisions, ordered by id.
    pub fn decisions(&self) -> impl Iterator<Item = &Decision> {
        self.decisions.values()
    }

    /// Returns how much a sandbox was refused without anybody being asked.
    pub fn counts(&self, sandbox: &str) -> Counts {
        self.flood.counts(sandbox)
    }

    /// Takes other decisions in place of those that it had: somebody changed the files. What they change is told to the
    /// guardian by whoever calls this, and to the desk with [`Self::reconsider`].
    pub fn replace_decisions(&mut self, decisions: impl IntoIterator<Item = Decision>) {
        self.decisions = decisions.into_iter().map(|decision| (decision.id.clone(), decision)).collect();
    }

    /// Takes a decision back.
    ///
    /// # Errors
    /// Nobody knows it.
    pub fn undo(&mut self, id: &DecisionId, by: By) -> Result<Vec<Effect>, NoDecision> {
        let decision = self.decisions.remove(id).ok_or_else(|| NoDecision(id.clone()))?;
        Ok(ended(decision, Some(by)))
    }

    /// A connection is held no more: it was decided, or whoever made it is gone. Returns whether it was held.
    pub fn released(&mut self, sandbox: &str, connection: u64) -> bool {
        self.cards.release(sandbox, connection)
    }

    /// Another guardian is there, or none: nothing is held any more. Cards stay, and can be answered.
    pub fn guardian_changed(&mut self) {
        self.cards.release_all();
    }

    /// Whoever waited for an answer is gone. A command that nobody waits for is not asked any more.
    pub fn gone(&mut self, ticket: Ticket) -> Vec<Effect> {
        let mut left = Vec::new();
        for card in self.cards.change_all() {
            match &mut card.what {
                Asked::Host(ask) => _ = ask.tickets.remove(&ticket),
                Asked::Other(ask) => {
                    if ask.tickets.remove(&ticket) && ask.tickets.is_empty() {
                        left.push(card.id);
                    }
                }
            }
        }
        left.into_iter().flat_map(|id| self.expire(id)).collect()
    }

    /// A sandbox stopped: what it asked for goes, and what was decided until it stops.
    pub fn ended(&mut self, sandbox: &str) -> Vec<Effect> {
        let own: Vec<CardId> = self.cards.of(sandbox).map(|card| card.id).collect();
        let mut effects: Vec<Effect> = own.into_iter().flat_map(|id| self.expire(id)).collect();
        self.passes.retain(|(subject, _, _), _| subject.sandbox != sandbox);
        self.flood.forget(sandbox);
        let of_session =
            |decision: &Decision| matches!(&decision.scope, Scope::Session { sandbox: own, .. } if own == sandbox);
        effects.extend(self.end_those(of_session));
        effects
    }

    /// Lets what is over go: cards that nobody answered, and decisions whose time has come.
    pub fn tick(&mut self, now: u64) -> Vec<Effect> {
        let over: Vec<CardId> = self.cards.iter().filter(|card| card.expires <= now).map(|card| card.id).collect();
        let mut effects: Vec<Effect> = over.into_iter().flat_map(|id| self.expire(id)).collect();
        self.passes.retain(|_, until| now < *until);
        effects.extend(self.end_those(|decision| decision.is_over(now)));
        effects
    }

    /// The policy of a sandbox is another one: cards that it answers go. Called after it is in force.
    pub fn reconsider(&mut self, subject: &Subject, policy: &Effective) -> Vec<Effect> {
        let own = self.cards.of(&subject.sandbox).filter(|card| card.subject == *subject);
        let answered: Vec<(CardId, Verdict)> =
            own.filter_map(|card| Some((card.id, verdict_of(card, policy)?))).collect();
        answered.into_iter().flat_map(|(id, verdict)| self.settled_by_policy(id, verdict)).collect()
    }

    fn settled_by_policy(&mut self, id: CardId, verdict: Verdict) -> Vec<Effect> {
        let Some(card) = self.cards.remove(id) else { return Vec::new() };
        let answer = if verdict == Verdict::Allow { Answer::Listed } else { Answer::Denied };
        let mut effects = vec![Effect::Log(Entry::Overtaken { card: card.clone(), verdict })];
        effects.extend(release(&card, verdict == Verdict::Allow, answer));
        effects
    }

    fn end_those(&mut self, is_over: impl Fn(&Decision) -> bool) -> Vec<Effect> {
        let over = self.decisions.extract_if(.., |_, decision| is_over(decision));
        let over: Vec<Decision> = over.map(|(_, decision)| decision).collect();
        over.into_iter().flat_map(|decision| ended(decision, None)).collect()
    }

    fn expire(&mut self, id: CardId) -> Vec<Effect> {
        let Some(card) = self.cards.remove(id) else { return Vec::new() };
        let mut effects = vec![Effect::Log(Entry::Expired(card.clone()))];
        effects.extend(release(&card, false, Answer::Expired));
        effects
    }
}

/// What follows from the end of a decision.
fn ended(decision: Decision, by: Option<By>) -> Vec<Effect> {
    let (id, scope) = (decision.id.clone(), decision.scope.clone());
    vec![Effect::Forget(id, scope.clone()), Effect::Log(Entry::Ended { decision, by }), Effect::PolicyChanged(scope)]
}

/// Lets whoever waits for a card go on.
fn release(card: &Card, allow: bool, answer: Answer) -> Vec<Effect> {
    let sandbox = card.subject.sandbox.clone();
    let (settled, tickets): (Vec<Effect>, _) = match &card.what {
        Asked::Host(ask) => (settle(&sandbox, ask, allow), &ask.tickets),
        Asked::Other(ask) => (Vec::new(), &ask.tickets),
    };
    let answers = tickets.iter().map(|ticket| Effect::Answer { ticket: *ticket, answer });
    settled.into_iter().chain(answers).collect()
}

/// One for each port that was shown and that something waits for.
fn settle(sandbox: &str, ask: &HostAsk, allow: bool) -> Vec<Effect> {
    let is_waited_for = |port: &&u16| ask.waiting.iter().any(|held| held.port == **port);
    let settle = |port: &u16| Effect::Settle {
        sandbox: sandbox.to_owned(),
        host: ask.host.as_str().to_owned(),
        port: *port,
        allow,
    };
    ask.ports.iter().filter(is_waited_for).map(settle).collect()
}

/// What the policy says of everything that a card asks for: allowed where all of it is, denied where any of it is.
fn verdict_of(card: &Card, policy: &Effective) -> Option<Verdict> {
    let Asked::Host(ask) = &card.what else { return None };
    let found: Vec<Match> = ask.ports.iter().map(|port| found(policy, &ask.host, *port)).collect();
    if found.iter().any(|found| matches!(found, Match::Denied(_))) {
        return Some(Verdict::Deny);
    }
    found.iter().all(|found| matches!(found, Match::Allowed(_))).then_some(Verdict::Allow)
}

fn found(policy: &Effective, host: &Host, port: u16) -> Match {
    let usage = if port == 80 { Use::Plain } else { Use::Tunnel };
    policy.explain(&Place::Name(host.clone()), port, usage).found
}

#[cfg(test)]
mod tests;
