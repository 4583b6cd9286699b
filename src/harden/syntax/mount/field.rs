//! The keys of a mount, each with its aliases and the values it takes.

use super::{MountError, MountSpec, MountType};
use crate::harden::run_args::boolean;
use crate::harden::syntax::size;

impl MountSpec {
    pub(super) fn set(&mut self, key: &str, value: &str) -> Result<(), MountError> {
        if value.chars().any(char::is_control) {
            return Err(MountError::ControlCharacter);
        }
        let bad = || MountError::BadValue { key: key.to_owned(), value: value.to_owned() };
        let some = || Some(value.to_owned()).filter(|value| !value.is_empty());
        match key.to_ascii_lowercase().as_str() {
            "type" => self.kind = kind(value)?,
            "source" | "src" => self.source = some(),
            "target" | "dst" | "destination" => value.clone_into(&mut self.target),
            "readonly" | "ro" => self.readonly = boolean(value).ok_or_else(bad)?,
            "consistency" => self.consistency = some().map(|value| value.to_ascii_lowercase()),
            "bind-propagation" => self.propagation = some().map(|value| value.to_ascii_lowercase()),
            "bind-nonrecursive" => self.recursive = boolean(value).ok_or_else(bad)?.then(|| "disabled".to_owned()),
            "bind-recursive" => self.recursive = Some(recursive(value).ok_or_else(bad)?),
            "volume-driver" => self.volume_driver = some(),
            "volume-opt" => self.volume_options.push(value.to_owned()),
            "volume-label" => self.volume_labels.push(value.to_owned()),
            "volume-nocopy" => self.volume_nocopy = boolean(value).ok_or_else(bad)?,
            "volume-subpath" => self.volume_subpath = some(),
            "tmpfs-size" => self.tmpfs_size = Some(size::bytes(value).map_err(|_| bad())?),
            "tmpfs-mode" => self.tmpfs_mode = Some(mode(value).ok_or_else(bad)?),
            _ => self.unknown.push((key.to_owned(), value.to_owned())),
        }
        Ok(())
    }

    pub(super) fn set_bare(&mut self, key: &str) -> Result<(), MountError> {
        match key.to_ascii_lowercase().as_str() {
            "readonly" | "ro" => self.readonly = true,
            "volume-nocopy" => self.volume_nocopy = true,
            "bind-nonrecursive" => self.recursive = Some("disabled".to_owned()),
            _ => return Err(MountError::MissingValue(key.to_owned())),
        }
        Ok(())
    }

    pub(super) fn checked(self) -> Result<Self, MountError> {
        if self.target.is_empty() {
            return Err(MountError::MissingTarget);
        }
        let bind = self.propagation.is_some() || self.recursive.is_some();
        let volume = self.volume_driver.is_some()
            || self.volume_nocopy
            || self.volume_subpath.is_some()
            || !self.volume_options.is_empty()
            || !self.volume_labels.is_empty();
        let tmpfs = self.tmpfs_size.is_some() || self.tmpfs_mode.is_some();
        let wrong = [
            ("bind", bind, MountType::Bind),
            ("volume", volume, MountType::Volume),
            ("tmpfs", tmpfs, MountType::Tmpfs),
        ]
        .into_iter()
        .find(|(_, present, kind)| *present && self.kind != *kind);
        wrong.map_or(Ok(self), |(option, ..)| Err(MountError::WrongType { option }))
    }
}

/// Reads permissions in octal.
pub(in crate::harden::syntax) fn mode(value: &str) -> Option<u32> {
    let octal = !value.is_empty() && value.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    octal.then(|| u32::from_str_radix(value, 8).ok()).flatten()
}

fn kind(value: &str) -> Result<MountType, MountError> {
    match value.to_ascii_lowercase().as_str() {
        "" => Err(MountError::EmptyType),
        "bind" => Ok(MountType::Bind),
        "volume" => Ok(MountType::Volume),
        "tmpfs" => Ok(MountType::Tmpfs),
        other => Ok(MountType::Other(other.to_owned())),
    }
}

fn recursive(value: &str) -> Option<String> {
    let value = value.to_ascii_lowercase();
    ["enabled", "disabled", "writable", "readonly"].contains(&value.as_str()).then_some(value)
}
