#![expect(clippy::disallowed_methods, reason = "adapter: network and clock")]
//! The proxy itself: one listener per admitted sandbox, on that sandbox's side only.
//!
//! Invariant: a listener exists exactly while its sandbox is admitted.

mod body;
mod connection;
mod forward;
mod hold;
mod listener;
mod opening;
mod passage;
mod pipe;
mod records;
mod stream;
mod streams;
mod tunnel;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use ipnet::Ipv4Net;
use tokio::time::Instant;

pub(super) use self::records::Attached;
use self::records::Records;
use self::streams::Streams;
use super::limits::Limits;
use super::protocol::{Admission, Status};
use super::sandbox::{AdmitError, Counter, Sandbox, lock};
use super::world::World;

/// The proxy. Copies are the same proxy.
#[derive(Clone)]
pub struct Proxy(Arc<Shared>);

/// What every connection can reach.
struct Shared {
    world: Arc<dyn World>,
    limits: Limits,
    port: u16,
    began: Instant,
    sandboxes: Mutex<BTreeMap<String, Admitted>>,
    records: Records,
    streams: Streams,
    stream_places: Counter,
    connections: AtomicUsize,
    forwards: Counter,
    numbers: AtomicU64,
    allowed: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
}

struct Admitted {
    sandbox: Arc<Sandbox>,
    address: SocketAddr,
}

impl Proxy {
    /// Returns a proxy that listens on `port` for whoever is admitted; 0 lets the system choose.
    pub fn new(world: Arc<dyn World>, limits: Limits, port: u16) -> Self {
        Self(Arc::new(Shared {
            world,
            limits,
            port,
            began: Instant::now(),
            sandboxes: Mutex::default(),
            records: Records::new(limits.acknowledge),
            streams: Streams::default(),
            stream_places: Counter::default(),
            connections: AtomicUsize::new(0),
            forwards: Counter::default(),
            numbers: AtomicU64::new(0),
            allowed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }))
    }

    /// Admits a sandbox and returns the address that the proxy listens on for it.
    ///
    /// For a sandbox that is admitted already the policy is exchanged and only what it forbids is cut; another network
    /// or token makes it another life, and nothing of the old one stays. An admission that is not understood changes
    /// nothing; a new life that cannot be listened for leaves the sandbox without a way out.
    pub async fn admit(&self, admission: &Admission) -> Result<SocketAddr, AdmitError> {
        let next = Sandbox::new(admission)?;
        if let Some(address) = self.exchange_policy(&next)? {
            return Ok(address);
        }
        self.withdraw(&next.id);
        let listener = listener::bind(next.listen, self.0.port, self.0.limits.bind).await?;
        let address = listener.local_addr().map_err(|source| listen_error(&next, self.0.port, source))?;
        let sandbox = Arc::new(next);
        lock(&self.0.sandboxes).insert(sandbox.id.clone(), Admitted { sandbox: Arc::clone(&sandbox), address });
        tokio::spawn(listener::accept(listener, sandbox, Arc::clone(&self.0)));
        Ok(address)
    }

    fn exchange_policy(&self, next: &Sandbox) -> Result<Option<SocketAddr>, AdmitError> {
        let sandboxes = lock(&self.0.sandboxes);
        let overlaps = |other: &&Admitted| {
            let subnet = other.sandbox.subnet;
            other.sandbox.id != next.id && (subnet.contains(&next.subnet) || next.subnet.contains(&subnet))
        };
        if let Some(other) = sandboxes.values().find(overlaps) {
            return Err(AdmitError::Overlap { subnet: next.subnet, other: other.sandbox.id.clone() });
        }
        let Some(current) = sandboxes.get(&next.id).filter(|current| current.sandbox.is_same_life(next)) else {
            return Ok(None);
        };
        current.sandbox.adopt(next, &networks(&sandboxes));
        Ok(Some(current.address))
    }

    /// Forgets a sandbox and cuts its connections; returns whether it was admitted.
    pub fn withdraw(&self, sandbox: &str) -> bool {
        let admitted = lock(&self.0.sandboxes).remove(sandbox);
        admitted.inspect(|admitted| admitted.sandbox.cut.cancel()).is_some()
    }

    /// Returns the ids of the admitted sandboxes.
    pub fn sandboxes(&self) -> Vec<String> {
        lock(&self.0.sandboxes).keys().cloned().collect()
    }

    /// Returns what the guardian says of itself.
    pub fn status(&self) -> Status {
        let (last_event, lost_events) = self.0.records.with_journal(|journal| (journal.last(), journal.lost()));
        Status {
            sandboxes: self.sandboxes(),
            connections: self.0.connections.load(Ordering::Relaxed) as u64,
            allowed: self.0.allowed.load(Ordering::Relaxed),
            refused: self.0.refused.load(Ordering::Relaxed),
            failed: self.0.failed.load(Ordering::Relaxed),
            last_event,
            lost_events,
            refusals: self.of_each(Sandbox::refusals),
            held: self.of_each(|sandbox| sandbox.held.list()),
        }
    }

    /// Records something about the guardian itself, if there is room for it. It may be called while a panic unwinds
    /// through the events: then it is not recorded.
    pub fn diagnose(&self, message: String) {
        self.0.records.diagnose(message);
    }

    /// Says of every request of a sandbox that is held for this host and port whether it goes through, this once.
    pub fn settle(&self, sandbox: &str, host: &str, port: u16, allow: bool) {
        if let Some(admitted) = lock(&self.0.sandboxes).get(sandbox) {
            admitted.sandbox.held.settle(host, port, allow);
        }
    }

    fn of_each<T, I: IntoIterator<Item = T>>(&self, what: impl Fn(&Sandbox) -> I) -> Vec<T> {
        lock(&self.0.sandboxes).values().flat_map(|admitted| what(&admitted.sandbox)).collect()
    }

    /// Returns the events, and who keeps them.
    pub(super) fn records(&self) -> &Records {
        &self.0.records
    }

    /// Returns the streams to the controller.
    pub(super) fn streams(&self) -> &Streams {
        &self.0.streams
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Proxy").field("sandboxes", &self.sandboxes()).finish_non_exhaustive()
    }
}

impl Shared {
    fn networks(&self) -> Vec<Ipv4Net> {
        networks(&lock(&self.sandboxes))
    }
}

fn networks(sandboxes: &BTreeMap<String, Admitted>) -> Vec<Ipv4Net> {
    sandboxes.values().map(|admitted| admitted.sandbox.subnet).collect()
}

fn listen_error(sandbox: &Sandbox, port: u16, source: std::io::Error) -> AdmitError {
    AdmitError::Listen { address: SocketAddr::new(sandbox.listen.into(), port), source }
}

/// A clock before 1970 counts as 1970.
fn unix_milliseconds() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}
