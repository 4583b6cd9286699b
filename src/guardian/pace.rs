//! How fast the refusals of one sandbox are answered: a burst at once, then one for each step of time. Whoever asks for
//! more waits longer, and can neither keep the guardian busy nor hurry it.
//!
//! Invariant: pure. Time is a duration since some fixed moment, and comes from the caller.

use std::time::Duration;

use super::limits::Limits;

/// What a sandbox has used up (the generic cell rate algorithm of ITU-T I.371).
#[derive(Debug, Default)]
pub struct Pace {
    /// When everything answered so far would be answered, had there been no burst.
    due: Duration,
}

impl Pace {
    /// Counts one refusal at `now` and returns how long its answer waits.
    pub fn wait(&mut self, now: Duration, limits: &Limits) -> Duration {
        let Limits { refusal_burst, refusal_pace, refusal_wait, .. } = *limits;
        let burst = refusal_pace * refusal_burst;
        self.due = (self.due.max(now) + refusal_pace).min(now + burst + refusal_wait);
        self.due.saturating_sub(now + burst)
    }
}

#[cfg(test)]
mod tests;
