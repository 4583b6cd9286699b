//! Who is logged in: links that are good once and for a minute, and sessions that such a link began (SEC-48).
//!
//! Invariant: pure; times are milliseconds since the Unix epoch, secrets come from outside. Of a session's cookie only the
//! digest is kept: what lies on the disk logs nobody in.

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::ident::sha256_hex;

/// For how many milliseconds a link is good.
const LINK: u64 = 60_000;
/// For how many milliseconds a session is good: a day's work.
const SESSION: u64 = 12 * 3_600_000;
/// Most links and most sessions that are good at once; the oldest make place.
const MOST: usize = 16;

/// Everybody who is logged in, or about to be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Sessions {
    /// Links: not kept, since whoever printed one is at hand.
    #[serde(skip)]
    links: Vec<Secret>,
    sessions: Vec<Session>,
}

/// What is known of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Secret {
    digest: String,
    until: u64,
}

impl Secret {
    fn new(secret: &str, until: u64) -> Self {
        Self { digest: sha256_hex(secret.as_bytes()), until }
    }

    fn is(&self, given: &str, now: u64) -> bool {
        now < self.until && bool::from(sha256_hex(given.as_bytes()).as_bytes().ct_eq(self.digest.as_bytes()))
    }
}

/// Somebody who is logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    cookie: Secret,
    /// What a page of this session sends beside the cookie.
    pub(super) token: String,
}

impl Sessions {
    /// Makes a link good that ends in `secret`.
    pub(super) fn invite(&mut self, secret: &str, now: u64) {
        self.links.retain(|link| now < link.until);
        push(&mut self.links, Secret::new(secret, now + LINK));
    }

    /// Begins a session with a link, which is good no more; returns whether it was.
    pub(super) fn begin(&mut self, link: &str, (cookie, token): (&str, &str), now: u64) -> bool {
        let Some(at) = self.links.iter().position(|one| one.is(link, now)) else { return false };
        self.links.remove(at);
        self.sessions.retain(|session| now < session.cookie.until);
        push(&mut self.sessions, Session { cookie: Secret::new(cookie, now + SESSION), token: token.to_owned() });
        true
    }

    /// Returns the session of a cookie.
    pub(super) fn of(&self, cookie: &str, now: u64) -> Option<&Session> {
        self.sessions.iter().find(|session| session.cookie.is(cookie, now))
    }

    /// Ends a session.
    pub(super) fn end(&mut self, cookie: &str, now: u64) {
        self.sessions.retain(|session| !session.cookie.is(cookie, now));
    }
}

fn push<T>(list: &mut Vec<T>, one: T) {
    if list.len() == MOST {
        list.remove(0);
    }
    list.push(one);
}

#[cfg(test)]
mod tests;
