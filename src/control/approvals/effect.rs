//! What the desk wants done. The order counts: what is written down comes before what opens.

use super::card::{Card, CardId, OtherKind, Ticket};
use super::choice::{Choice, Term};
use crate::policy::decision::{By, Decision, DecisionId, Scope, Subject, Verdict};

/// Something that has to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write a decision down, on disk, before anything after it is done. Where that fails, nothing after it is done, and the
    /// decision is undone ([`super::desk::Desk::undo`]).
    Persist(Decision),
    /// Take a decision off the disk.
    Forget(DecisionId, Scope),
    /// Hand the guardian the policy of every sandbox that the scope covers.
    PolicyChanged(Scope),
    /// Let the held requests of a sandbox for a host and port through, or refuse them.
    Settle {
        /// Id of the sandbox.
        sandbox: String,
        /// Canonical host.
        host: String,
        /// Port.
        port: u16,
        /// Whether they go through.
        allow: bool,
    },
    /// Answer whoever waits.
    Answer {
        /// Who.
        ticket: Ticket,
        /// What.
        answer: Answer,
    },
    /// A card that is not about a host was answered: do it, once, if it still has this digest.
    Other {
        /// What kind.
        kind: OtherKind,
        /// Who asked.
        subject: Subject,
        /// Digest of what was shown.
        digest: String,
        /// [`super::card::OtherAsk::content`] of what was shown.
        content: serde_json::Value,
        /// The answer.
        verdict: Verdict,
        /// `Once`, or `Project` where it may be done again without asking.
        term: Term,
        /// Where it was answered.
        by: By,
    },
    /// Something for the audit log.
    Log(Entry),
    /// Something for a person: a card that is new.
    Notify(CardId),
}

/// The answer to whoever waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It may; `until` where it ends by itself.
    Allowed {
        /// For how long.
        term: Term,
        /// When it ends, in milliseconds since the Unix epoch.
        until: Option<u64>,
    },
    /// It may already, without asking.
    Listed,
    /// It may not.
    Denied,
    /// Nobody answered.
    Expired,
    /// It was not asked: a person said no lately, and is not asked again before `until`.
    CoolDown {
        /// When it may be asked again, in milliseconds since the Unix epoch.
        until: u64,
    },
    /// It was not asked: too much waits, or too much was asked lately.
    TooMany,
    /// No person can allow this: a name of the machine itself, or what a rule denies.
    Never,
}

/// Something for the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A card is new.
    Asked(Card),
    /// A card was answered.
    Answered {
        /// The card as it was answered.
        card: Card,
        /// The answer.
        choice: Choice,
        /// Where.
        by: By,
        /// The decision that it left, where it left one.
        decision: Option<DecisionId>,
    },
    /// Nobody answered.
    Expired(Card),
    /// A rule answers a card that waited.
    Overtaken {
        /// The card.
        card: Card,
        /// What the rules say.
        verdict: Verdict,
    },
    /// A request was refused without asking; the first, second, fourth, eighth… of a sandbox.
    Unasked {
        /// Who asked.
        subject: Subject,
        /// For which host, or what else; may hold anything.
        what: String,
        /// On which port; 0 where it is no host.
        port: u16,
        /// Why.
        answer: Answer,
    },
    /// A decision ended: by a person, or because its time or its sandbox was over.
    Ended {
        /// The decision.
        decision: Decision,
        /// Who undid it; `None` where it ended by itself.
        by: Option<By>,
    },
}
