#![expect(clippy::disallowed_methods, reason = "adapter: reads the audit log, for so long and no longer")]
//! Reads the audit log from where it was read last.

use std::path::Path;
use std::time::{Duration, Instant};

use super::activity::{Activity, View};
use crate::control::audit::filter::Filter;
use crate::control::audit::moment::local;
use crate::control::audit::read::{ReadError, Reading, read};

/// How long is read at once; of a log that takes longer, the rest is read when somebody looks again.
const PATIENCE: Duration = Duration::from_secs(3);

/// A log, and what was read of it.
#[derive(Debug)]
pub(super) struct Follower {
    reading: Reading,
    activity: Activity,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Followed {
    /// What is shown.
    pub(super) view: View,
    /// Whether everything was read that there is.
    pub(super) is_whole: bool,
    /// Why something could not be read.
    pub(super) trouble: Option<String>,
}

impl Follower {
    /// Returns a follower of the log in a folder, which may not be there yet.
    pub(super) fn of(folder: &Path) -> Self {
        Self { reading: read(folder, Filter::default()), activity: Activity::default() }
    }

    /// Reads what came since; blocks.
    pub(super) fn follow(&mut self, now: u64) -> Followed {
        let end = Instant::now() + PATIENCE;
        let mut trouble = None;
        let mut is_whole = true;
        for seen in self.reading.by_ref() {
            match seen {
                Ok(seen) => self.activity.take(&seen, local(seen.record.time)),
                Err(error) => {
                    let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
                    trouble = Some(format!("{error}{hint}"));
                    // Behind a broken line there may be others.
                    if matches!(error, ReadError::Folder(_)) {
                        break;
                    }
                }
            }
            if Instant::now() > end {
                is_whole = false;
                break;
            }
        }
        Followed { view: self.activity.view(now), is_whole, trouble }
    }
}
