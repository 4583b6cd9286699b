//! One connection of a sandbox, from the first byte to the last.

use std::io;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::forward::{self, Upstream};
use super::listener::Seat;
use super::records::Announced;
use super::stream::{self, Stream};
use super::{opening, tunnel, unix_milliseconds};
use crate::guardian::protocol::Happening;
use crate::guardian::reason::{Outcome, Reason};
use crate::guardian::refusal::Refusal;
use crate::guardian::request::{self, Forward, Framing, Head, Kind};
use crate::guardian::sandbox::{Place, lock};
use crate::guardian::target::Target;
use crate::policy::rule::Rule;

/// Room for what is read at once while a head or a body arrives.
pub(super) const READ_BYTES: usize = 8 << 10;
/// Most events of one request (it is held, decided, decided again where a server closed a kept connection, and fails), and
/// the end of its connection.
const EVENTS: usize = 5;
/// Bytes of a refused client that are read and thrown away at most.
const LINGER_BYTES: usize = 256 << 10;

/// A client, with what it sent ahead.
pub(super) struct Client {
    pub(super) stream: TcpStream,
    pub(super) buffer: BytesMut,
}

/// What is known about a connection, and what it leaves behind when it ends.
pub(super) struct Connection {
    pub(super) seat: Seat,
    pub(super) number: u64,
    pub(super) cut: CancellationToken,
    /// Port that it comes from.
    pub(super) from: u16,
    opened: Instant,
    /// Where it leads, once something was dialled.
    address: Mutex<Option<IpAddr>>,
    /// Reserved for its events.
    places: AtomicUsize,
    refusals: AtomicU32,
    pub(super) sent: AtomicU64,
    pub(super) received: AtomicU64,
}

/// A connection to the outside.
pub(super) struct Opened {
    pub(super) stream: TcpStream,
    pub(super) address: IpAddr,
}

/// What a connection becomes that has no more requests.
enum Onward {
    /// A tunnel to this server; its place is free again when it ends.
    Tunnel(TcpStream, Place),
    /// A stream to the controller.
    Stream(Stream),
}

/// Serves a connection until it ends or is cut.
pub(super) async fn serve(stream: TcpStream, seat: Seat) {
    let from = stream.peer_addr().map_or(0, |peer| peer.port());
    let connection = Connection::new(seat, from);
    let cut = connection.cut.clone();
    tokio::select! {
        biased;
        () = cut.cancelled() => {}
        () = converse(stream, &connection) => {}
    }
}

/// The requests are boxed: their state is large, and gone before a tunnel settles down to be idle.
async fn converse(stream: TcpStream, connection: &Connection) {
    let client = Client { stream, buffer: BytesMut::new() };
    let onward = Box::pin(requests(client, connection)).await;
    connection.release();
    match onward {
        Some((client, Onward::Tunnel(upstream, _place))) => {
            tunnel::relay(client.stream, upstream, client.buffer, connection).await;
        }
        Some((client, Onward::Stream(stream))) => Box::pin(stream::relay(client, stream)).await,
        None => {}
    }
}

/// Answers requests until one asks for a tunnel.
async fn requests(mut client: Client, connection: &Connection) -> Option<(Client, Onward)> {
    let mut upstream = None;
    let mut first = true;
    loop {
        let head = match read_head(&mut client, connection, first).await {
            Received::Head(head) => head,
            Received::Nothing => return None,
            Received::Refused(mut refusal) => {
                if connection.reserve() {
                    connection.note_refusal("", None, &refusal);
                } else {
                    refusal = Refusal::audit();
                    connection.count(None, refusal.reason());
                }
                refuse(&mut client, connection, &refusal, false, false).await;
                return None;
            }
        };
        first = false;
        if let Next::Leave(onward) = answer(&mut client, connection, head, &mut upstream).await {
            return Some((client, onward?));
        }
        connection.release();
        // what is read ahead needs no waiting: without this, a client that sends many at once would be served alone
        yield_now().await;
    }
}

/// What follows after a request.
enum Next {
    /// The next request of this connection.
    Request,
    /// A tunnel, or the end.
    Leave(Option<Onward>),
}

async fn answer(client: &mut Client, connection: &Connection, head: Head, upstream: &mut Option<Upstream>) -> Next {
    let Head { target, credentials, wants_json, kind } = head;
    let keep = matches!(&kind, Kind::Forward(forward) if forward.keep_alive && forward.framing == Framing::Empty);
    let method = match &kind {
        Kind::Tunnel => "CONNECT".to_owned(),
        Kind::Forward(forward) => forward.method.to_string(),
    };
    let authenticated = connection.seat.sandbox.authenticates(credentials.as_deref());
    drop(credentials);
    let outcome = if !connection.reserve() {
        // whoever has no token is no destination's business
        connection.count(Some(&target).filter(|_| authenticated), Reason::Audit);
        Err(Refusal::audit())
    } else if authenticated {
        match kind {
            Kind::Tunnel if stream::leads_to_controller(&target) => open_stream(client, connection, &target).await,
            Kind::Tunnel => open_tunnel(client, connection, &target).await,
            Kind::Forward(forward) => forward_request(client, connection, &target, *forward, upstream).await,
        }
    } else {
        connection.note_refusal(&method, Some(&target), &Refusal::unauthenticated());
        Err(Refusal::unauthenticated())
    };
    match outcome {
        Ok(next) => next,
        Err(refusal) if refuse(client, connection, &refusal, wants_json, keep).await => Next::Request,
        Err(_) => Next::Leave(None),
    }
}

