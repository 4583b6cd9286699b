//! The probe's question, the canary that it must not reach, and its answer.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use ipnet::Ipv4Net;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::frames::{Demultiplexer, Output};
use super::hijack::Stream;
use crate::host::random::{self, RandomError};
use crate::sandbox::protocol::{Attempt, ProbeReport};

/// How long the probe's answer may take, with the start of the container in it.
const PATIENCE: Duration = Duration::from_secs(20);
/// Most bytes that are read until the answer is there.
const ANSWER_LIMIT: usize = 1 << 20;
/// The attempt that only an image leaves open.
const IMAGE_LEAK: &str = "own-programs";
/// An address of this machine that a sandbox would reach.
const HOST_LEAK: &str = "host-address";
/// `kind` of an answer.
const KIND: &str = "cloister-probe";

/// Why a sandbox is not known to be sealed.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The canary could not be put up.
    #[error("could not listen for the probe")]
    Canary(#[source] io::Error),
    /// The kernel gave no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The stream broke.
    #[error("could not read what the probe found")]
    Read(#[source] io::Error),
    /// The init ended or fell silent without an answer.
    #[error("the probe gave no answer{}", said(.output))]
    NoAnswer {
        /// What the container printed instead.
        output: String,
    },
    /// It is not sealed.
    #[error("the sandbox is not sealed: {}", listed(.leaks))]
    Leak {
        /// The attempts that turned out as they must not.
        leaks: Vec<Attempt>,
    },
}

impl ProbeError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Leak { leaks } if leaks.iter().all(|leak| leak.id == IMAGE_LEAK) => Some(
                "nothing of the project ran; the image lets every user write there: `RUN chmod 755 / /run`".to_owned(),
            ),
            Self::Leak { .. } => Some(
                "nothing of the project ran; the engine does not isolate as it should: compare its version and its \
                 firewall rules with docs/threat-model.md"
                    .to_owned(),
            ),
            Self::NoAnswer { .. } => Some("nothing of the project ran; `docker info` may tell more".to_owned()),
            Self::Canary(_) | Self::Random(_) | Self::Read(_) => None,
        }
    }
}

fn said(output: &str) -> String {
    if output.is_empty() { String::new() } else { format!(": {}", output.trim().escape_debug()) }
}

fn listed(leaks: &[Attempt]) -> String {
    let one = |leak: &Attempt| format!("{} ({}): {}", leak.id, leak.target, leak.seen);
    leaks.iter().map(|leak| one(leak).escape_debug().to_string()).collect::<Vec<_>>().join("; ")
}

/// A listener on every address of the host that says a word that nobody can guess.
#[derive(Debug)]
pub struct Canary {
    /// Its port.
    pub port: u16,
    /// The word.
    pub nonce: String,
    task: JoinHandle<()>,
}

impl Canary {
    /// Puts the canary up until it is dropped.
    ///
    /// # Errors
    /// No port can be had.
    pub async fn put_up() -> Result<Self, ProbeError> {
        let nonce = random::token()?;
        // On Linux, the unspecified IPv6 address takes IPv4 as well; a kernel without IPv6 has only the other.
        let addresses = [SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)), SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))];
        let listener = TcpListener::bind(&addresses[..]).await.map_err(ProbeError::Canary)?;
        let port = listener.local_addr().map_err(ProbeError::Canary)?.port();
        let word = nonce.clone();
        let task = tokio::spawn(async move {
            while let Ok((mut peer, _)) = listener.accept().await {
                let word = word.clone();
                tokio::spawn(async move {
                    // A peer that is gone has shown nothing.
                    let _ = timeout(Duration::from_secs(1), peer.write_all(word.as_bytes())).await;
                });
            }
        });
        Ok(Self { port, nonce, task })
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Returns the addresses that must not answer.
pub fn forbidden(host: impl IntoIterator<Item = IpAddr>, gateway: Ipv4Addr, others: &[Ipv4Addr]) -> Vec<IpAddr> {
    let others = others.iter().copied().chain([gateway]).map(IpAddr::V4);
    host.into_iter().chain(others).collect()
}

