//! Times as people read them.

use time::format_description::FormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

const SHOWN: &[FormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");

/// Returns a time as people read it, in an offset of theirs.
pub fn shown(milliseconds: u64, offset: UtcOffset) -> String {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000).ok();
    let shown = time.and_then(|time| time.checked_to_offset(offset)).and_then(|time| time.format(SHOWN).ok());
    shown.unwrap_or_else(|| format!("{milliseconds} ms"))
}

/// Returns the offset of this machine at a time.
pub fn local(milliseconds: u64) -> UtcOffset {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000).ok();
    time.and_then(|time| UtcOffset::local_offset_at(time).ok()).unwrap_or(UtcOffset::UTC)
}
