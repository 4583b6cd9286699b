//! After a command: what the guardian refused to it, and what it did not reach. A tool may have said nothing, or something that nobody understands.

use super::output::say;
use crate::guardian::protocol::{Refusals, Refused};
use crate::sandbox::protocol::SELF_CHECK_HOST;
use crate::ui::text::visible;

/// Destinations that are named.
const NAMED: usize = 3;

/// Says what was refused or did not answer since the sandbox was served, if anything.
pub(super) fn tell(refusals: Refusals) {
    say(&lines(refusals));
}

fn lines(Refusals { refused, failed, .. }: Refusals) -> String {
    let refused = line(refused, ("request was refused", "requests were refused"), |_| String::new());
    let failed = line(failed, ("request failed", "requests failed"), |one| format!(", {}", visible(&one.reason)));
    [refused, failed].into_iter().flatten().collect()
}

fn line(
    mut entries: Vec<Refused>,
    (single, several): (&str, &str),
    why: impl Fn(&Refused) -> String,
) -> Option<String> {
    entries.retain(|one| one.host != SELF_CHECK_HOST);
    entries.sort_by_key(|one| std::cmp::Reverse(one.count));
    let requests = match entries.iter().map(|one| one.count).sum() {
        0 => return None,
        1 => format!("1 {single}"),
        many => format!("{many} {several}"),
    };
    let one = |one: &Refused| format!("{}:{} ({}{})", visible(&one.host), one.port, one.count, why(one));
    let mut named: Vec<String> = entries.iter().take(NAMED).map(one).collect();
    if entries.len() > NAMED {
        named.push(format!("{} more", entries.len() - NAMED));
    }
    Some(format!("cloister: {requests}: {}; see `cloister guardian status`\n", named.join(", ")))
}

#[cfg(test)]
mod tests;