async fn open_tunnel(client: &mut Client, connection: &Connection, target: &Target) -> Result<Next, Refusal> {
    let limit = connection.seat.shared.limits.tunnels;
    let Some(place) = connection.seat.sandbox.tunnels.take(limit) else {
        let refusal = Refusal::too_many_tunnels(limit);
        connection.note_refusal("CONNECT", Some(target), &refusal);
        return Err(refusal);
    };
    let leave = connection.leave(client, "CONNECT", target).await?;
    let opened = connection.open("CONNECT", target, &leave).await?;
    let begun = establish(client).await;
    let begun = begun && (connection.carries_anything(target) || opening::fits(client, connection, target).await);
    Ok(Next::Leave(begun.then_some(Onward::Tunnel(opened.stream, place))))
}

/// A stream is no event: the controller knows what it does.
async fn open_stream(client: &mut Client, connection: &Connection, target: &Target) -> Result<Next, Refusal> {
    let stream = stream::open(connection).inspect_err(|refusal| {
        connection.note_refusal("CONNECT", Some(target), refusal);
    })?;
    Ok(Next::Leave(establish(client).await.then_some(Onward::Stream(stream))))
}

async fn establish(client: &mut Client) -> bool {
    client.stream.write_all(b"HTTP/1.1 200 Connection Established\r\n\r\n").await.is_ok()
}

async fn forward_request(
    client: &mut Client,
    connection: &Connection,
    target: &Target,
    forward: Forward,
    upstream: &mut Option<Upstream>,
) -> Result<Next, Refusal> {
    let keep = forward::exchange(client, connection, target, forward, upstream).await?;
    Ok(if keep { Next::Request } else { Next::Leave(None) })
}

/// What came in.
enum Received {
    /// A request.
    Head(Head),
    /// The client left, or never said anything.
    Nothing,
    /// Something to refuse.
    Refused(Refusal),
}

async fn read_head(client: &mut Client, connection: &Connection, first: bool) -> Received {
    let limits = &connection.seat.shared.limits;
    if !first && client.buffer.is_empty() && !matches!(timeout(limits.keep_alive, client.fill()).await, Ok(Ok(1..))) {
        return Received::Nothing;
    }
    match timeout(limits.head, receive_head(client)).await {
        Ok(received) => received,
        Err(_) if client.buffer.is_empty() => Received::Nothing,
        Err(_) => Received::Refused(Refusal::timeout()),
    }
}

async fn receive_head(client: &mut Client) -> Received {
    let mut scanned = 0;
    loop {
        match request::find_end(&client.buffer, &mut scanned) {
            Ok(Some(end)) => {
                let head = request::parse(&client.buffer[..end]);
                // the head's memory goes with it
                client.buffer = BytesMut::from(&client.buffer[end..]);
                return head.map_or_else(|malformed| Received::Refused(Refusal::malformed(&malformed)), Received::Head);
            }
            Ok(None) => {}
            Err(malformed) => return Received::Refused(Refusal::malformed(&malformed)),
        }
        if !matches!(client.fill().await, Ok(1..)) {
            return Received::Nothing;
        }
    }
}

impl Client {
    /// Reads some bytes more; 0 at the end.
    pub(super) async fn fill(&mut self) -> io::Result<usize> {
        self.buffer.reserve(READ_BYTES);
        self.stream.read_buf(&mut (&mut self.buffer).limit(READ_BYTES)).await
    }
}

/// Answers with a refusal, in the sandbox's turn; returns whether the connection can go on.
async fn refuse(client: &mut Client, connection: &Connection, refusal: &Refusal, json: bool, keep: bool) -> bool {
    let keep = connection.count_refusal() && keep;
    let wait = connection.refusal_wait();
    if !wait.is_zero() {
        sleep(wait).await;
    }
    let written = client.stream.write_all(&refusal.encode(json, !keep)).await.is_ok();
    if written && !keep {
        drop(timeout(connection.seat.shared.limits.linger, linger(client)).await);
    }
    written && keep
}

/// Reads what a refused client still sends: closing with unread bytes would reset the connection under the answer.
pub(super) async fn linger(client: &mut Client) {
    let mut left = LINGER_BYTES;
    if client.stream.shutdown().await.is_err() {
        return;
    }
    loop {
        client.buffer.clear();
        match client.fill().await {
            Ok(count @ 1..) if count < left => left -= count,
            _ => return,
        }
    }
}

