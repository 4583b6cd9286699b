//! After a command: what the guardian refused to it. A tool may have said nothing, or something that nobody understands.

use super::output::say;
use crate::engine::session::{self, Context, Served};
use crate::guardian::protocol::Refused;
use crate::sandbox::protocol::SELF_CHECK_HOST;
use crate::ui::text::visible;

/// Destinations that are named.
const NAMED: usize = 3;

/// Says what was refused since the sandbox was served, if anything was.
pub(super) async fn tell(context: &Context, served: &Served) {
    if let Some(line) = line(session::refused_since(context, served).await) {
        say(&line);
    }
}

fn line(mut refused: Vec<Refused>) -> Option<String> {
    refused.retain(|one| one.host != SELF_CHECK_HOST);
    refused.sort_by_key(|one| std::cmp::Reverse(one.count));
    let total: u64 = refused.iter().map(|one| one.count).sum();
    let requests = match total {
        0 => return None,
        1 => "1 request was".to_owned(),
        many => format!("{many} requests were"),
    };
    let one = |one: &Refused| format!("{}:{} ({})", visible(&one.host), one.port, one.count);
    let mut named: Vec<String> = refused.iter().take(NAMED).map(one).collect();
    if refused.len() > NAMED {
        named.push(format!("{} more", refused.len() - NAMED));
    }
    Some(format!("cloister: {requests} refused: {}; see `cloister guardian status`\n", named.join(", ")))
}

#[cfg(test)]
mod tests;
