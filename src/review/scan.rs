#![expect(clippy::disallowed_methods, reason = "adapter: the clock that ends a scan")]
//! Looks through a workspace for what matters, the folders near its root first.

mod git;

use std::collections::{BTreeMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::{AtFlags, Dir, FileType, Stat};
use rustix::io::Errno;

use super::{Kind, Mark, Snapshot, rules};
use crate::host::beneath::{Root, kind};
use crate::ident::sha256_hex;

/// Most bytes that are read of one file; of a larger one its size and last change count.
const FILE_LIMIT: u64 = 1 << 20;
/// Memory that a name takes besides its own bytes, and what is known of the file by then.
const NAME_COST: usize = 64 + size_of::<Stat>();
/// Bits that give a program its owner's or group's rights.
const SETUID: u32 = 0o6000;

/// How much is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Entries of folders.
    pub entries: usize,
    /// Bytes of files.
    pub bytes: u64,
    /// Bytes of memory for what was found, and what is still to be looked at.
    pub held: usize,
    /// Time.
    pub time: Duration,
}

/// What a start may spend, beside the engine's own work; what a look afterwards may.
pub const AT_START: Bounds =
    Bounds { entries: 300_000, bytes: 64 << 20, held: 128 << 20, time: Duration::from_secs(1) };
/// See [`AT_START`].
pub const AFTERWARDS: Bounds =
    Bounds { entries: 1_000_000, bytes: 256 << 20, held: 256 << 20, time: Duration::from_secs(4) };

/// Looks through a folder, leaving out the paths in `without`. A folder that is not there has nothing in it.
pub fn scan(folder: &Path, without: &[String], bounds: Bounds) -> Snapshot {
    let taken = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let taken = i64::try_from(taken.as_nanos()).unwrap_or(i64::MAX);
    let Ok(root) = Root::open(folder) else {
        return Snapshot { taken, complete: false, marks: BTreeMap::new() };
    };
    let mut scan = Scan {
        root,
        entries: bounds.entries,
        bytes: bounds.bytes,
        held: bounds.held,
        deadline: Instant::now() + bounds.time,
        complete: true,
        marks: BTreeMap::new(),
    };
    scan.everything();
    for path in without {
        scan.marks.remove(path);
    }
    Snapshot { taken, complete: scan.complete, marks: scan.marks }
}

type Names = Vec<(OsString, Stat)>;

struct Scan {
    root: Root,
    entries: usize,
    bytes: u64,
    held: usize,
    deadline: Instant,
    complete: bool,
    marks: BTreeMap<String, Mark>,
}

impl Scan {
    /// Breadth first: what lies deep, or after a million files, must not hide what lies in front.
    fn everything(&mut self) {
        let mut pending = VecDeque::from([PathBuf::new()]);
        self.hold(cost(Path::new("")));
        let device = self.root.device().ok();
        while let Some(folder) = pending.pop_front() {
            self.held += cost(&folder);
            let Some(names) = self.names(&folder) else { continue };
            let has = |name: &str| names.iter().any(|(known, _)| known == name);
            if !folder.as_os_str().is_empty() && has("HEAD") && has("objects") && has("refs") {
                self.repository(&folder);
                self.release(names);
                continue;
            }
            for (name, status) in &names {
                let path = folder.join(name);
                match kind(status) {
                    _ if name == ".git" => self.pointer(&path, status),
                    // What is mounted there is not the workspace's, and may never answer.
                    FileType::Directory if Some(status.st_dev) == device => {
                        if self.hold(cost(&path)) {
                            pending.push_back(path);
                        }
                    }
                    FileType::Directory => {}
                    _ => self.entry(&path, status),
                }
            }
            self.release(names);
        }
    }

    /// Lets go of the names of a folder.
    fn release(&mut self, names: Names) {
        self.held += names.iter().map(|(name, _)| cost(Path::new(name))).sum::<usize>();
    }

    /// Returns names and nature of what lies in a folder; `None` where it cannot be listed.
    fn names(&mut self, folder: &Path) -> Option<Names> {
        let listed = self.root.list(folder).and_then(|descriptor| Ok((Dir::read_from(&descriptor)?, descriptor)));
        let (listing, descriptor) = match listed {
            Ok(listed) => listed,
            Err(Errno::NOENT) => return None,
            Err(_) => {
                self.mark(folder, Kind::Unseen, String::new(), 0);
                return None;
            }
        };
        let mut names = Vec::new();
        for entry in listing {
            let Ok(entry) = entry else { break };
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            if !self.goes_on() || !self.hold(cost(Path::new(name))) {
                break;
            }
            match rustix::fs::statat(&descriptor, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(status) => names.push((name.to_owned(), status)),
                Err(_) => self.held += cost(Path::new(name)),
            }
        }
        Some(names)
    }

