//! What `start` asks of the init, and what the init says: one JSON argument in, one JSON line out.
//!
//! The argument is visible to `docker inspect`, but to nothing inside: the init takes it out of its command line. The
//! answer is printed before anything else runs.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

/// Folder inside the sandbox that holds cloister's programs, read-only.
pub const PROGRAMS_TARGET: &str = "/run/cloister/bin";
/// Folder inside the sandbox that holds the files written for it, read-only.
pub const FILES_TARGET: &str = "/run/cloister/files";
/// Folder of programs that are found first in the set-up phase, and are there in it alone.
pub const SETUP_PROGRAMS: &str = "/run/cloister/files/setup";
/// The init inside the sandbox.
pub const INIT: &str = "/run/cloister/bin/cloister-init";
/// The client inside the sandbox.
pub const CLIENT: &str = "/run/cloister/bin/cloister-hostexec";
/// Where the client's self-check asks to go. No list can allow it: RFC 6761 reserves the domain, nobody can own it.
pub const SELF_CHECK_HOST: &str = "cloister-self-check.invalid";
/// Exit code of the init when the sandbox is not sealed.
pub const LEAK_EXIT: i32 = 86;
/// Marks the processes of one `exec`, so that a signal finds them: `CLOISTER_EXEC=<id>`.
pub const EXEC_MARK: &str = "CLOISTER_EXEC";

/// A process inside that has a connection to the proxy open, in the sandbox's own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asking {
    /// The port that the connection comes from.
    pub port: u16,
    /// Path of its program.
    pub program: String,
    /// Its command line, cut.
    pub argv: Vec<String>,
}

/// What the probe tries; everything in it must turn out unreachable, but for the guardian.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ProbeRequest {
    /// The guardian's address: the only peer that may answer.
    pub guardian: Ipv4Addr,
    /// Port of the proxy there.
    pub guardian_port: u16,
    /// Addresses of the host, of the gateway, of other sandboxes: none may answer.
    pub forbidden: Vec<IpAddr>,
    /// Port of a canary that `start` keeps open on the host while the probe runs; 0 where there is none.
    pub canary_port: u16,
    /// What the canary says when it is reached.
    pub nonce: String,
    /// Expected user and group of every process.
    pub user: String,
    /// Capabilities that it has, as the bits of capabilities(7); none but in the set-up phase.
    #[serde(default)]
    pub capabilities: u64,
    /// What must be at the targets of bind mounts: a path of the host can be exchanged between check and mount.
    pub mounts: Vec<ExpectedMount>,
}

/// The file or folder that must be at a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ExpectedMount {
    /// Where.
    pub target: String,
    /// Its device.
    pub device: u64,
    /// Its inode.
    pub inode: u64,
}

/// What `cloister-init run` is told to become once it may: on standard input, so that nothing of a command is inside
/// before somebody has made sure that the sandbox is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RunRequest {
    /// Working directories; the first that can be entered counts.
    pub folders: Vec<String>,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Environment on top of its own.
    pub env: BTreeMap<String, String>,
}

impl RunRequest {
    /// Returns it as it goes over standard input: four bytes that say how long it is, the highest first, then JSON. What
    /// follows belongs to the command.
    pub fn to_bytes(&self) -> Vec<u8> {
        let json = serde_json::to_vec(self).expect("a request has text keys only");
        let length = u32::try_from(json.len()).expect("a command line is shorter than 4 GiB");
        [&length.to_be_bytes()[..], &json].concat()
    }

    /// Reads one, and not a byte more; `None` where nothing came, since whoever asked for it went away.
    ///
    /// # Errors
    /// It ends in the middle, or is not one.
    pub fn read(mut input: impl Read) -> io::Result<Option<Self>> {
        let mut length = [0; 4];
        match input.read_exact(&mut length) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let mut json = Vec::new();
        input.take(u32::from_be_bytes(length).into()).read_to_end(&mut json)?;
        Ok(Some(serde_json::from_slice(&json)?))
    }
}

/// What the init prints once, as one line on standard output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProbeReport {
    /// Always `cloister-probe`, so that the line is recognised.
    pub kind: String,
    /// Whether the sandbox is sealed.
    pub sealed: bool,
    /// One entry for each attempt.
    pub attempts: Vec<Attempt>,
    /// Duration in microseconds.
    pub microseconds: u64,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// Stable id, for example `host-address`, `gateway`, `internet`, `dns-embedded`, `ipv6`, `capabilities`.
    pub id: String,
    /// What was tried, with the address.
    pub target: String,
    /// Whether it turned out as it must.
    pub closed: bool,
    /// What was seen.
    pub seen: String,
}

#[cfg(test)]
mod tests;
