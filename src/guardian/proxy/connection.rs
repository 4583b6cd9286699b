//! One connection of a sandbox, from the first byte to the last.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use rustix::io::Errno;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::forward::{self, Upstream};
use super::listener::Seat;
use super::{opening, tunnel, unix_milliseconds};
use crate::guardian::address::{Vetting, closed, vet};
use crate::guardian::decide::{Decision, decide};
use crate::guardian::protocol::Happening;
use crate::guardian::reason::{Outcome, Reason};
use crate::guardian::refusal::Refusal;
use crate::guardian::request::{self, Forward, Framing, Head, Kind};
use crate::guardian::sandbox::Place;
use crate::guardian::target::{Name, Target};
use crate::guardian::world::dial;
use crate::policy::rule::Rule;

/// Room for what is read at once while a head or a body arrives.
pub(super) const READ_BYTES: usize = 8 << 10;
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
    number: u64,
    cut: CancellationToken,
    opened: Instant,
    dialled: AtomicBool,
    refusals: AtomicU32,
    pub(super) sent: AtomicU64,
    pub(super) received: AtomicU64,
}

/// A connection to the outside.
pub(super) struct Opened {
    pub(super) stream: TcpStream,
    pub(super) address: IpAddr,
}

/// A tunnel that is about to begin.
struct Tunnel {
    client: Client,
    upstream: TcpStream,
    /// Free again when the tunnel ends.
    _place: Place,
}

/// Serves a connection until it ends or is cut.
pub(super) async fn serve(stream: TcpStream, seat: Seat) {
    let connection = Connection::new(seat);
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
    let tunnel = Box::pin(requests(client, connection)).await;
    if let Some(Tunnel { client, upstream, _place }) = tunnel {
        tunnel::relay(client.stream, upstream, client.buffer, connection).await;
    }
}

/// Answers requests until one asks for a tunnel.
async fn requests(mut client: Client, connection: &Connection) -> Option<Tunnel> {
    let mut upstream = None;
    let mut first = true;
    loop {
        let head = match read_head(&mut client, connection, first).await {
            Received::Head(head) => head,
            Received::Nothing => return None,
            Received::Refused(refusal) => {
                connection.note_refusal("", None, &refusal);
                refuse(&mut client, connection, &refusal, false, false).await;
                return None;
            }
        };
        first = false;
        if let Next::Leave(tunnel) = answer(&mut client, connection, head, &mut upstream).await {
            let (upstream, place) = tunnel?;
            return Some(Tunnel { client, upstream, _place: place });
        }
        // what is read ahead needs no waiting: without this, a client that sends many at once would be served alone
        yield_now().await;
    }
}

