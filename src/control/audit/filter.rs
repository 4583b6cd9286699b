//! Which entries somebody wants to see.
//!
//! Invariant: pure.

use super::event::{Approval, Card, Outcome, Phase, Record, What};

/// How something ended for whoever asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was allowed.
    Allowed,
    /// It was refused.
    Refused,
    /// It was allowed, and the destination did not answer.
    Failed,
}

impl Verdict {
    /// Returns how an entry ended; `None` where nothing was decided.
    pub fn of(what: &What) -> Option<Self> {
        match what {
            What::Decision(decision) if decision.allowed => Some(Self::Allowed),
            What::Decision(_) => Some(Self::Refused),
            What::Failed(_) => Some(Self::Failed),
            What::Approval(Approval { outcome, .. }) => match outcome {
                Outcome::Allowed(_) => Some(Self::Allowed),
                Outcome::Denied(_) | Outcome::Expired | Outcome::Unasked(_) => Some(Self::Refused),
                Outcome::Asked | Outcome::Ended { .. } => None,
            },
            What::HostCommand(command) => match &command.phase {
                Phase::Refused(_) => Some(Self::Refused),
                Phase::Started => Some(Self::Allowed),
                Phase::Asked | Phase::Ended { .. } => None,
            },
            _ => None,
        }
    }
}

/// What an entry has to be; everything that is not said is anything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Name or id of its sandbox.
    pub sandbox: Option<String>,
    /// Its host, in which `*` stands for anything.
    pub host: Option<String>,
    /// When it happened at the earliest.
    pub since: Option<u64>,
    /// When it happened at the latest.
    pub until: Option<u64>,
    /// How it ended.
    pub verdict: Option<Verdict>,
    /// Its kind, one of these; any where there are none.
    pub kinds: Vec<String>,
}

impl Filter {
    /// Tells whether it is wanted; `connected` is the host that its connection goes to.
    pub fn wants(&self, record: &Record, connected: Option<&str>) -> bool {
        let sandbox = |wanted: &String| {
            record.sandbox.as_ref().is_some_and(|sandbox| sandbox.name == *wanted || sandbox.id == *wanted)
        };
        self.since.is_none_or(|since| record.time >= since)
            && self.until.is_none_or(|until| record.time <= until)
            && self.sandbox.as_ref().is_none_or(sandbox)
            && self.verdict.is_none_or(|verdict| Verdict::of(&record.what) == Some(verdict))
            && (self.kinds.is_empty() || self.kinds.iter().any(|kind| kind == record.what.kind()))
            && self.host.as_ref().is_none_or(|pattern| {
                hosts(&record.what, connected).any(|host| matches(pattern.as_bytes(), host.as_bytes()))
            })
    }
}

/// Returns the hosts that an entry is about.
fn hosts<'a>(what: &'a What, connected: Option<&'a str>) -> impl Iterator<Item = &'a str> {
    let (own, asked): (Option<&str>, &[String]) = match what {
        What::Decision(decision) => (Some(&decision.host), &[]),
        What::Held(held) => (Some(&held.host), &[]),
        What::Failed(_) | What::Closed(_) => (connected, &[]),
        What::Approval(approval) if approval.kind == Card::Host => (None, &approval.what),
        _ => (None, &[]),
    };
    own.into_iter().chain(asked.iter().map(|host| without_port(host)))
}

fn without_port(place: &str) -> &str {
    match place.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => place,
    }
}

/// Tells whether a pattern stands for a text, whatever the case of ASCII letters; `*` stands for any bytes.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut seen) = (0, 0);
    // Where the last `*` is, and what it stands for so far: it takes one byte more where the rest does not fit.
    let mut star = None;
    while seen < text.len() {
        if pattern.get(at) == Some(&b'*') {
            at += 1;
            star = Some((at, seen));
        } else if pattern.get(at).is_some_and(|byte| byte.eq_ignore_ascii_case(&text[seen])) {
            (at, seen) = (at + 1, seen + 1);
        } else if let Some((behind, taken)) = star {
            (at, seen) = (behind, taken + 1);
            star = Some((behind, taken + 1));
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests;
