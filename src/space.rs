//! How much room is left where sandboxes write, and how much is too little. Pure.
//!
//! No engine limits how much a container writes on the usual file systems (overlay2 on ext4 refuses `storage-opt`), so
//! that free space is what can be watched (SEC-19).

use serde::{Deserialize, Serialize};

/// A file system smaller than ten times what is to stay free keeps this part of itself free instead.
const LEAST_PART: u64 = 10;

/// Files that must stay possible on a large file system: empty ones fill it as well, and no number of bytes says so.
const FILES: u64 = 100_000;

/// What lies on a file system that sandboxes fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Containers, volumes and images.
    Engine,
    /// Home folders of sandboxes.
    Homes,
    /// The folder that an agent works on.
    Workspace,
}

impl What {
    /// Returns what people call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Engine => "the engine's data",
            Self::Homes => "the home folders of sandboxes",
            Self::Workspace => "the workspace",
        }
    }
}

/// A file system with something on it that sandboxes fill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Space {
    /// What it is.
    pub what: What,
    /// Where.
    pub path: String,
    /// Bytes that are free for users.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
    /// Files that can still be made.
    #[serde(default)]
    pub files_free: u64,
    /// Files in all; 0 where the file system does not count them.
    #[serde(default)]
    pub files_total: u64,
}

impl Space {
    /// Returns the bytes that must stay free here, where `wanted` must stay free on a large file system.
    pub fn floor(&self, wanted: u64) -> u64 {
        wanted.min(self.total / LEAST_PART)
    }

    /// Returns the files that must stay possible here.
    pub fn files_floor(&self) -> u64 {
        FILES.min(self.files_total / LEAST_PART)
    }

    /// Tells whether less is free than must stay. With nothing wanted, nothing is watched.
    pub fn is_short(&self, wanted: u64) -> bool {
        self.free < self.floor(wanted) || wanted > 0 && self.is_short_of_files()
    }

    /// Tells whether fewer files are possible than must stay.
    pub fn is_short_of_files(&self) -> bool {
        self.files_free < self.files_floor()
    }
}

/// Too little is free.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", said(.space, *.wanted))]
pub struct Short {
    /// Where.
    pub space: Space,
    /// What must stay free on a large file system, in bytes.
    pub wanted: u64,
}

impl Short {
    /// Returns what to do next.
    pub fn hint(&self) -> String {
        let room = match self.space.what {
            What::Engine => "make room: `cloister gc`, `docker system prune`",
            What::Homes => "make room: `cloister gc`",
            What::Workspace => "make room there",
        };
        let otherwise = if self.space.free < self.space.floor(self.wanted) { "a smaller" } else { "no" };
        format!("{room}; or set {otherwise} `limits.freeSpace` in config.json5")
    }
}

fn said(space: &Space, wanted: u64) -> String {
    let place = format!("{} (`{}`)", space.what.as_str(), space.path);
    if space.free < space.floor(wanted) {
        return format!(
            "only {} are free for {place}, and {} must stay free",
            size(space.free),
            size(space.floor(wanted))
        );
    }
    format!("only {} more files fit on the file system of {place}, and {} must", space.files_free, space.files_floor())
}

/// Returns the first file system with too little room.
pub fn short(spaces: impl IntoIterator<Item = Space>, wanted: u64) -> Option<Short> {
    spaces.into_iter().find(|space| space.is_short(wanted)).map(|space| Short { space, wanted })
}

/// Returns a size as people read it, rounded down: `1.5 GiB`.
pub fn size(bytes: u64) -> String {
    let units = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let fitting = units.into_iter().find(|(unit, _)| bytes >= *unit);
    fitting.map_or_else(
        || format!("{bytes} bytes"),
        |(unit, name): (u64, _)| {
            let tenths = (bytes % unit) / (unit / 10);
            format!("{}.{} {name}", bytes / unit, tenths.min(9))
        },
    )
}

#[cfg(test)]
mod tests;
