//! What a sandbox, and all of them together, may use of the guardian (SEC-44).

use std::time::Duration;

/// Largest request head in bytes.
pub const HEAD_BYTES: usize = 32 << 10;
/// Most header fields of a request.
pub const HEAD_FIELDS: usize = 100;

/// Times and counts. The defaults are what ships.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Tunnels of one sandbox.
    pub tunnels: usize,
    /// Connections of one sandbox, tunnels included.
    pub connections: usize,
    /// Connections of all sandboxes.
    pub total: usize,
    /// Refusals on one connection, the last of which ends it.
    pub refusals: u32,
    /// Refusals of one sandbox that are answered at once; behind them, answers are as far apart as `refusal_pace`.
    pub refusal_burst: u32,
    /// Between two refusals of one sandbox in the long run.
    pub refusal_pace: Duration,
    /// Longest wait for one refusal.
    pub refusal_wait: Duration,
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

impl Default for Limits {
    fn default() -> Self {
        Self {
            tunnels: 128,
            connections: 256,
            total: 8192,
            refusals: 16,
            refusal_burst: 64,
            refusal_pace: Duration::from_millis(10),
            refusal_wait: Duration::from_secs(1),
            head: Duration::from_secs(10),
            hello: Duration::from_secs(10),
            keep_alive: Duration::from_secs(60),
            resolve: Duration::from_secs(10),
            connect: Duration::from_secs(10),
            idle: Duration::from_mins(5),
            linger: Duration::from_secs(1),
            bind: Duration::from_secs(5),
        }
    }
}
