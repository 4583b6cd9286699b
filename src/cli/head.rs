//! What is kept read-only and differs from HEAD, said when a sandbox was made, is looked at, and is stopped (SEC-88).

use super::output::say;
use crate::engine::receipt::{Receipt, State};
use crate::engine::session::{self, Context};
use crate::plan::Plan;
use crate::ui::text::{count, visible};

/// Paths that are named before the rest is counted.
const NAMED: usize = 3;

/// Says in one line what git inside will go on to call changed.
pub(super) async fn tell(context: &Context, receipt: &Receipt, plan: &Plan) {
    let paths = session::unlike_head(context, receipt, &plan.workspace.target).await;
    if let Some(said) = line(&receipt.name, &paths) {
        say(&said);
    }
}

/// Returns what differs in a sandbox that runs; nothing of one that does not.
pub(super) async fn now(context: &Context, receipt: &Receipt) -> Vec<String> {
    let plan = context.state.load_plan(&receipt.id).unwrap_or_default();
    match plan["workspace"]["target"].as_str().filter(|_| receipt.state == State::Running) {
        Some(target) => session::unlike_head(context, receipt, target).await,
        None => Vec::new(),
    }
}

/// Returns what [`tell`] says, for the end of another command.
pub(super) fn said(name: &str, paths: &[String]) -> String {
    line(name, paths).unwrap_or_default()
}

fn line(name: &str, paths: &[String]) -> Option<String> {
    let more = paths.len().saturating_sub(NAMED);
    let named = paths.iter().take(NAMED).map(|path| format!("`{}`", visible(path)));
    let named: Vec<_> = named.chain((more > 0).then(|| count(more, "more file"))).collect();
    (!paths.is_empty()).then(|| {
        format!(
            "cloister: {}: unlike HEAD, and read-only for git inside: {}; see: git status\n",
            visible(name),
            named.join(", ")
        )
    })
}

#[cfg(test)]
mod tests;
