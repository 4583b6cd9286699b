//! Names that lost their cover while a sandbox runs, said to whoever uses it.

use std::path::Path;

use super::output::say;
use crate::engine::covers;
use crate::engine::receipt::Receipt;
use crate::ui::text::visible;

/// Says in one line what can be written inside and should not.
pub(super) fn tell(receipt: &Receipt) {
    let lost = receipt.mount.as_ref().map(|mount| covers::lost(Path::new(mount), &receipt.covers)).unwrap_or_default();
    if let Some(said) = line(&receipt.name, &lost) {
        say(&said);
    }
}

fn line(name: &str, lost: &[String]) -> Option<String> {
    let paths: Vec<_> = lost.iter().map(|path| format!("`{}`", visible(path))).collect();
    let was = if lost.len() == 1 { "was" } else { "were" };
    (!lost.is_empty()).then(|| {
        format!(
            "cloister: {}: {} {was} replaced on this machine, so whatever runs inside can write it now; cover it again: \
             cloister start --rebuild\n",
            visible(name),
            paths.join(", ")
        )
    })
}

#[cfg(test)]
mod tests;
