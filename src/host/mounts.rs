//! What is mounted on this machine, as far as this process sees it (`/proc/self/mountinfo`, proc(5)).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::file::{self, FileError};

/// The kernel's list.
const LIST: &str = "/proc/self/mountinfo";
/// Most bytes of it that are read.
const LIST_LIMIT: u64 = 16 << 20;

/// Where something is mounted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mounts(Vec<PathBuf>);

impl Mounts {
    /// Reads the list.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read() -> Result<Self, FileError> {
        Ok(Self::parse(&file::read(Path::new(LIST), LIST_LIMIT)?))
    }

    fn parse(list: &[u8]) -> Self {
        let target = |line: &[u8]| line.split(|byte| *byte == b' ').nth(4).map(unescape);
        Self(list.split(|byte| *byte == b'\n').filter_map(target).collect())
    }

    /// Returns a place in a folder, other than the folder itself, where something is mounted.
    pub fn below(&self, folder: &Path) -> Option<&Path> {
        self.0.iter().map(PathBuf::as_path).find(|place| *place != folder && place.starts_with(folder))
    }
}

/// The kernel writes what would end a field or a line as three octal digits.
fn unescape(field: &[u8]) -> PathBuf {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((byte, after)) = rest.split_first() {
        let digits =
            after.get(..3).filter(|digits| *byte == b'\\' && digits.iter().all(|digit| (b'0'..b'8').contains(digit)));
        let value =
            digits.map(|digits| digits.iter().fold(0u8, |sum, digit| sum.wrapping_mul(8).wrapping_add(digit - b'0')));
        plain.push(value.unwrap_or(*byte));
        rest = &after[if value.is_some() { 3 } else { 0 }..];
    }
    PathBuf::from(OsStr::from_bytes(&plain))
}

#[cfg(test)]
mod tests;