/// Makes sure that this machine has no address on a sandbox's network. The probe alone could miss one: it waits for an
/// answer from there no longer than others take to answer.
///
/// # Errors
/// It has one.
pub fn apart(own: impl IntoIterator<Item = IpAddr>, network: Ipv4Net) -> Result<(), ProbeError> {
    let is_there = |address: &IpAddr| matches!(address, IpAddr::V4(address) if network.contains(address));
    let leak = |address: IpAddr| Attempt {
        id: HOST_LEAK.to_owned(),
        target: address.to_string(),
        closed: false,
        seen: "this machine has the address".to_owned(),
    };
    let leaks: Vec<Attempt> = own.into_iter().filter(is_there).map(leak).collect();
    if leaks.is_empty() { Ok(()) } else { Err(ProbeError::Leak { leaks }) }
}

/// Reads the answer from the container's output.
///
/// # Errors
/// There is none in time, or it says that the sandbox is open.
pub async fn answer(stream: &mut Stream) -> Result<ProbeReport, ProbeError> {
    judge(report(stream).await?)
}

/// Reads the answer, whatever it says.
///
/// # Errors
/// There is none in time.
pub async fn report(stream: &mut Stream) -> Result<ProbeReport, ProbeError> {
    let mut heard = Heard::default();
    let report = match timeout(PATIENCE, listen(stream, &mut heard)).await {
        Ok(report) => report?,
        Err(_elapsed) => None,
    };
    report.ok_or_else(|| ProbeError::NoAnswer { output: heard.text() })
}

fn judge(report: ProbeReport) -> Result<ProbeReport, ProbeError> {
    let open = report.attempts.iter().filter(|attempt| !attempt.closed);
    let leaks: Vec<Attempt> = open.cloned().collect();
    // Both must agree, and an answer without attempts proves nothing.
    if report.sealed && leaks.is_empty() && !report.attempts.is_empty() {
        Ok(report)
    } else {
        Err(ProbeError::Leak { leaks })
    }
}

#[derive(Debug, Default)]
struct Heard {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Heard {
    /// The last of what was printed, errors first.
    fn text(&self) -> String {
        let text = String::from_utf8_lossy(if self.stderr.is_empty() { &self.stdout } else { &self.stderr });
        let start = text.char_indices().rev().nth(400).map_or(0, |(index, _)| index);
        text[start..].to_owned()
    }

    fn report(&self) -> Option<ProbeReport> {
        let lines = self.stdout.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
        lines.filter_map(|line| serde_json::from_slice::<ProbeReport>(line).ok()).find(|report| report.kind == KIND)
    }
}

async fn listen(stream: &mut Stream, heard: &mut Heard) -> Result<Option<ProbeReport>, ProbeError> {
    let mut demultiplexer = Demultiplexer::default();
    let mut buffer = vec![0; 16 << 10];
    while heard.stdout.len() + heard.stderr.len() < ANSWER_LIMIT {
        let length = stream.read(&mut buffer).await.map_err(ProbeError::Read)?;
        if length == 0 {
            break;
        }
        let mut input = &buffer[..length];
        while let Some((output, bytes)) =
            demultiplexer.next(&mut input).map_err(|error| ProbeError::Read(io::Error::other(error)))?
        {
            match output {
                Output::Stdout => heard.stdout.extend_from_slice(bytes),
                Output::Stderr => heard.stderr.extend_from_slice(bytes),
            }
        }
        if let Some(report) = heard.report() {
            return Ok(Some(report));
        }
    }
    Ok(None)
}

/// Returns capabilities as the bits that the kernel shows (capabilities(7)); one that is not known is none.
pub(super) fn capabilities(names: &[String]) -> u64 {
    let number = |name: &str| match name {
        "CHOWN" => Some(0),
        "DAC_OVERRIDE" => Some(1),
        "FOWNER" => Some(3),
        "SETGID" => Some(6),
        "SETUID" => Some(7),
        _ => None,
    };
    names.iter().filter_map(|name| number(name)).fold(0, |bits, number: u32| bits | 1 << number)
}

#[cfg(test)]
mod tests;
