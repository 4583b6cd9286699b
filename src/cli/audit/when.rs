//! Times as people give and read them.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub(super) use crate::control::audit::moment::{local, shown};

/// A time that somebody gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// So many milliseconds ago.
    Ago(u64),
    /// Milliseconds since the Unix epoch.
    At(u64),
}

/// A text that is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a time is 30s, 15m, 1h or 2d ago, or one such as 2026-11-24T20:35:00Z")]
pub struct NoTime;

impl When {
    /// Reads a time.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, NoTime> {
        Self::ago(text).or_else(|| Self::at(text)).ok_or(NoTime)
    }

    fn ago(text: &str) -> Option<Self> {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 60 * 60,
            "d" => 24 * 60 * 60,
            _ => return None,
        };
        // `u64` reads a sign as well.
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        let number: u64 = number.parse().ok().filter(|_| is_number)?;
        Some(Self::Ago(number.checked_mul(seconds * 1000)?))
    }

    fn at(text: &str) -> Option<Self> {
        let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        Some(Self::At(u64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok()?))
    }

    /// Returns it in milliseconds since the Unix epoch.
    pub fn before(self, now: u64) -> u64 {
        match self {
            Self::Ago(ago) => now.saturating_sub(ago),
            Self::At(at) => at,
        }
    }
}

#[cfg(test)]
mod tests;