    /// Sets memory aside; an agent decides how many names there are, and how long they are.
    fn hold(&mut self, bytes: usize) -> bool {
        let left = self.held.checked_sub(bytes);
        self.held = left.unwrap_or(self.held);
        self.complete &= left.is_some();
        left.is_some()
    }

    fn goes_on(&mut self) -> bool {
        let goes_on = self.entries > 0 && Instant::now() < self.deadline;
        self.entries = self.entries.saturating_sub(1);
        self.complete &= goes_on;
        goes_on
    }

    /// A file, a link, a pipe.
    fn entry(&mut self, path: &Path, status: &Stat) {
        let named = rules::kind(&path.to_string_lossy());
        match kind(status) {
            FileType::RegularFile if status.st_mode & SETUID != 0 => self.marked(path, status, Kind::Setuid),
            FileType::RegularFile => named.into_iter().for_each(|named| self.marked(path, status, named)),
            FileType::Symlink if self.leads_out(path) => self.marked(path, status, Kind::Link),
            FileType::Symlink => named.into_iter().for_each(|named| self.marked(path, status, named)),
            _ => self.marked(path, status, Kind::Special),
        }
    }

    fn leads_out(&self, path: &Path) -> bool {
        match self.root.leads_out(path) {
            Ok(out) => out,
            // It leads nowhere now; what it would lead to is in its text.
            Err(_) => self.target(path).is_some_and(|target| climbs(path, Path::new(&target))),
        }
    }

    fn target(&self, path: &Path) -> Option<OsString> {
        let folder = self.root.parent(path).ok()?;
        let target = rustix::fs::readlinkat(folder, path.file_name()?, Vec::new()).ok()?;
        Some(OsStr::from_bytes(target.to_bytes()).to_owned())
    }

    /// Notes an entry with what tells it from another one.
    fn marked(&mut self, path: &Path, status: &Stat, why: Kind) {
        let changed = changed(status);
        let print = match kind(status) {
            FileType::RegularFile => self.digest(path, status),
            FileType::Symlink => self.target(path).map(|target| format!("-> {}", target.to_string_lossy())),
            other => Some(format!("{other:?}")),
        };
        if let Some(print) = print {
            let rights = if status.st_mode & SETUID == 0 { "" } else { "setuid " };
            self.mark(path, why, format!("{rights}{print}"), changed);
        }
    }

    /// Returns what of a file matters, in short; `None` where nothing does.
    fn digest(&mut self, path: &Path, status: &Stat) -> Option<String> {
        let size = u64::try_from(status.st_size).unwrap_or_default();
        if size <= FILE_LIMIT.min(self.bytes) {
            self.bytes -= size;
            if let Ok(Some(bytes)) = self.root.read(path, FILE_LIMIT) {
                return rules::relevant(&path.to_string_lossy(), &bytes).map(|bytes| sha256_hex(&bytes));
            }
        }
        Some(format!("{size} bytes at {}", changed(status)))
    }

    fn mark(&mut self, path: &Path, kind: Kind, print: String, changed: i64) {
        if !self.hold(cost(path) + print.len()) {
            return;
        }
        self.marks.insert(path.to_string_lossy().into_owned(), Mark { kind, print, changed });
    }
}

fn cost(path: &Path) -> usize {
    NAME_COST + path.as_os_str().len()
}

fn changed(status: &Stat) -> i64 {
    let nanoseconds = i64::try_from(status.st_ctime_nsec).unwrap_or_default();
    status.st_ctime.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
}

/// Whether the text of a link leads above the folder that its path is relative to.
fn climbs(path: &Path, target: &Path) -> bool {
    let mut depth = path.components().count().saturating_sub(1);
    for component in target.components() {
        match component {
            std::path::Component::RootDir => return true,
            std::path::Component::ParentDir if depth == 0 => return true,
            std::path::Component::ParentDir => depth -= 1,
            std::path::Component::Normal(_) => depth += 1,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests;
