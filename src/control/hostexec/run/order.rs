//! What the control plane and a keeper say to each other, over a pair of sockets: an order as its length and JSON, the
//! contents of a program that agents can write, then frames of input; back come lines of JSON. Where the control plane's
//! half ends, so does the command.

use std::collections::BTreeMap;
use std::io::{self, Read};

use serde::{Deserialize, Serialize};

use super::super::command::{File, HostCommand};
use super::super::prepare::Prepared;
use crate::sandbox::hostexec::protocol::Refusal;
use crate::sandbox::protocol::EXEC_MARK;

/// Longest order in bytes: words and variables, every byte escaped.
const LONGEST: u32 = 16 << 20;

/// What a keeper is to run.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    /// Program and arguments.
    pub(super) argv: Vec<String>,
    /// The program of the machine that is started.
    pub(super) starts: Starts,
    /// The whole environment.
    pub(super) env: BTreeMap<String, String>,
    /// Whether it gets what comes in frames.
    pub(super) stdin: bool,
}

/// What is started.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Starts {
    /// A program of the machine.
    Installed(File),
    /// The contents that follow the order, so many bytes: as a program of their own, or run by a program of the machine
    /// that is called by these words.
    Contents {
        /// How many.
        bytes: u64,
        /// What runs them.
        interpreter: Option<(Vec<String>, File)>,
    },
}

/// What a keeper says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Report {
    /// The command runs.
    Started,
    /// It does not.
    Refused(Refusal),
    /// It ended by itself.
    Exited(i32),
    /// A signal ended it.
    Signal(i32),
}

impl Order {
    /// Returns the order for a command; its processes carry `mark`.
    pub(super) fn of(prepared: &Prepared, mark: &str) -> Self {
        let HostCommand { argv, program, interpreter, stdin, .. } = &prepared.command;
        let starts = match &prepared.snapshot {
            None => Starts::Installed(program.clone()),
            Some(snapshot) => Starts::Contents {
                bytes: snapshot.bytes.len() as u64,
                interpreter: interpreter.as_ref().map(|one| (one.argv.clone(), one.file.clone())),
            },
        };
        let mut env = prepared.environment.clone();
        env.insert(EXEC_MARK.to_owned(), mark.to_owned());
        Self { argv: argv.clone(), starts, env, stdin: *stdin }
    }

    /// Returns it as it goes over the socket.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        frame(&serde_json::to_vec(self).expect("an order has text keys only"))
    }

    /// Reads one, and not a byte more.
    pub(super) fn read(mut from: impl Read) -> io::Result<Self> {
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length);
        if length > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut json = Vec::new();
        from.take(length.into()).read_to_end(&mut json)?;
        Ok(serde_json::from_slice(&json)?)
    }
}

/// Returns bytes behind their length; none at all are the end of input.
pub(super) fn frame(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("a piece is short");
    [&length.to_be_bytes()[..], bytes].concat()
}
