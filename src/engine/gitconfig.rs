//! git's system-wide configuration in a sandbox: who the user is, and what makes git fit a repository whose own
//! configuration is read-only. Pure.

use crate::host::git::Author;

/// The image's own, which `GIT_CONFIG_SYSTEM` would take the place of.
const IMAGE: &str = "/etc/gitconfig";

/// Returns the text of the file.
pub fn text(author: &Author) -> String {
    let quoted = |value: &String| format!("\"{}\"", value.replace('\\', r"\\").replace('"', "\\\""));
    let known = [("name", &author.name), ("email", &author.email)];
    let known = known.into_iter().filter_map(|(key, value)| Some(format!("\t{key} = {}\n", quoted(value.as_ref()?))));
    let known: String = known.collect();
    let user = if known.is_empty() { "" } else { "[user]\n" };
    // A new branch pushes without a word in the configuration about where to, and is not given one.
    format!(
        "[include]\n\tpath = {IMAGE}\n{user}{known}[push]\n\tdefault = current\n[branch]\n\tautoSetupMerge = false\n"
    )
}

#[cfg(test)]
mod tests;
