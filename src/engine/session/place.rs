//! Where a process runs inside, for a person who is in a folder of the host.

use std::path::Path;

use super::super::receipt::Receipt;
use super::Context;

/// Which of a person's folders say where a process runs inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// Those below the opened one: the sandbox was named.
    Opened,
    /// All that are mounted: the sandbox was found by the folder.
    Mounted,
}

/// Returns the folder inside that a folder is mounted at; `None` where it is not mounted, and for the opened folder
/// itself: the configuration says where that one's processes run.
pub fn inside(context: &Context, receipt: &Receipt, from: From, folder: &Path) -> Option<String> {
    let plan = context.state.load_plan(&receipt.id).ok()?;
    let text = |name: &str| plan["workspace"][name].as_str();
    let source = Path::new(text("source").or_else(|| plan["workspace"]["clone"]["repository"].as_str())?);
    let opened = Path::new(&receipt.workspace);
    let counts = from == From::Mounted || folder.starts_with(opened);
    mapped(opened, (source, text("target")?), folder).filter(|_| counts)
}

fn mapped(opened: &Path, (source, target): (&Path, &str), folder: &Path) -> Option<String> {
    let below = folder.strip_prefix(source).ok().filter(|_| folder != opened)?.to_str()?;
    Some(format!("{target}/{below}").trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests;
