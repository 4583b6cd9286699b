//! One mount, whatever syntax it was asked for in: `--mount` and `mounts` here, `-v` in [`super::volume`], `--tmpfs` in
//! [`super::tmpfs`].
//!
//! Invariant: nothing that was asked is lost; what nobody knows is in [`MountSpec::unknown`].

mod field;

pub(super) use field::mode;

use super::csv::{self, CsvError};
use crate::config::model::Text;

/// What a mount is made from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum MountType {
    /// A folder or file of the host.
    Bind,
    /// A volume; Docker's default.
    #[default]
    Volume,
    /// Memory.
    Tmpfs,
    /// Another type (`npipe`, `cluster`, `image`), in lower case.
    Other(String),
}

/// One mount as it was asked for. Where a key stands twice the last one counts, as with Docker.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MountSpec {
    /// What it is made from.
    pub kind: MountType,
    /// Host path or name of the volume, as written; `None` for an anonymous volume and for memory.
    pub source: Option<String>,
    /// Path inside, as written.
    pub target: String,
    /// Whether it is read-only.
    pub readonly: bool,
    /// Propagation, in lower case.
    pub propagation: Option<String>,
    /// `bind-recursive`, in lower case; `disabled` for `bind-nonrecursive`.
    pub recursive: Option<String>,
    /// Driver that provides the volume.
    pub volume_driver: Option<String>,
    /// Options of that driver, `key=value`.
    pub volume_options: Vec<String>,
    /// Labels of the volume, `key=value`.
    pub volume_labels: Vec<String>,
    /// Whether a new volume stays empty instead of getting the image's files.
    pub volume_nocopy: bool,
    /// Folder of the volume that is mounted instead of the whole.
    pub volume_subpath: Option<String>,
    /// Size of the memory in bytes.
    pub tmpfs_size: Option<u64>,
    /// Permissions of the memory's root.
    pub tmpfs_mode: Option<u32>,
    /// Further options of the memory (`exec`, `nosuid`, `uid=…`).
    pub tmpfs_options: Vec<String>,
    /// Whether SELinux labels of the source would be changed (`z`, `Z`).
    pub relabel: bool,
    /// Consistency of the macOS file sharing, in lower case; without effect on Linux.
    pub consistency: Option<String>,
    /// Keys and options that nobody knows, with their values.
    pub unknown: Vec<(String, String)>,
}

/// Why a text or an object is not a mount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MountError {
    /// Not comma-separated fields.
    #[error("it is not a list of fields")]
    Fields(#[source] CsvError),
    /// A field without a value whose key needs one.
    #[error("the field {0:?} has no value")]
    MissingValue(String),
    /// A value that its key does not take.
    #[error("{key} does not take {value:?}")]
    BadValue {
        /// The key.
        key: String,
        /// Its value.
        value: String,
    },
    /// No path inside.
    #[error("it names no target")]
    MissingTarget,
    /// An empty type.
    #[error("its type is empty")]
    EmptyType,
    /// An option of one type on a mount of another.
    #[error("{option} options do not fit a mount of this type")]
    WrongType {
        /// `bind`, `volume` or `tmpfs`.
        option: &'static str,
    },
    /// A control character in a value.
    #[error("it contains a control character")]
    ControlCharacter,
    /// Too many colons, or nothing between two of them (`-v`).
    #[error("it is not of the form [SOURCE:]TARGET[:OPTIONS]")]
    Colons,
    /// A drive letter in front of a path (`-v`).
    #[error("it is a path of Windows")]
    WindowsPath,
}

/// Reads the `--mount` syntax.
pub fn text(text: &str) -> Result<MountSpec, MountError> {
    let fields = csv::record(text).map_err(MountError::Fields)?;
    let mut spec = MountSpec::default();
    for field in &fields {
        match field.split_once('=') {
            Some((key, value)) => spec.set(key, value)?,
            None => spec.set_bare(field)?,
        }
    }
    spec.checked()
}

/// Reads the object form of `mounts`; its values are never split at commas.
pub fn object(fields: &[(String, Text)]) -> Result<MountSpec, MountError> {
    let mut spec = MountSpec::default();
    for (key, value) in fields {
        spec.set(key, &value.value)?;
    }
    spec.checked()
}

/// Returns whether a text is a name that the engine takes for a local volume.
pub fn is_volume_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    first && text.len() > 1 && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

#[cfg(test)]
mod tests;
