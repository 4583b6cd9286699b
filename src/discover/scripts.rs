//! Files of the mounted folder that a command for the host would run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::facts::Script;
use crate::host::beneath::{self, Links, READ};
use crate::ident::sha256_hex;

/// Most bytes of one: as many as are held while a command runs.
const LIMIT: u64 = 8 << 20;
/// Most bytes of one whose text is shown.
const TEXT_LIMIT: usize = 256 << 10;

/// Reads the files that first words of commands name, as a command in `folder` would find them. What is not there, is no
/// regular file, or lies elsewhere, is left out.
pub fn scripts<'a>(
    words: impl IntoIterator<Item = &'a str>,
    folder: &Path,
    mount_root: &Path,
) -> BTreeMap<String, Script> {
    words.into_iter().filter_map(|word| Some((word.to_owned(), script(word, folder, mount_root)?))).collect()
}

fn script(word: &str, folder: &Path, mount_root: &Path) -> Option<Script> {
    // A name without a slash is looked for where programs are.
    let path = word.contains('/').then(|| folder.join(word))?;
    let below = path.strip_prefix(mount_root).map(PathBuf::from).ok()?;
    let root = beneath::pin(mount_root, OFlags::DIRECTORY).ok()?;
    let opened = beneath::open(&root, below, READ, Links::Within).ok()?;
    let bytes = beneath::regular(opened, LIMIT + 1).ok()??;
    let digest = format!("sha256:{}", sha256_hex(&bytes));
    let text = String::from_utf8(bytes).ok().filter(|text| text.len() <= TEXT_LIMIT);
    Some(Script { digest, text })
}
