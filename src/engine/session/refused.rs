//! What a sandbox did not reach while a command ran.

use std::time::Duration;

use tokio::time::timeout;

use super::super::guardian;
use super::{Context, Served};
use crate::guardian::protocol::{Refusals, Refused};

/// A guardian that is busy or away is not waited for longer: nothing depends on the answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Returns what was refused, or did not answer, since the sandbox was served; nothing where the guardian does not say.
pub(super) async fn refused_since(context: &Context, served: &Served) -> Refusals {
    let asked = async {
        let _lock = context.state.lock().await.ok()?;
        guardian::refused_to(&context.engine, &context.state, &served.receipt.id).await.ok()
    };
    let now = timeout(PATIENCE, asked).await.ok().flatten().unwrap_or_default();
    let Refusals { refused, failed, .. } = &served.refusals;
    Refusals { refused: difference(refused, now.refused), failed: difference(failed, now.failed), ..now }
}

fn difference(before: &[Refused], now: Vec<Refused>) -> Vec<Refused> {
    let same =
        |one: &Refused, other: &Refused| (&one.host, one.port, &one.reason) == (&other.host, other.port, &other.reason);
    let since = |mut entry: Refused| {
        let earlier = before.iter().find(|earlier| same(earlier, &entry)).map_or(0, |earlier| earlier.count);
        // fewer than before: the guardian is another one, and counted from nothing
        entry.count = entry.count.checked_sub(earlier).unwrap_or(entry.count);
        (entry.count > 0).then_some(entry)
    };
    now.into_iter().filter_map(since).collect()
}

#[cfg(test)]
mod tests;
