//! Files that cloister itself wrote for an editor: they describe a hardened container, not what the project asks for.

use std::collections::BTreeSet;

use super::ConfigFile;

/// Key that every generated file holds.
pub const MARKER: &str = "x-cloister-generated";

/// Returns whether cloister wrote a file. A repository can copy the marker, so only a digest that is known to the user's own
/// state makes it count.
pub(super) fn is_ours(file: &ConfigFile, known: &BTreeSet<String>) -> bool {
    file.source.text.contains(MARKER) && known.contains(&file.digest)
}
