//! What is kept read-only and differs from HEAD, said when a sandbox was made.

use super::output::say;
use crate::engine::receipt::Receipt;
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