/// What follows after a request.
enum Next {
    /// The next request of this connection.
    Request,
    /// A tunnel, or the end.
    Leave(Option<(TcpStream, Place)>),
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
    let outcome = if authenticated {
        match kind {
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
    let opened = connection.open("CONNECT", target).await?;
    let begun = client.stream.write_all(b"HTTP/1.1 200 Connection Established\r\n\r\n").await.is_ok();
    let begun = begun && (connection.carries_anything(target) || opening::fits(client, connection, target).await);
    Ok(Next::Leave(begun.then_some((opened.stream, place))))
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
    fn new(seat: Seat) -> Self {
        let number = seat.shared.numbers.fetch_add(1, Ordering::Relaxed) + 1;
        let cut = seat.sandbox.cut.child_token();
        Self {
            seat,
            number,
            cut,
            opened: Instant::now(),
            dialled: AtomicBool::new(false),
            refusals: AtomicU32::new(0),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
        }
    }

    /// Decides about a target, resolves, vets and dials it. The decision becomes an event, whatever it is.
    pub(super) async fn open(&self, method: &str, target: &Target) -> Result<Opened, Refusal> {
        self.seat.sandbox.track(self.number, target, &self.cut);
        let rule = self.allow(method, target)?;
        let opened = self.reach(target).await;
        match &opened {
            Ok(opened) => self.note(method, Some(target), Reason::Listed, Some(&rule), Some(opened.address)),
            Err(refusal) => self.note(method, Some(target), refusal.reason(), Some(&rule), None),
        }
        opened
    }

    /// Decides about a target that is connected to already.
    pub(super) fn reuse(&self, method: &str, target: &Target, address: IpAddr) -> Result<(), Refusal> {
        let rule = self.allow(method, target)?;
        self.note(method, Some(target), Reason::Listed, Some(&rule), Some(address));
        Ok(())
    }

    /// Returns whether the tunnel may carry something other than TLS, by the policy of this moment.
    fn carries_anything(&self, target: &Target) -> bool {
        self.seat.sandbox.carries_anything(self.number, target)
    }

    fn allow(&self, method: &str, target: &Target) -> Result<Rule, Refusal> {
        let sandbox = &self.seat.sandbox;
        match decide(target, &sandbox.policy()) {
            Decision::Allowed { rule } => Ok(rule),
            refused @ Decision::Refused { reason, .. } => {
                let closed = match target.name {
                    Name::Address(address) => closed(address, &self.seat.shared.networks()),
                    Name::Host(_) | Name::Number(_) => None,
                };
                let refusal = Refusal::decided(refused, target, &sandbox.name, closed);
                self.note(method, Some(target), reason, refusal.as_ref().and_then(Refusal::rule), None);
                Err(refusal.expect("a refused decision is a refusal"))
            }
        }
    }

    async fn reach(&self, target: &Target) -> Result<Opened, Refusal> {
        let Seat { sandbox, shared } = &self.seat;
        let addresses = self.addresses(target).await?;
        // resolving took a while: the policy may be another one by now
        let (policy, sandboxes) = (sandbox.policy(), shared.networks());
        let vetting =
            Vetting { permitted: &policy.permit_addresses, host: &policy.host_addresses, sandboxes: &sandboxes };
        let permit = vet(&addresses, target.port, vetting).map_err(|forbidden| Refusal::address(forbidden, target))?;
        sandbox.track_addresses(self.number, permit.addresses().map(|address| address.get().ip()).collect());
        let dialled = dial(&*shared.world, &permit, shared.limits.connect).await;
        let (stream, address) = dialled.map_err(|error| match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::MFILE | Errno::NFILE) => Refusal::too_many_connections(),
            _ => Refusal::unreachable(target, error.kind() == io::ErrorKind::TimedOut),
        })?;
        sandbox.track_addresses(self.number, vec![address]);
        self.dialled.store(true, Ordering::Relaxed);
        Ok(Opened { stream, address })
    }

    async fn addresses(&self, target: &Target) -> Result<Vec<IpAddr>, Refusal> {
        let shared = &self.seat.shared;
        let host = match &target.name {
            Name::Host(host) => host,
            Name::Address(address) => return Ok(vec![*address]),
            Name::Number(_) => return Ok(Vec::new()),
        };
        if let Some(address) = self.seat.sandbox.policy().hosts.get(host) {
            return Ok(vec![*address]);
        }
        match within(shared.limits.resolve, shared.world.resolve(host)).await {
            Some(Ok(addresses)) if !addresses.is_empty() => Ok(addresses),
            _ => Err(Refusal::not_found(target)),
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

    pub(super) fn note_refusal(&self, method: &str, target: Option<&Target>, refusal: &Refusal) {
        self.note(method, target, refusal.reason(), refusal.rule(), None);
    }

    /// Counts a decision and makes it an event.
    pub(super) fn note(
        &self,
        method: &str,
        target: Option<&Target>,
        reason: Reason,
        rule: Option<&Rule>,
        address: Option<IpAddr>,
    ) {
        let Seat { sandbox, shared } = &self.seat;
        let outcome = reason.outcome();
        if let Some(target) = target {
            sandbox.remember(unix_milliseconds(), target, reason);
        }
        let counter = match outcome {
            Outcome::Allowed => &shared.allowed,
            Outcome::Failed => &shared.failed,
            Outcome::Refused | Outcome::Rejected => &shared.refused,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let what = Happening::Decision {
            connection: self.number,
            method: method.to_owned(),
            host: target.map(|target| target.name.to_string()).unwrap_or_default(),
            port: target.map(|target| target.port).unwrap_or_default(),
            allowed: outcome == Outcome::Allowed,
            reason: reason.to_string(),
            rule: rule.map(ToString::to_string).unwrap_or_default(),
            address,
        };
        shared.record(&sandbox.id, what);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let Seat { sandbox, shared } = &self.seat;
        sandbox.untrack(self.number);
        if self.dialled.load(Ordering::Relaxed) {
            let what = Happening::Closed {
                connection: self.number,
                sent: self.sent.load(Ordering::Relaxed),
                received: self.received.load(Ordering::Relaxed),
                milliseconds: u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX),
            };
            shared.record(&sandbox.id, what);
        }
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    timeout(limit, work).await.ok()
}

#[cfg(test)]
mod tests;
