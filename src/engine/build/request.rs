//! The one call that builds (Engine API, `POST /build`). BuildKit takes it as well, without a session: then there is nobody
//! whom it could ask for a secret, a key or a credential of this machine.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use serde_json::json;
use tokio::sync::mpsc;

use super::super::connect::Engine;
use super::super::hijack;
use super::BuildError;
use super::context::{Context, ContextError, DOCKERFILE};
use super::holder::Holder;
use crate::plan::model::{Build, BuildNetwork, Limits};
use crate::source::Spanned;

/// Bytes of the archive that are sent at once.
const CHUNK: usize = 64 << 10;
/// Chunks that wait for the engine.
const AHEAD: usize = 4;
/// Period of a share of processors, in microseconds.
const PERIOD: f64 = 100_000.0;
/// Variables of the proxy that builders know without `ARG`, and keep out of the image.
const PROXY_NAMES: [&str; 4] = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"];
/// The same for what is reached without it.
const NO_PROXY_NAMES: [&str; 2] = ["NO_PROXY", "no_proxy"];
/// What is reached without the guardian.
const NO_PROXY: &str = "localhost,127.0.0.1,::1";

/// What the call says.
pub(super) struct Parameters<'a> {
    pub(super) plan: &'a Build,
    pub(super) tag: &'a str,
    /// The network of the steps; `None` for none.
    pub(super) holder: Option<&'a Holder>,
    /// Names that the Dockerfile declares: their values would be kept in the image.
    pub(super) declared: &'a [Spanned<String>],
    pub(super) limits: &'a Limits,
    pub(super) cache_from: &'a [String],
    pub(super) labels: &'a BTreeMap<String, String>,
}

/// Returns path and query of the call.
pub(super) fn path(parameters: &Parameters<'_>) -> String {
    let Parameters { plan, tag, holder, declared, limits, cache_from, labels } = *parameters;
    let mut args = plan.args.clone();
    if let Some(holder) = holder {
        args.extend(proxy_arguments(&holder.proxy(), declared));
    }
    let ulimit = |name: &str, limit: u64| json!({ "Name": name, "Soft": limit, "Hard": limit });
    let mut query = vec![
        ("dockerfile", DOCKERFILE.to_owned()),
        ("t", tag.to_owned()),
        // What a step leaves behind is removed, even when it fails.
        ("rm", "1".to_owned()),
        ("forcerm", "1".to_owned()),
        ("buildargs", json!(args).to_string()),
        // Last, so that no LABEL of the Dockerfile's own wins.
        ("labels", json!(labels).to_string()),
        ("shmsize", limits.shm_bytes.to_string()),
        ("ulimits", json!([ulimit("core", 0), ulimit("nofile", limits.nofile)]).to_string()),
    ];
    query.extend(if plan.buildkit { buildkit(plan) } else { classic(holder, limits) });
    query.extend(plan.target.as_ref().map(|target| ("target", target.clone())));
    if !cache_from.is_empty() {
        query.push(("cachefrom", json!(cache_from).to_string()));
    }
    let query: Vec<_> = query.into_iter().map(|(name, value)| format!("{name}={}", encoded(&value))).collect();
    format!("/build?{}", query.join("&"))
}

/// What the classic builder alone is told.
fn classic(holder: Option<&Holder>, limits: &Limits) -> Vec<(&'static str, String)> {
    let network = holder.map_or_else(|| "none".to_owned(), |holder| format!("container:{}", holder.container));
    let memory = limits.memory_bytes.to_string();
    vec![
        ("version", "1".to_owned()),
        ("networkmode", network),
        ("memory", memory.clone()),
        ("memswap", memory),
        ("cpuperiod", format!("{PERIOD:.0}")),
        ("cpuquota", format!("{:.0}", limits.cpus * PERIOD)),
    ]
}

/// What BuildKit alone is told. It knows no limits of memory and CPUs.
fn buildkit(plan: &Build) -> Vec<(&'static str, String)> {
    let network = match plan.network {
        BuildNetwork::Engine => "default",
        BuildNetwork::Host => "host",
        BuildNetwork::None | BuildNetwork::Guardian => "none",
    };
    vec![("version", "2".to_owned()), ("networkmode", network.to_owned())]
}

fn proxy_arguments(proxy: &str, declared: &[Spanned<String>]) -> BTreeMap<String, String> {
    let proxies = PROXY_NAMES.iter().map(|name| (*name, proxy));
    let all = proxies.chain(NO_PROXY_NAMES.iter().map(|name| (*name, NO_PROXY)));
    // A name with a variable in it may be any.
    let kept = |name: &str| declared.iter().any(|declared| declared.value == name || declared.value.contains('$'));
    all.filter(|(name, _)| !kept(name)).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Percent encoding (RFC 3986 §2.1).
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Returns the digest of what would be sent.
pub(super) async fn digest(context: Context) -> Result<(Context, String), BuildError> {
    let packed = tokio::task::spawn_blocking(move || {
        let digest = context.pack(io::sink())?;
        Ok::<_, ContextError>((context, digest))
    });
    Ok(packed.await.map_err(|error| ContextError::Send(io::Error::other(error)))??)
}

/// What the engine answers, and what became of the archive.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) answer: Incoming,
    pub(super) packed: tokio::task::JoinHandle<Result<(), ContextError>>,
}

/// Sends the call with its archive. One that is not the `expected` one any more is broken off before its end.
pub(super) async fn send(engine: &Engine, path: &str, context: Context, expected: String) -> Result<Sent, BuildError> {
    let (sender, receiver) = mpsc::channel::<io::Result<Frame<Bytes>>>(AHEAD);
    let packed = tokio::task::spawn_blocking(move || {
        let mut chunks = Chunks { sender, buffer: Vec::with_capacity(CHUNK) };
        let packed = context.pack(&mut chunks).and_then(|digest| {
            let changed = || ContextError::Changed { path: ".".to_owned() };
            if digest == expected { Ok(()) } else { Err(changed()) }
        });
        match packed.and_then(|()| chunks.flush().map_err(ContextError::Send)) {
            Ok(()) => Ok(()),
            Err(error) => {
                // Whoever does not listen any more needs no word.
                let _ = chunks.sender.blocking_send(Err(io::Error::other("the archive is not complete")));
                Err(error)
            }
        }
    });
    let body = stream::unfold(receiver, |mut receiver| async { receiver.recv().await.map(|one| (one, receiver)) });
    let archive = BodyExt::boxed_unsync(StreamBody::new(body));
    match hijack::post_archive(&engine.endpoint, path, archive).await {
        Ok(answer) => Ok(Sent { answer, packed }),
        // What was wrong with the folder says more than that the engine missed something.
        Err(error) => Err(match packed.await {
            Ok(Err(ContextError::Send(_)) | Ok(())) | Err(_) => error.into(),
            Ok(Err(own)) => own.into(),
        }),
    }
}

/// Hands an archive over in chunks; a last one is sent when it is flushed at the end.
struct Chunks {
    sender: mpsc::Sender<io::Result<Frame<Bytes>>>,
    buffer: Vec<u8>,
}

impl Write for &mut Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK {
            (**self).flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Chunks {
    fn flush(&mut self) -> io::Result<()> {
        let chunk = Bytes::from(std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK)));
        self.sender.blocking_send(Ok(Frame::data(chunk))).map_err(|_closed| io::ErrorKind::BrokenPipe.into())
    }
}

#[cfg(test)]
mod tests;
