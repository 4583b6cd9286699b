//! What a person can answer to a card.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::policy::decision::Verdict;

const MINUTE: u64 = 60 * 1000;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Whether it may.
    pub verdict: Verdict,
    /// For how long, and for whom.
    pub term: Term,
    /// For which hosts.
    pub reach: Reach,
}

impl Choice {
    /// The least that lets an agent go on without asking again: this sandbox, exactly this, until it stops (UI-028).
    pub fn least(verdict: Verdict) -> Self {
        Self { verdict, term: Term::Session, reach: Reach::Exact }
    }
}

/// For how long an answer counts, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Term {
    /// What waits now.
    Once,
    /// This sandbox, until it stops.
    Session,
    /// This sandbox, for a time.
    For(Span),
    /// Every sandbox on this folder.
    Project,
    /// Every sandbox.
    Global,
}

/// How long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Span {
    /// 15 minutes.
    QuarterHour,
    /// An hour.
    Hour,
    /// A day.
    Day,
}

/// A word that is no term.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an answer counts for once, session, 15m, 1h, 1d, project or global")]
pub struct NoTerm;

impl TryFrom<String> for Term {
    type Error = NoTerm;

    fn try_from(word: String) -> Result<Self, NoTerm> {
        Self::parse(&word).ok_or(NoTerm)
    }
}

impl From<Term> for String {
    fn from(term: Term) -> Self {
        term.as_str().to_owned()
    }
}

impl Span {
    /// Returns how long that is in milliseconds.
    pub fn milliseconds(self) -> u64 {
        match self {
            Self::QuarterHour => 15 * MINUTE,
            Self::Hour => 60 * MINUTE,
            Self::Day => 24 * 60 * MINUTE,
        }
    }
}

impl Term {
    /// Returns how long that is, and for whom, in words that end a sentence.
    pub fn how_long(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Session => "until it stops",
            Self::For(Span::QuarterHour) => "for 15 minutes",
            Self::For(Span::Hour) => "for an hour",
            Self::For(Span::Day) => "for a day",
            Self::Project => "for this folder",
            Self::Global => "for every sandbox",
        }
    }

    /// Every term, from the narrowest to the widest.
    pub const ALL: [Self; 7] = [
        Self::Once,
        Self::Session,
        Self::For(Span::QuarterHour),
        Self::For(Span::Hour),
        Self::For(Span::Day),
        Self::Project,
        Self::Global,
    ];

    /// Returns the word that scripts and the page use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Session => "session",
            Self::For(Span::QuarterHour) => "15m",
            Self::For(Span::Hour) => "1h",
            Self::For(Span::Day) => "1d",
            Self::Project => "project",
            Self::Global => "global",
        }
    }

    /// Returns the term of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|term| term.as_str() == word)
    }
}

impl fmt::Display for Term {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// For which hosts an answer counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// The host of the card, and nothing else.
    Exact,
    /// A wildcard that the card offers: `*.example.com` or `**.example.com`.
    Wildcard(String),
}
