//! Plain http: a request goes on through hyper, its response comes back as it arrives, and little of it is kept: what a
//! forward holds is counted on (`FORWARD_BYTES`).
//!
//! Invariant: what is sent is written anew from the parsed request; `Host` is the target. A connection to a server
//! belongs to one client connection, so that nothing is ever shared between sandboxes.

use std::io;
use std::mem;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::poll_immediate;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::WriteHalf;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::body::{FeedError, RequestBody};
use super::connection::{Client, Connection};
use super::listener::Seat;
use super::passage::Leave;
use crate::guardian::limits::is_fair;
use crate::guardian::refusal::Refusal;
use crate::guardian::request::{Forward, Framing, is_hop_by_hop};
use crate::guardian::sandbox::Place;
use crate::guardian::target::Target;

/// Below this many waiting bytes a response goes on collecting what is at hand, so that a small one is one write.
const COLLECT_BYTES: usize = 16 << 10;
/// Largest buffer of hyper, and so the largest head of a response.
const BUFFER_BYTES: usize = 16 << 10;

/// A connection to a server, kept for the next request of the same client.
pub(super) struct Upstream {
    target: Target,
    address: IpAddr,
    sender: SendRequest<RequestBody>,
    _driver: AbortOnDropHandle<()>,
    /// Of the sandbox and of all.
    _places: (Place, Place),
}

/// Forwards a request and its response; returns whether the client's connection can go on.
pub(super) async fn exchange(
    client: &mut Client,
    connection: &Connection,
    target: &Target,
    mut forward: Forward,
    upstream: &mut Option<Upstream>,
) -> Result<bool, Refusal> {
    let kept = upstream.take().filter(|kept| kept.target == *target);
    let leave = connection.leave(client, forward.method.as_str(), target).await?;
    let kept = kept.filter(|kept| kept.sender.is_ready());
    let used_before = kept.is_some();
    let mut server = match kept {
        Some(kept) => {
            connection.reuse(forward.method.as_str(), target, &leave, kept.address).await?;
            kept
        }
        None => Upstream::open(connection, target, &forward.method, &leave).await?,
    };
    // RFC 9110 §9.2.2: the server may have closed a kept connection under a request that can be repeated without harm
    let repeatable = used_before && forward.framing == Framing::Empty && forward.method.is_safe();
    let mut outcome = attempt(client, connection, target, &mut forward, &mut server, repeatable).await;
    if repeatable && matches!(outcome, Err(Failure::Server)) {
        drop(server);
        server = Upstream::open(connection, target, &forward.method, &leave).await?;
        outcome = attempt(client, connection, target, &mut forward, &mut server, false).await;
    }
    match outcome {
        Ok(keep) => {
            *upstream = keep.then_some(server);
            Ok(keep)
        }
        Err(Failure::Client) => Ok(false),
        Err(Failure::Body) => Err(Refusal::malformed_body()),
        Err(Failure::Server) => Err(failed(connection, target, Refusal::bad_answer(target))),
        Err(Failure::Silence) => Err(failed(connection, target, Refusal::unreachable(target, true))),
    }
}

fn failed(connection: &Connection, target: &Target, refusal: Refusal) -> Refusal {
    connection.note_failure(target, refusal.reason());
    refusal
}

/// Why there is no response, or no use in sending one.
enum Failure {
    /// The client left.
    Client,
    /// The client's body is not framed as announced.
    Body,
    /// The server did not answer with HTTP.
    Server,
    /// The server did not answer at all.
    Silence,
}

impl From<FeedError> for Failure {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Malformed => Self::Body,
            FeedError::Client => Self::Client,
            FeedError::Server => Self::Server,
        }
    }
}

