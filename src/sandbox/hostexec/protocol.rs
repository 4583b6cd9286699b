//! What the client in a sandbox and the control plane say to each other: newline-delimited JSON in both directions, over a
//! tunnel that the guardian leads to the control plane. One tunnel is one question.
//!
//! Invariant: nothing here says who asks. The guardian names the sandbox; what a client says of itself counts for nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Longest line in bytes: a command line of [`ARGV_LIMIT`] whose every byte is escaped.
pub const LINE_LIMIT: usize = 1 << 20;
/// Most bytes of all words of a command together, as much as Linux takes for one.
pub const ARGV_LIMIT: usize = 128 << 10;
/// Most words of a command.
pub const WORDS_LIMIT: usize = 4096;
/// Most bytes of one piece of input or output, before they are written in base64.
pub const PIECE_LIMIT: usize = 16 << 10;
/// Most bytes of a working directory, as much as Linux takes for a path.
pub const FOLDER_LIMIT: usize = 4096;
/// Most bytes that an agent gives as its reason.
pub const REASON_LIMIT: usize = 1024;

/// What the client says. The first line is `Run` or `RequestDomain`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ask {
    /// Run a command on the host.
    Run(Run),
    /// Bytes for its standard input, in base64. One may come once it runs, and each further one after `Taken`: so that
    /// nothing ever stands in the way of `Cancel`.
    Stdin(String),
    /// Its standard input ends; after `Taken` as well.
    End,
    /// End it, at any time. So does the end of the tunnel.
    Cancel,
    /// Let this sandbox reach a host.
    RequestDomain(RequestDomain),
}

/// A command as it is asked for. There is no environment in it: that is not the agent's (SEC-64).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Program and arguments; no shell reads them (SEC-62).
    pub argv: Vec<String>,
    /// Working directory in the sandbox.
    pub cwd: String,
    /// Whether it is to get what the client's standard input says.
    pub stdin: bool,
}

/// A host that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestDomain {
    /// `HOST` or `HOST:PORT`.
    pub host: String,
    /// What for, in the agent's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What the control plane says. `Exited`, `Signal`, `Refused` and `Domain` are the last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Tell {
    /// It waits for somebody; can be said again.
    Pending {
        /// Lower-case fragment: for whom, and until when.
        why: String,
    },
    /// The command runs.
    Started,
    /// Bytes of its standard output, in base64.
    Stdout(String),
    /// Bytes of its standard error, in base64.
    Stderr(String),
    /// The last piece of input was taken.
    Taken,
    /// It ended by itself.
    Exited {
        /// Its exit code.
        code: i32,
    },
    /// A signal ended it.
    Signal {
        /// Number of the signal.
        number: i32,
    },
    /// It does not run, or not to its end.
    Refused(Refusal),
    /// The answer about a host.
    Domain {
        /// Whether the sandbox may reach it now.
        allowed: bool,
        /// One sentence: for how long, or why not.
        text: String,
    },
}

/// Why something does not happen, for agents and for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// As a status of HTTP says it: 400 asked wrongly, 403 not allowed, 408 too late, 413 too large, 429 too often, 503 not now.
    pub status: u16,
    /// Machine-readable.
    pub reason: Reason,
    /// Lower-case fragment: why, and what to do next.
    pub text: String,
}

/// Machine-readable reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Not a line of this protocol, or not one that may come now.
    BadRequest,
    /// The working directory is not in the workspace.
    BadFolder,
    /// The program is not there, or cannot run.
    NotFound,
    /// More than one question may hold.
    TooLarge,
    /// A rule of the user's denies it.
    DeniedByRule,
    /// A person said no.
    Denied,
    /// What was shown is not there any more: it has to be asked for again.
    ContentChanged,
    /// Nobody answered.
    Expired,
    /// It ran longer than it may.
    TimedOut,
    /// It wrote more than it may.
    OutputLimit,
    /// Too much runs or waits already.
    TooMany,
    /// Not now: the control plane ends, or the program could not be started.
    Unavailable,
}

impl Reason {
    /// Returns the status of HTTP that says the same.
    pub fn status(self) -> u16 {
        match self {
            Self::BadRequest | Self::BadFolder => 400,
            Self::DeniedByRule | Self::Denied => 403,
            Self::NotFound => 404,
            Self::Expired | Self::TimedOut => 408,
            Self::ContentChanged => 409,
            Self::TooLarge | Self::OutputLimit => 413,
            Self::TooMany => 429,
            Self::Unavailable => 503,
        }
    }

    /// Returns the refusal for this reason; `text` says why and what to do next.
    pub fn because(self, text: impl Into<String>) -> Refusal {
        Refusal { status: self.status(), reason: self, text: text.into() }
    }
}

/// Returns a line as it goes over the tunnel, its end included.
pub fn line(said: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(said).expect("every key is a text");
    line.push(b'\n');
    line
}

/// Returns bytes as a piece carries them.
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Returns the bytes of a piece.
///
/// # Errors
/// It is not base64, or holds more than [`PIECE_LIMIT`].
pub fn decode(piece: &str) -> Result<Vec<u8>, Refusal> {
    let bytes = STANDARD.decode(piece).map_err(|_| Reason::BadRequest.because("a piece is not base64"))?;
    if bytes.len() > PIECE_LIMIT {
        return Err(Reason::TooLarge.because(format!("a piece holds more than {PIECE_LIMIT} bytes")));
    }
    Ok(bytes)
}

/// Cuts what comes over a tunnel into lines, however it arrives.
#[derive(Debug, Default)]
pub struct Lines {
    held: Vec<u8>,
    /// What of `held` is known to hold no end of a line.
    searched: usize,
}

impl Lines {
    /// Takes what arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// Returns the next line that is complete.
    ///
    /// # Errors
    /// It is longer than [`LINE_LIMIT`], or says something else. Nothing can be read after that.
    pub fn take<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Refusal> {
        let end = self.held[self.searched..].iter().position(|byte| *byte == b'\n').map(|at| at + self.searched);
        if end.unwrap_or(self.held.len()) > LINE_LIMIT {
            return Err(Reason::TooLarge.because(format!("a line is longer than {LINE_LIMIT} bytes")));
        }
        let Some(end) = end else {
            self.searched = self.held.len();
            return Ok(None);
        };
        let parsed = serde_json::from_slice(&self.held[..end]);
        self.held.drain(..=end);
        self.searched = 0;
        parsed
            .map(Some)
            .map_err(|error| Reason::BadRequest.because(format!("a line that is not of this protocol: {error}")))
    }
}

impl Run {
    /// Checks what needs nothing but the question itself.
    ///
    /// # Errors
    /// There is no program, a word holds a NUL, or it is more than one question may hold.
    pub fn check(&self) -> Result<(), Refusal> {
        let bytes: usize = self.argv.iter().map(|word| word.len() + 1).sum();
        if bytes > ARGV_LIMIT || self.argv.len() > WORDS_LIMIT || self.cwd.len() > FOLDER_LIMIT {
            let text = format!("a command takes at most {WORDS_LIMIT} words of {ARGV_LIMIT} bytes together");
            return Err(Reason::TooLarge.because(text));
        }
        if self.argv.first().is_none_or(String::is_empty) {
            return Err(Reason::BadRequest.because("it names no program"));
        }
        if self.argv.iter().chain([&self.cwd]).any(|word| word.contains('\0')) {
            return Err(Reason::BadRequest.because("a word holds a NUL, which no command can take"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
