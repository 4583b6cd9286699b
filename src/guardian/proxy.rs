#![expect(clippy::disallowed_methods, reason = "adapter: network and clock")]
//! The proxy itself: one listener per admitted sandbox, on that sandbox's side only.
//!
//! Invariant: a listener exists exactly while its sandbox is admitted.

mod body;
mod connection;
mod forward;
mod listener;
mod opening;
mod pipe;
mod tunnel;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use ipnet::Ipv4Net;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::journal::Journal;
use super::limits::Limits;
use super::protocol::{Admission, Happening, Status};
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
    journal: Mutex<Journal>,
    /// Wakes whoever sends events.
    news: Notify,
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
            journal: Mutex::default(),
            news: Notify::new(),
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
        let (last_event, lost_events) = self.with_journal(|journal| (journal.last(), journal.lost()));
        Status {
            sandboxes: self.sandboxes(),
            connections: self.0.connections.load(Ordering::Relaxed) as u64,
            allowed: self.0.allowed.load(Ordering::Relaxed),
            refused: self.0.refused.load(Ordering::Relaxed),
            failed: self.0.failed.load(Ordering::Relaxed),
            last_event,
            lost_events,
            refusals: lock(&self.0.sandboxes).values().filter_map(|admitted| admitted.sandbox.refusals()).collect(),
        }
    }

    /// Records something about the guardian itself. It may be called while a panic unwinds through the journal: then
    /// it is not recorded.
    pub fn diagnose(&self, message: String) {
        if let Ok(mut journal) = self.0.journal.try_lock() {
            journal.record(unix_milliseconds(), "", Happening::Diagnostic { message });
            self.0.news.notify_one();
        }
    }

    /// Works on the journal.
    pub(super) fn with_journal<T>(&self, work: impl FnOnce(&mut Journal) -> T) -> T {
        work(&mut lock(&self.0.journal))
    }

    /// Waits until there is a new event.
    pub(super) async fn news(&self) {
        self.0.news.notified().await;
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Proxy").field("sandboxes", &self.sandboxes()).finish_non_exhaustive()
    }
}

impl Shared {
    fn record(&self, sandbox: &str, what: Happening) {
        lock(&self.journal).record(unix_milliseconds(), sandbox, what);
        self.news.notify_one();
    }

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