async fn attempt(
    client: &mut Client,
    connection: &Connection,
    target: &Target,
    forward: &mut Forward,
    server: &mut Upstream,
    again: bool,
) -> Result<bool, Failure> {
    let idle = connection.seat.shared.limits.idle;
    let (body, feed) = RequestBody::new(forward.framing);
    let request = request(forward, target, body, again);
    let Client { stream, buffer } = client;
    let (reader, mut writer) = stream.split();
    if forward.expects_continue && forward.framing != Framing::Empty && buffer.is_empty() {
        writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.map_err(|_| Failure::Client)?;
    }
    let mut feeding = pin!(feed.run(reader, buffer, idle, &connection.sent));
    let mut answering = pin!(server.sender.send_request(request));
    let mut fed = forward.framing == Framing::Empty;
    let mut whole = fed;
    let mut early = None;
    if !fed {
        tokio::select! {
            response = &mut answering => early = Some(response),
            result = &mut feeding => {
                fed = true;
                match result {
                    Ok(()) => whole = true,
                    // a server may answer before it has read everything
                    Err(FeedError::Server) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }
    let response = match early {
        Some(response) => response,
        None => timeout(idle, answering).await.map_err(|_| Failure::Silence)?,
    };
    let response = response.map_err(|_| Failure::Server)?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Failure::Server);
    }
    forget_head(forward);
    let keep = forward.keep_alive && whole;
    let mut delivering = pin!(deliver(response, &mut writer, forward, keep, connection));
    loop {
        tokio::select! {
            result = &mut delivering => return Ok(result.is_ok() && keep),
            result = &mut feeding, if !fed => {
                fed = true;
                if matches!(result, Err(FeedError::Malformed | FeedError::Client)) {
                    return Err(Failure::Client);
                }
            }
        }
    }
}

impl Upstream {
    async fn open(connection: &Connection, target: &Target, method: &Method, leave: &Leave) -> Result<Self, Refusal> {
        let places = places(connection).ok_or_else(|| {
            let refusal = Refusal::too_many_forwards();
            connection.note_refusal(method.as_str(), Some(target), &refusal);
            refusal
        })?;
        let opened = connection.open(method.as_str(), target, leave).await?;
        let mut builder = http1::Builder::new();
        builder.max_buf_size(BUFFER_BYTES);
        let handshake = builder.handshake(TokioIo::new(opened.stream)).await;
        let (sender, driver) = handshake.map_err(|_| failed(connection, target, Refusal::bad_answer(target)))?;
        let driver = AbortOnDropHandle::new(tokio::spawn(async move { drop(driver.await) }));
        Ok(Self { target: target.clone(), address: opened.address, sender, _driver: driver, _places: places })
    }
}

fn places(connection: &Connection) -> Option<(Place, Place)> {
    let Seat { sandbox, shared } = &connection.seat;
    let total = shared.limits.total_forwards;
    let places = (sandbox.forwards.take(total)?, shared.forwards.take(total)?);
    is_fair(sandbox.forwards.taken(), shared.forwards.taken(), total).then_some(places)
}

/// Returns what of a request is large, and is not needed once it is on its way.
fn forget_head(forward: &mut Forward) -> (Uri, HeaderMap) {
    (mem::take(&mut forward.path), mem::take(&mut forward.fields))
}

/// No `Via`: nginx, for one, stops compressing for whoever sends it, and nobody inside learns anything from it. `again`
/// says that it may be sent a second time.
fn request(forward: &mut Forward, target: &Target, body: RequestBody, again: bool) -> Request<RequestBody> {
    let (path, fields) = if again { (forward.path.clone(), forward.fields.clone()) } else { forget_head(forward) };
    let mut request = Request::new(body);
    *request.method_mut() = forward.method.clone();
    *request.uri_mut() = path;
    *request.headers_mut() = fields;
    let host = HeaderValue::try_from(target.host_field()).expect("a canonical target is printable ASCII");
    request.headers_mut().insert(HOST, host);
    if let Framing::Length(length) = forward.framing {
        request.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    request
}

/// How a response is framed for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outgoing {
    /// No body, whatever its fields say.
    Nothing,
    /// As many bytes as announced.
    Length(u64),
    /// Chunks.
    Chunked,
    /// Until the connection ends.
    UntilClose,
}

async fn deliver(
    response: Response<Incoming>,
    writer: &mut WriteHalf<'_>,
    forward: &Forward,
    keep: bool,
    connection: &Connection,
) -> io::Result<()> {
    let (parts, mut body) = response.into_parts();
    let outgoing = match body.size_hint().exact() {
        _ if forward.method == Method::HEAD || matches!(parts.status.as_u16(), 204 | 304) => Outgoing::Nothing,
        Some(length) => Outgoing::Length(length),
        None if forward.modern => Outgoing::Chunked,
        None => Outgoing::UntilClose,
    };
    let mut output = Output { writer, waiting: Vec::with_capacity(1024), idle: connection.seat.shared.limits.idle };
    write_head(&mut output.waiting, parts.status, &parts.headers, outgoing, keep);
    drop(parts);
    if outgoing == Outgoing::Nothing {
        return output.flush().await;
    }
    while let Some(frame) = output.next_frame(&mut body).await? {
        let Ok(data) = frame.into_data() else { continue };
        connection.received.fetch_add(data.len() as u64, Ordering::Relaxed);
        output.data(&data, outgoing == Outgoing::Chunked).await?;
    }
    if outgoing == Outgoing::Chunked {
        output.waiting.extend_from_slice(b"0\r\n\r\n");
    }
    output.flush().await
}

struct Output<'a, 'b> {
    writer: &'a mut WriteHalf<'b>,
    waiting: Vec<u8>,
    idle: Duration,
}

impl Output<'_, '_> {
    /// Returns the next frame; what waits is sent before there is any waiting for it.
    async fn next_frame(&mut self, body: &mut Incoming) -> io::Result<Option<Frame<Bytes>>> {
        let frame = match poll_immediate(body.frame()).await {
            Some(frame) => frame,
            None => {
                self.flush().await?;
                timeout(self.idle, body.frame()).await?
            }
        };
        frame.transpose().map_err(io::Error::other)
    }

    async fn data(&mut self, data: &[u8], chunked: bool) -> io::Result<()> {
        if chunked {
            self.waiting.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
        }
        if self.waiting.len() + data.len() > COLLECT_BYTES {
            self.flush().await?;
            timeout(self.idle, self.writer.write_all(data)).await??;
        } else {
            self.waiting.extend_from_slice(data);
        }
        if chunked {
            self.waiting.extend_from_slice(b"\r\n");
        }
        Ok(())
    }

    async fn flush(&mut self) -> io::Result<()> {
        timeout(self.idle, self.writer.write_all(&self.waiting)).await??;
        self.waiting.clear();
        Ok(())
    }
}

fn write_head(output: &mut Vec<u8>, status: StatusCode, fields: &HeaderMap, outgoing: Outgoing, keep: bool) {
    let phrase = status.canonical_reason().unwrap_or_default();
    output.extend_from_slice(format!("HTTP/1.1 {} {phrase}\r\n", status.as_str()).as_bytes());
    let nominated: Vec<&str> = fields.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok()).collect();
    let is_nominated = |name: &HeaderName| {
        nominated.iter().any(|names| names.split(',').any(|listed| listed.trim().eq_ignore_ascii_case(name.as_str())))
    };
    for (name, value) in fields.iter().filter(|(name, _)| !is_hop_by_hop(name) && !is_nominated(name)) {
        field(output, name.as_str(), value.as_bytes());
    }
    match (outgoing, fields.get(CONTENT_LENGTH)) {
        (Outgoing::Nothing, Some(length)) => field(output, "content-length", length.as_bytes()),
        (Outgoing::Length(length), _) => field(output, "content-length", length.to_string().as_bytes()),
        (Outgoing::Chunked, _) => field(output, "transfer-encoding", b"chunked"),
        (Outgoing::Nothing | Outgoing::UntilClose, _) => {}
    }
    if !keep {
        field(output, "connection", b"close");
    }
    output.extend_from_slice(b"\r\n");
}

fn field(output: &mut Vec<u8>, name: &str, value: &[u8]) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        output.extend_from_slice(part);
    }
}
