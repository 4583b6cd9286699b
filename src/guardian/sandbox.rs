//! One admitted sandbox: who it is, what it may reach now, and what it has open.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ipnet::Ipv4Net;
use subtle::ConstantTimeEq;
use tokio_util::sync::CancellationToken;

use super::address::{Vetting, judge};
use super::decide::{Decision, decide};
use super::held::Waiting;
use super::ledger::Ledger;
use super::limits::Limits;
use super::pace::Pace;
use super::policy::SandboxPolicy;
use super::protocol::{Admission, PROXY_USER, Refusals};
use super::reason::{Outcome, Reason};
use super::target::Target;

/// Fewest characters of a token: 256 bits in base64.
const TOKEN_LENGTH: usize = 43;

/// Why a sandbox is not admitted.
#[derive(Debug, thiserror::Error)]
pub enum AdmitError {
    /// The policy is not understood.
    #[error("cannot take the policy of sandbox {sandbox}")]
    Policy {
        /// Id of the sandbox.
        sandbox: String,
        /// Why.
        #[source]
        source: super::policy::PolicyError,
    },
    /// The token can be guessed.
    #[error("the token of sandbox {sandbox} is shorter than {TOKEN_LENGTH} characters")]
    Token {
        /// Id of the sandbox.
        sandbox: String,
    },
    /// The address is not on the sandbox's network.
    #[error("the address {listen} is not on the network {subnet}")]
    Address {
        /// The address.
        listen: Ipv4Addr,
        /// The network.
        subnet: Ipv4Net,
    },
    /// Another sandbox lives there.
    #[error("the network {subnet} overlaps with the one of sandbox {other}")]
    Overlap {
        /// The network.
        subnet: Ipv4Net,
        /// Id of the other sandbox.
        other: String,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// A sandbox that the proxy listens for.
#[derive(Debug)]
pub struct Sandbox {
    /// Id of the sandbox.
    pub id: String,
    /// Name that people know it by.
    pub name: String,
    /// Peers come from this network.
    pub subnet: Ipv4Net,
    /// The guardian's address on it.
    pub listen: Ipv4Addr,
    /// Ends the listener and every connection.
    pub cut: CancellationToken,
    /// Open connections.
    pub connections: AtomicUsize,
    /// Open tunnels.
    pub tunnels: Counter,
    /// Connections that forward plain http.
    pub forwards: Counter,
    /// Streams to the controller.
    pub streams: Counter,
    /// Requests that wait for somebody to decide.
    pub held: Waiting,
    hold: AtomicU32,
    credentials: Box<[u8]>,
    policy: Mutex<Arc<SandboxPolicy>>,
    live: Mutex<BTreeMap<u64, Live>>,
    pace: Mutex<Pace>,
    refused: Mutex<Ledger>,
    failed: Mutex<Ledger>,
}

/// A connection to the outside, with what was decided about it.
#[derive(Debug)]
struct Live {
    target: Target,
    addresses: Vec<IpAddr>,
    /// Whether nobody looked at what a tunnel carries.
    unread: bool,
    /// Whether somebody let it through this once, so that it needs no rule.
    once: bool,
    cut: CancellationToken,
}

impl Sandbox {
    /// Returns the sandbox of an admission; nothing listens yet.
    pub fn new(admission: &Admission) -> Result<Self, AdmitError> {
        let Admission { sandbox, name, subnet, listen, token, policy, hold } = admission;
        if token.len() < TOKEN_LENGTH {
            return Err(AdmitError::Token { sandbox: sandbox.clone() });
        }
        if !subnet.contains(listen) {
            return Err(AdmitError::Address { listen: *listen, subnet: *subnet });
        }
        let policy =
            SandboxPolicy::compile(policy).map_err(|source| AdmitError::Policy { sandbox: sandbox.clone(), source })?;
        Ok(Self {
            id: sandbox.clone(),
            name: name.clone(),
            subnet: *subnet,
            listen: *listen,
            cut: CancellationToken::new(),
            connections: AtomicUsize::new(0),
            tunnels: Counter::default(),
            forwards: Counter::default(),
            streams: Counter::default(),
            held: Waiting::default(),
            hold: AtomicU32::new(*hold),
            credentials: STANDARD.encode(format!("{PROXY_USER}:{token}")).into_bytes().into_boxed_slice(),
            policy: Mutex::new(Arc::new(policy)),
            live: Mutex::new(BTreeMap::new()),
            pace: Mutex::default(),
            refused: Mutex::default(),
            failed: Mutex::default(),
        })
    }

    /// Returns whether `Proxy-Authorization` carries this sandbox's token, in time that does not depend on the token.
    pub fn authenticates(&self, credentials: Option<&[u8]>) -> bool {
        let Some((scheme, token)) = credentials.and_then(|value| value.split_at_checked("Basic ".len())) else {
            return false;
        };
        scheme.eq_ignore_ascii_case(b"Basic ") && bool::from(token.trim_ascii().ct_eq(&self.credentials))
    }

    /// Returns whether `other` is this sandbox with at most another policy.
    pub fn is_same_life(&self, other: &Self) -> bool {
        let same_place = self.id == other.id && self.subnet == other.subnet && self.listen == other.listen;
        same_place && bool::from(self.credentials.ct_eq(&other.credentials))
    }

    /// Returns what the sandbox may reach now.
    pub fn policy(&self) -> Arc<SandboxPolicy> {
        Arc::clone(&lock(&self.policy))
    }

    /// Returns for how many seconds a request for what nobody listed is held.
    pub fn hold(&self) -> u32 {
        self.hold.load(Ordering::Relaxed)
    }

    /// Puts the policy of `other` in force and cuts what it does not allow any more, or denies where somebody let it
    /// through once. The rest stays open, and what is held looks again.
    pub fn adopt(&self, other: &Self, sandboxes: &[Ipv4Net]) {
        let policy = other.policy();
        self.hold.store(other.hold(), Ordering::Relaxed);
        *lock(&self.policy) = Arc::clone(&policy);
        let vetting = Vetting { permitted: &policy.permit_addresses, host: &policy.host_addresses, sandboxes };
        for live in lock(&self.live).values() {
            let allowed = match decide(&live.target, &policy) {
                Decision::Allowed { rule } => rule.is_raw() || !live.unread,
                refused @ Decision::Refused { .. } => live.once && refused.is_a_question(&live.target),
            };
            if !allowed || live.addresses.iter().any(|address| judge(*address, vetting).is_err()) {
                live.cut.cancel();
            }
        }
        self.held.wake();
    }

    /// Notes what a connection is after, before anything is decided, so that a change of policy finds it.
    /// `once` says that somebody let it through, without a rule.
    pub fn track(&self, connection: u64, target: &Target, once: bool, cut: &CancellationToken) {
        let live = Live { target: target.clone(), addresses: Vec::new(), unread: false, once, cut: cut.clone() };
        lock(&self.live).insert(connection, live);
    }

    /// Returns whether a tunnel may carry something other than TLS. It is remembered with the connection, so that a
    /// policy that comes later and wants TLS cuts it.
    pub fn carries_anything(&self, connection: u64, target: &Target) -> bool {
        let mut live = lock(&self.live);
        let raw = matches!(decide(target, &self.policy()), Decision::Allowed { rule } if rule.is_raw());
        if let Some(live) = live.get_mut(&connection) {
            live.unread = raw;
        }
        raw
    }

    /// Notes where a connection leads, or may lead.
    pub fn track_addresses(&self, connection: u64, addresses: Vec<IpAddr>) {
        if let Some(live) = lock(&self.live).get_mut(&connection) {
            live.addresses = addresses;
        }
    }

    /// Forgets a connection.
    pub fn untrack(&self, connection: u64) {
        lock(&self.live).remove(&connection);
    }

    /// Remembers a destination that was refused or did not answer, at this time in milliseconds since the Unix epoch.
    pub fn remember(&self, time: u64, target: &Target, reason: Reason) {
        let ledger = match reason.outcome() {
            Outcome::Refused => &self.refused,
            Outcome::Failed => &self.failed,
            Outcome::Allowed | Outcome::Rejected => return,
        };
        lock(ledger).record(time, target, reason);
    }

    /// Returns what was refused or did not answer lately; `None` where nothing did.
    pub fn refusals(&self) -> Option<Refusals> {
        let (refused, failed) = (lock(&self.refused), lock(&self.failed));
        let refusals = Refusals {
            sandbox: self.id.clone(),
            name: self.name.clone(),
            refused: refused.entries(),
            forgotten: refused.forgotten(),
            failed: failed.entries(),
            failures_forgotten: failed.forgotten(),
        };
        (!refusals.refused.is_empty() || !refusals.failed.is_empty()).then_some(refusals)
    }

    /// Counts a refusal at `now`, since some fixed moment, and returns how long its answer waits.
    pub fn refusal_wait(&self, now: Duration, limits: &Limits) -> Duration {
        lock(&self.pace).wait(now, limits)
    }
}

/// How many places are taken.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<AtomicUsize>);

impl Counter {
    /// Takes one of `limit` places; the place is free again when the guard goes.
    pub fn take(&self, limit: usize) -> Option<Place> {
        let place = Place(self.clone());
        (self.0.fetch_add(1, Ordering::Relaxed) < limit).then_some(place)
    }

    /// Returns how many places are taken.
    pub fn taken(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A place that is taken.
#[derive(Debug)]
pub struct Place(Counter);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A panic elsewhere does not open or close anything: the value is whole between any two statements that change it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
