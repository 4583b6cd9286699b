//! The header of a bundle, which an agent wrote: which commits it needs, and which references it brings. Pure.

use std::collections::BTreeSet;

/// Most bytes of a header.
pub const HEADER_LIMIT: usize = 1 << 20;
/// Most references.
const REFS_LIMIT: usize = 1000;
/// Most bytes of a reference's name: with what is put before it, no file system has to refuse it.
const NAME_LIMIT: usize = 200;
/// What the names of branches begin with.
pub const BRANCHES: &str = "refs/heads/";
/// A commit that no branch has.
pub const DETACHED: &str = "HEAD";

/// What a bundle says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Ids of the references, by name.
    pub refs: Vec<(String, String)>,
    /// Where the pack begins.
    pub pack: usize,
}

/// Why something is no bundle that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// It is something else, or broken.
    #[error("what the sandbox sent is no bundle of git's")]
    Broken,
    /// It asks for what nobody asked for.
    #[error("what the sandbox sent is a bundle with `{0}`, which was not asked for")]
    Capability(String),
    /// It goes on and on.
    #[error("what the sandbox sent has more than {REFS_LIMIT} branches, or names without an end")]
    TooLarge,
    /// A name is none that a branch can have beside the others.
    #[error("the sandbox has a branch named `{0}`, which cannot be pulled")]
    Name(String),
}

/// Reads the beginning of a bundle.
///
/// # Errors
/// It is no bundle, or brings something else than branches.
pub fn parse(bytes: &[u8]) -> Result<Header, BundleError> {
    let mut lines = Lines { bytes, at: 0 };
    let version = lines.next()?;
    if !["# v2 git bundle", "# v3 git bundle"].contains(&version) {
        return Err(BundleError::Broken);
    }
    let mut refs = Vec::new();
    loop {
        let line = lines.next()?;
        if line.is_empty() {
            break;
        }
        match (line.as_bytes()[0], line.split_once(' ')) {
            (b'@', _) if line.starts_with("@object-format=") => {}
            (b'@', _) => return Err(BundleError::Capability(line[1..].to_owned())),
            // What it needs, git compares with what is there.
            (b'-', _) => {}
            (_, Some((id, name))) if is_id(id) => refs.push((name.to_owned(), id.to_owned())),
            _ => return Err(BundleError::Broken),
        }
        if refs.len() > REFS_LIMIT {
            return Err(BundleError::TooLarge);
        }
    }
    check_names(&refs)?;
    Ok(Header { refs, pack: lines.at })
}

struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<&'a str, BundleError> {
        let rest = &self.bytes[self.at..];
        let too_large = self.bytes.len() >= HEADER_LIMIT;
        let end = rest.iter().position(|byte| *byte == b'\n');
        let end = end.ok_or(if too_large { BundleError::TooLarge } else { BundleError::Broken })?;
        self.at += end + 1;
        // What a commit says of itself stands in some of the lines, in whatever encoding: only names must be text.
        match std::str::from_utf8(&rest[..end]) {
            Ok(line) => Ok(line),
            Err(_) if rest[0] == b'-' => Ok("-"),
            Err(_) => Err(BundleError::Broken),
        }
    }
}

/// Tells whether a text is the id of an object.
pub fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Every name is one of a branch, and none lies in another one's way.
fn check_names(refs: &[(String, String)]) -> Result<(), BundleError> {
    let mut names = BTreeSet::new();
    for (name, _) in refs {
        let short = if name == DETACHED { name } else { name.strip_prefix(BRANCHES).unwrap_or_default() };
        if !is_name(short) || !names.insert(short) {
            return Err(BundleError::Name(name.clone()));
        }
    }
    let above = |name: &str| name.match_indices('/').any(|(end, _)| names.contains(&name[..end]));
    match names.iter().find(|name| above(name)) {
        Some(name) => Err(BundleError::Name((*name).to_owned())),
        None => Ok(()),
    }
}

/// The rules of git-check-ref-format(1), and no name that shows something else than it is.
fn is_name(name: &str) -> bool {
    let forbidden = |character: char| character.is_control() || " ~^:?*[\\".contains(character);
    let is_part =
        |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with('.') && !part.ends_with(".lock");
    name.len() <= NAME_LIMIT
        && name.split('/').all(is_part)
        && !name.contains(forbidden)
        && !name.contains("..")
        && !name.contains("@{")
        && name != "@"
}

#[cfg(test)]
mod tests;
