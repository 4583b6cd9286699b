//! Accepting connections of one sandbox.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use super::{Shared, connection};
use crate::guardian::limits::{Limits, is_fair};
use crate::guardian::refusal::Refusal;
use crate::guardian::sandbox::{AdmitError, Sandbox};

/// Between two attempts to bind, and after an accept that failed for want of descriptors or memory.
const PAUSE: Duration = Duration::from_millis(20);

/// Connections that wait in the kernel to be accepted. With a shorter queue a burst of them is told nothing for seconds; in a
/// longer one a sandbox could leave more bytes unread than the guardian's memory is for.
const QUEUE: u32 = 1024;

/// Between two looks for a place, and after a connection too many: answering it is work as well.
const OVERFLOW_PAUSE: Duration = Duration::from_millis(5);

/// Binds to exactly this address. The engine's attach call returns before the address is always there, so it is tried for a while.
pub(super) async fn bind(listen: Ipv4Addr, port: u16, patience: Duration) -> Result<TcpListener, AdmitError> {
    let address = SocketAddr::new(listen.into(), port);
    let end = Instant::now() + patience;
    loop {
        match listen_on(address) {
            Ok(listener) => return Ok(listener),
            Err(error) if retryable(&error) && Instant::now() < end => sleep(PAUSE).await,
            Err(source) => return Err(AdmitError::Listen { address, source }),
        }
    }
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

fn retryable(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse)
}

/// Accepts until the sandbox is withdrawn. Whatever fails here is one connection's misfortune.
pub(super) async fn accept(listener: TcpListener, sandbox: Arc<Sandbox>, shared: Arc<Shared>) {
    let cut = sandbox.cut.clone();
    cut.run_until_cancelled(accept_all(listener, &sandbox, &shared)).await;
}

async fn accept_all(listener: TcpListener, sandbox: &Arc<Sandbox>, shared: &Arc<Shared>) {
    let mut door = Door { sandbox, shared, full: None };
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => match door.admit(stream, peer).await {
                true => yield_now().await,
                false => sleep(OVERFLOW_PAUSE).await,
            },
            Err(error) if is_about_the_connection(&error) => {}
            // out of descriptors or memory: what is open goes on, and the queue waits
            Err(_) => sleep(PAUSE).await,
        }
    }
}

fn is_about_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}

/// Where connections of one sandbox come in, one after the other. A burst waits in the kernel's queue while places become
/// free; only where none did for a while is one too many refused.
struct Door<'a> {
    sandbox: &'a Arc<Sandbox>,
    shared: &'a Arc<Shared>,
    /// Since when there was no place.
    full: Option<Instant>,
}

impl Door<'_> {
    /// Returns whether the connection is served.
    async fn admit(&mut self, stream: TcpStream, peer: SocketAddr) -> bool {
        let IpAddr::V4(peer) = peer.ip().to_canonical() else { return false };
        if !self.sandbox.subnet.contains(&peer) || stream.set_nodelay(true).is_err() {
            return false;
        }
        let seat = self.seat().await;
        let served = seat.is_some();
        match seat {
            Some(seat) => drop(tokio::spawn(connection::serve(stream, seat))),
            // one attempt without waiting: a client that does not read costs nothing
            None => drop(stream.try_write(&Refusal::too_many_connections().encode(false, true))),
        }
        served
    }

    async fn seat(&mut self) -> Option<Seat> {
        loop {
            if let Some(seat) = Some(Seat::take(self.sandbox, self.shared)).filter(Seat::is_within_limits) {
                self.full = None;
                return Some(seat);
            }
            if self.full.get_or_insert_with(Instant::now).elapsed() >= self.shared.limits.place {
                return None;
            }
            sleep(OVERFLOW_PAUSE).await;
        }
    }
}

/// A connection's place among those of its sandbox and of all; free again when it goes.
pub(super) struct Seat {
    pub(super) sandbox: Arc<Sandbox>,
    pub(super) shared: Arc<Shared>,
}

impl Seat {
    fn take(sandbox: &Arc<Sandbox>, shared: &Arc<Shared>) -> Self {
        sandbox.connections.fetch_add(1, Ordering::Relaxed);
        shared.connections.fetch_add(1, Ordering::Relaxed);
        Self { sandbox: Arc::clone(sandbox), shared: Arc::clone(shared) }
    }

    fn is_within_limits(&self) -> bool {
        let Limits { connections, total, .. } = self.shared.limits;
        let own = self.sandbox.connections.load(Ordering::Relaxed);
        own <= connections && is_fair(own, self.shared.connections.load(Ordering::Relaxed), total)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.sandbox.connections.fetch_sub(1, Ordering::Relaxed);
        self.shared.connections.fetch_sub(1, Ordering::Relaxed);
    }
}
