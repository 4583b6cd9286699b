//! The client inside a sandbox: asks for a command on the host, or for a host that nobody listed, and waits for the answer.

mod ask;
pub mod protocol;
mod tunnel;

pub use ask::{AskError, command, domain};
pub use tunnel::TunnelError;
