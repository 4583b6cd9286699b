#![expect(clippy::disallowed_methods, reason = "adapter: measures the sandbox that it runs in")]
//! The probe: tries every way out that a sandbox must not have, before anything of the repository runs (SEC-27).
//!
//! One thread, all network attempts at once, and a cap on the whole. An attempt that is refused by the network, or
//! still pending at the cap, is closed; whatever answers, even with a reset, was reached and is open.
//!
//! Invariant: it fails closed. What cannot be read or is not understood counts as open.

use std::time::{Duration, Instant};

use crate::sandbox::protocol::{Attempt, ProbeReport, ProbeRequest};

mod dns;
pub(crate) mod facts;
mod kernel;
mod mounts;
mod network;
mod place;
mod status;
mod targets;
mod verdict;

/// Marks the line of the report among other output.
pub const KIND: &str = "cloister-probe";
/// How long an address may stay silent before it counts as closed. Unreachable comes in 0.03 ms, an answer of the
/// host in less than 1 ms; only what drops packets is waited for until here.
pub const CAP: Duration = Duration::from_millis(150);

/// Tries everything and reports. Blocks for at most [`CAP`], or 1 s when the guardian does not answer.
#[must_use]
pub fn run(request: &ProbeRequest) -> ProbeReport {
    let begin = Instant::now();
    let round = network::Round::begin(&targets::targets(request, &facts::Files::read()), &request.nonce, begin);
    let mut attempts = place::attempts(&request.user, request.capabilities);
    attempts.extend(request.mounts.iter().map(place::mount));
    attempts.extend(kernel::sockets());
    let mut reached = round.finish();
    reached.append(&mut attempts);
    // Last, because success would move this process into the new namespace.
    reached.push(kernel::user_namespace());
    report(reached, begin.elapsed())
}

/// The report of these attempts: sealed when there are any and all are closed.
#[must_use]
pub fn report(attempts: Vec<Attempt>, duration: Duration) -> ProbeReport {
    ProbeReport {
        kind: KIND.to_owned(),
        sealed: !attempts.is_empty() && attempts.iter().all(|attempt| attempt.closed),
        attempts,
        microseconds: u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
    }
}

/// An attempt. Control characters are removed: what was seen may be the work of somebody hostile.
pub(crate) fn attempt(id: &str, target: impl Into<String>, closed: bool, seen: impl Into<String>) -> Attempt {
    let printable = |text: String| text.chars().filter(|letter| !letter.is_control()).collect();
    Attempt { id: id.to_owned(), target: printable(target.into()), closed, seen: printable(seen.into()) }
}
