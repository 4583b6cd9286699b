#![expect(clippy::disallowed_methods, reason = "adapter: walks /proc")]
//! Which processes of the sandbox have a connection to the proxy open, by the port that it comes from: for the card that a
//! person looks at.
//!
//! It runs inside, as the agent's own user, who can have it say anything: what it says is the sandbox's word, and decides
//! nothing. It sees processes of that user alone, and reads no more than a bounded part of what there is.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::time::{Duration, Instant};

use super::protocol::Asking;
use crate::guardian::protocol::PROXY_PORT;

/// Most bytes of a table of connections.
const TABLE: u64 = 4 << 20;
/// Most descriptors that are looked at.
const DESCRIPTORS: usize = 1 << 16;
/// How long is looked.
const PATIENCE: Duration = Duration::from_secs(2);
/// Most bytes of a command line, and of the path of a program.
const TEXT: u64 = 2048;

/// Returns the process of each of these ports that one can be found for.
#[must_use]
pub fn find(ports: &[u16]) -> Vec<Asking> {
    let mut wanted = BTreeMap::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let table = String::from_utf8_lossy(&bounded(table, TABLE)).into_owned();
        wanted.extend(table.lines().filter_map(connection).filter(|(_, port)| ports.contains(port)));
    }
    let (end, mut looked, mut found) = (Instant::now() + PATIENCE, 0, Vec::new());
    let Ok(processes) = fs::read_dir("/proc") else { return found };
    let processes = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    for process in processes {
        // Those of other users cannot be looked into.
        let Ok(descriptors) = fs::read_dir(format!("/proc/{process}/fd")) else { continue };
        for descriptor in descriptors.flatten() {
            looked += 1;
            if wanted.is_empty() || looked > DESCRIPTORS || Instant::now() > end {
                return found;
            }
            let link = fs::read_link(descriptor.path()).unwrap_or_default();
            if let Some(port) = link.to_str().and_then(socket).and_then(|inode| wanted.remove(&inode)) {
                found.push(described(process, port));
            }
        }
    }
    found
}

/// Returns the inode and the local port of a line of a table, where it is about an open connection to the proxy.
fn connection(line: &str) -> Option<(u64, u16)> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let port = |field: &str| u16::from_str_radix(field.rsplit_once(':')?.1, 16).ok();
    let is_open = fields.get(3) == Some(&"01");
    let to_proxy = port(fields.get(2)?)? == PROXY_PORT;
    (is_open && to_proxy).then_some((fields.get(9)?.parse().ok()?, port(fields.get(1)?)?))
}

/// Returns the inode of a descriptor that is a socket.
fn socket(link: &str) -> Option<u64> {
    link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

fn described(process: u32, port: u16) -> Asking {
    let program = fs::read_link(format!("/proc/{process}/exe")).unwrap_or_default();
    let program = program.to_string_lossy().chars().take(usize::try_from(TEXT).unwrap_or_default()).collect();
    let words = bounded(&format!("/proc/{process}/cmdline"), TEXT);
    let words = words.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
    Asking { port, program, argv: words.filter(|word| !word.is_empty()).collect() }
}

fn bounded(path: &str, limit: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What cannot be read is as good as empty.
    let _ = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    bytes
}

#[cfg(test)]
mod tests;
