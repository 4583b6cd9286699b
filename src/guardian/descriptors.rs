//! File descriptors: the soft limit goes up to the hard one, and the number of connections stays below it.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::limits::{Limits, PIPES};

/// Descriptors for everything that is not a connection: standard streams, listeners, name servers, the event loop, pipes.
const RESERVED: u64 = 128 + 2 * PIPES as u64;

/// Raises the limit of open files and returns `limits` with no more connections than descriptors: each takes two.
pub fn within(limits: Limits) -> Limits {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    let available = if raised { maximum } else { current };
    let possible =
        available.map_or(usize::MAX, |files| usize::try_from(files.saturating_sub(RESERVED) / 2).unwrap_or(usize::MAX));
    Limits { total: limits.total.min(possible), ..limits }
}
