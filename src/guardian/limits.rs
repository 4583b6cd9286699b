//! What a sandbox, and all of them together, may use of the guardian (SEC-44).

use std::time::Duration;

use super::journal;
use super::protocol::STREAM_WINDOW;

/// Largest request head in bytes.
pub const HEAD_BYTES: usize = 32 << 10;
/// Most header fields of a request.
pub const HEAD_FIELDS: usize = 100;

/// Memory that the guardian's container gets, in bytes.
pub const MEMORY: usize = 256 << 20;
/// Most that one connection holds: a head or a hello as it arrives, or what a slow reader left of a tunnel.
pub const CONNECTION_BYTES: usize = 64 << 10;
/// Most that one plain forward holds beyond that: both heads, parsed and as bytes, and hyper's buffers.
pub const FORWARD_BYTES: usize = 256 << 10;
/// Pipes that the kernel moves bytes of busy tunnels through.
pub const PIPES: usize = 16;
/// Room of each in bytes.
pub const PIPE_BYTES: usize = 512 << 10;
/// What a stream to the controller holds beyond its connection: what waits in either direction, and that in base64.
pub const STREAM_BYTES: usize = 3 * STREAM_WINDOW as usize;
/// For everything else: the program, policies, the leftovers of large reads, the kernel's share of sockets.
pub const BASE_BYTES: usize = 40 << 20;

/// Free places for each one that a sandbox has, before it gets another.
const SPARE: usize = 4;

/// Times and counts. The default is what ships.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Tunnels of one sandbox.
    pub tunnels: usize,
    /// Connections of one sandbox, tunnels included.
    pub connections: usize,
    /// Connections of all sandboxes, shared as [`is_fair`] says.
    pub total: usize,
    /// For how long a sandbox has to have had no place before a connection too many is refused, and does not wait.
    pub place: Duration,
    /// Connections of all sandboxes that forward plain http, or keep a server for the next request; shared alike.
    pub total_forwards: usize,
    /// Requests of one sandbox that are held until somebody decides.
    pub held: usize,
    /// Streams of one sandbox to the controller.
    pub streams: usize,
    /// Streams of all sandboxes; shared alike.
    pub total_streams: usize,
    /// Refusals on one connection, the last of which ends it.
    pub refusals: u32,
    /// Refusals of one sandbox that are answered at once; behind them, answers are as far apart as `refusal_pace`.
    pub refusal_burst: u32,
    /// Between two refusals of one sandbox in the long run.
    pub refusal_pace: Duration,
    /// Longest wait for one refusal.
    pub refusal_wait: Duration,
    /// From an event that somebody keeps to the acknowledgement.
    pub acknowledge: Duration,
    /// From the first byte of a request to the end of its head.
    pub head: Duration,
    /// From the start of a tunnel to the end of its TLS hello.
    pub hello: Duration,
    /// From the end of one request to the first byte of the next.
    pub keep_alive: Duration,
    /// To resolve a name.
    pub resolve: Duration,
    /// To connect to one address.
    pub connect: Duration,
    /// Without a byte in either direction.
    pub idle: Duration,
    /// For the rest of what a refused client sends.
    pub linger: Duration,
    /// For a sandbox-side address to appear after the engine attached the network.
    pub bind: Duration,
}

impl Limits {
    /// What ships.
    pub const SHIPPED: Self = Self {
        tunnels: 128,
        connections: 256,
        total: 2048,
        place: Duration::from_secs(1),
        total_forwards: 256,
        held: 64,
        streams: 8,
        total_streams: 40,
        refusals: 16,
        refusal_burst: 64,
        refusal_pace: Duration::from_millis(10),
        refusal_wait: Duration::from_secs(1),
        acknowledge: Duration::from_secs(5),
        head: Duration::from_secs(10),
        hello: Duration::from_secs(10),
        keep_alive: Duration::from_secs(60),
        resolve: Duration::from_secs(10),
        connect: Duration::from_secs(10),
        idle: Duration::from_mins(5),
        linger: Duration::from_secs(1),
        bind: Duration::from_secs(5),
    };

    /// What the connections of all sandboxes hold at most, in bytes.
    pub const fn memory(&self) -> usize {
        let connections = self.total * CONNECTION_BYTES + self.total_forwards * FORWARD_BYTES;
        let events = journal::CAPACITY * journal::EVENT_BYTES;
        BASE_BYTES + PIPES * PIPE_BYTES + connections + events + self.total_streams * STREAM_BYTES
    }
}

/// Returns whether a sandbox may have `own` of the `all` places that are taken, of `total`: it takes another one only while
/// four times as many as it has are free (Choudhury and Hahne, "Dynamic queue length thresholds", 1998). The more is taken,
/// the less each may have, and whoever has none finds one even among many that take what they can get.
pub const fn is_fair(own: usize, all: usize, total: usize) -> bool {
    SPARE * own + all <= total + SPARE
}

impl Default for Limits {
    fn default() -> Self {
        Self::SHIPPED
    }
}

#[cfg(test)]
mod tests;

const _: () = assert!(Limits::SHIPPED.memory() <= MEMORY, "connections could use up the guardian's memory");
