//! Where a process runs inside, for a person who is in a folder of the host.

use std::path::Path;

use super::super::receipt::Receipt;
use super::Context;

/// Returns the folder inside that a folder below the opened one is mounted at; `None` where it is not mounted, and for
/// the opened folder itself: the configuration says where that one's processes run.
pub fn inside(context: &Context, receipt: &Receipt, folder: &Path) -> Option<String> {
    let plan = context.state.load_plan(&receipt.id).ok()?;
    let text = |name: &str| plan["workspace"][name].as_str();
    mapped(Path::new(&receipt.workspace), (Path::new(text("source")?), text("target")?), folder)
}

fn mapped(opened: &Path, (source, target): (&Path, &str), folder: &Path) -> Option<String> {
    let below = folder.strip_prefix(opened).ok().filter(|below| !below.as_os_str().is_empty());
    below.and_then(|_| Some(format!("{target}/{}", folder.strip_prefix(source).ok()?.to_str()?)))
}

#[cfg(test)]
mod tests;
