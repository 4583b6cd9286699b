//! What is said of the clone that a sandbox works on.

use crate::clone::{Clone, Left};
use crate::engine::receipt::Receipt;
use crate::plan::Plan;
use crate::ui::text::{count, visible};

/// At a start: what the agent works on, where somebody could think it was the other.
pub(super) fn at_start(receipt: &Receipt, plan: &Plan, uncommitted: Option<u64>) -> String {
    let name = visible(&receipt.name);
    match (&plan.workspace.clone, &receipt.clone) {
        (Some(clone), _) => format!(
            "cloister: {name}: works on a clone of {}, of what is committed there{}; commits come back with: cloister \
             pull {name}\n",
            visible(&clone.repository),
            without(uncommitted)
        ),
        (None, Some(_)) => {
            format!("cloister: {name}: works on your folder; its clone stays, for: cloister start --clone\n")
        }
        (None, None) => String::new(),
    }
}

/// How much the agent does not have.
fn without(uncommitted: Option<u64>) -> String {
    match uncommitted {
        None | Some(0) => String::new(),
        Some(1) => ", without 1 change that is not committed".to_owned(),
        Some(several) => format!(", without {several} changes that are not committed"),
    }
}

/// At a review: why there is nothing to look at, and where it is.
pub(super) fn at_review(name: &str) -> String {
    let name = visible(name);
    format!(
        "`{name}` works on a clone, and your folder is not mounted: nothing in it changed by the agent; its commits come, with \
         what of them your own tools would run, by: cloister pull {name}\n"
    )
}

/// At a stop: what is in the clone alone.
pub(super) fn at_stop(name: &str, clone: Option<&Clone>) -> String {
    match clone {
        Some(clone) if !clone.left.is_some_and(Left::is_nothing) => format!(
            "cloister: {0}: its clone stays, {1}; to get what is committed: cloister start --clone, cloister pull {0}\n",
            visible(name),
            alone(clone.left)
        ),
        _ => String::new(),
    }
}

/// At a removal: that it is for good.
pub(super) fn lost(clone: &Clone) -> String {
    match clone.left {
        Some(left) if left.is_nothing() => ", its clone, of which everything was pulled".to_owned(),
        left => format!(", and its clone {}: that is lost", alone(left)),
    }
}

/// At a removal that leaves it alone.
pub(super) fn kept(clone: &Clone) -> String {
    alone(clone.left)
}

fn alone(left: Option<Left>) -> String {
    let Some(Left { commits, files }) = left else {
        return "with whatever was not pulled, which nobody knows".to_owned();
    };
    let number = |number: u64, noun: &str| count(usize::try_from(number).unwrap_or(usize::MAX), noun);
    let parts = [
        (commits > 0).then(|| format!("{} not pulled", number(commits, "commit"))),
        (files > 0).then(|| format!("{} not committed", number(files, "file"))),
    ];
    format!("with {}", parts.into_iter().flatten().collect::<Vec<_>>().join(" and "))
}

#[cfg(test)]
mod tests;