impl Connection {
    fn new(seat: Seat, from: u16) -> Self {
        let number = seat.shared.numbers.fetch_add(1, Ordering::Relaxed) + 1;
        let cut = seat.sandbox.cut.child_token();
        Self {
            seat,
            number,
            cut,
            from,
            opened: Instant::now(),
            address: Mutex::default(),
            places: AtomicUsize::new(0),
            refusals: AtomicU32::new(0),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
        }
    }

    /// Returns whether there may be another refusal on this connection.
    fn count_refusal(&self) -> bool {
        self.refusals.fetch_add(1, Ordering::Relaxed) + 1 < self.seat.shared.limits.refusals
    }

    /// Returns how long the answer to a refusal waits.
    pub(super) fn refusal_wait(&self) -> Duration {
        let Seat { sandbox, shared } = &self.seat;
        sandbox.refusal_wait(shared.began.elapsed(), &shared.limits)
    }

    /// Counts a refusal and makes it an event.
    pub(super) fn note_refusal(&self, method: &str, target: Option<&Target>, refusal: &Refusal) {
        self.count(target, refusal.reason());
        let what = self.decision(method, target, refusal.reason(), refusal.rule(), None);
        self.record(what);
    }

    /// Counts an objection to what a tunnel begins with and makes it an event.
    pub(super) fn note_objection(&self, target: &Target, reason: Reason) {
        self.count(Some(target), reason);
        let what = self.decision("CONNECT", Some(target), reason, None, None);
        self.record(what);
    }

    /// Counts what was let through, and did not come to anything, and makes that an event.
    pub(super) fn note_failure(&self, target: &Target, reason: Reason) {
        self.count(Some(target), reason);
        let what = Happening::Failed { connection: self.number, reason: reason.to_string() };
        self.record(what);
    }

    /// Makes something an event that may have to be kept before anything goes on.
    pub(super) fn announce(&self, what: Happening) -> Announced {
        self.seat.shared.records.announce(&self.seat.sandbox.id, what, self.spend())
    }

    /// Counts what came of a request, and remembers the destination of one that did not get through.
    pub(super) fn count(&self, target: Option<&Target>, reason: Reason) {
        let Seat { sandbox, shared } = &self.seat;
        if let Some(target) = target {
            sandbox.remember(unix_milliseconds(), target, reason);
        }
        let counter = match reason.outcome() {
            Outcome::Allowed => &shared.allowed,
            Outcome::Failed => &shared.failed,
            Outcome::Refused | Outcome::Rejected => &shared.refused,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn decision(
        &self,
        method: &str,
        target: Option<&Target>,
        reason: Reason,
        rule: Option<&Rule>,
        address: Option<IpAddr>,
    ) -> Happening {
        Happening::Decision {
            connection: self.number,
            method: method.to_owned(),
            host: target.map(|target| target.name.to_string()).unwrap_or_default(),
            port: target.map(|target| target.port).unwrap_or_default(),
            allowed: reason.outcome() == Outcome::Allowed,
            reason: reason.to_string(),
            rule: rule.map(ToString::to_string).unwrap_or_default(),
            address,
        }
    }

    /// Reserves places for every event that a request can lead to, and for the end of the connection; returns whether
    /// there were any.
    pub(super) fn reserve(&self) -> bool {
        let Seat { sandbox, shared } = &self.seat;
        let missing = EVENTS.saturating_sub(self.places.load(Ordering::Relaxed));
        let reserved = shared.records.reserve(&sandbox.id, missing);
        if reserved {
            self.places.fetch_add(missing, Ordering::Relaxed);
        }
        reserved
    }

    /// Gives places back that the request did not need; the end of the connection keeps its own.
    fn release(&self) {
        let Seat { sandbox, shared } = &self.seat;
        let needed = usize::from(lock(&self.address).is_some());
        let spare = self.places.load(Ordering::Relaxed).saturating_sub(needed);
        self.places.fetch_sub(spare, Ordering::Relaxed);
        shared.records.release(&sandbox.id, spare);
    }

    /// Takes a reserved place for an event, if there is one left.
    fn spend(&self) -> bool {
        let left = self.places.load(Ordering::Relaxed);
        self.places.store(left.saturating_sub(1), Ordering::Relaxed);
        left > 0
    }

    fn record(&self, what: Happening) {
        self.seat.shared.records.record(&self.seat.sandbox.id, what, self.spend());
    }

    /// Notes where the connection leads.
    pub(super) fn lead_to(&self, address: IpAddr) {
        self.seat.sandbox.track_addresses(self.number, vec![address]);
        *lock(&self.address) = Some(address);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.seat.sandbox.untrack(self.number);
        let address = lock(&self.address).take();
        if address.is_some() {
            let what = Happening::Closed {
                connection: self.number,
                address,
                sent: self.sent.load(Ordering::Relaxed),
                received: self.received.load(Ordering::Relaxed),
                milliseconds: u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX),
            };
            self.record(what);
        }
        self.release();
    }
}

#[cfg(test)]
mod tests;
