#![expect(clippy::disallowed_methods, reason = "adapter: reads the kernel's tables of connections")]
//! Whose program asks. A browser sends a cookie to every port of 127.0.0.1: a server of another user of this machine that it is
//! led to, such as one at our port while no control plane lives, has it. So a cookie alone is no proof either (SEC-48).

use std::net::{SocketAddr, SocketAddrV4};

use tokio::net::TcpStream;

/// The kernel's tables (proc_net_tcp of its documentation): a program may reach 127.0.0.1 by a socket of version 6.
const TABLES: [&str; 2] = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];
/// A connection whose both ends are open, in these tables. Of one that was closed they do not say whose it was.
const ESTABLISHED: &str = "01";

/// Tells whether a program of this user is at the other end; for root by sudo(8), one of whoever called that.
pub(super) fn is_own(stream: &TcpStream) -> bool {
    let (Ok(SocketAddr::V4(from)), Ok(SocketAddr::V4(to))) = (stream.peer_addr(), stream.local_addr()) else {
        return false;
    };
    let uid = TABLES.iter().find_map(|table| owner(&std::fs::read_to_string(table).ok()?, from, to));
    let caller = std::env::var("SUDO_UID").ok().and_then(|uid| uid.parse().ok());
    uid.is_some_and(|uid| is_of(uid, rustix::process::geteuid().as_raw(), caller))
}

/// Tells whether a user is the one whose page it is; `caller` counts for root alone, whose environment nobody else sets.
fn is_of(uid: u32, own: u32, caller: Option<u32>) -> bool {
    uid == own || (own == 0 && caller == Some(uid))
}

/// Returns the user whose open socket leads from one address to another.
fn owner(table: &str, from: SocketAddrV4, to: SocketAddrV4) -> Option<u32> {
    let is_end = |text: &str, end: SocketAddrV4| {
        let (address, port) = text.split_once(':').unwrap_or_default();
        [written(end), mapped(end)].iter().any(|own| own == address) && port == format!("{:04X}", end.port())
    };
    table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, local, remote, ESTABLISHED, _, _, _, uid, ..] = fields[..] else { return None };
        (is_end(local, from) && is_end(remote, to)).then(|| uid.parse().ok())?
    })
}

/// An address as the kernel writes it: a number of the machine's own byte order.
fn written(end: SocketAddrV4) -> String {
    format!("{:08X}", u32::from_ne_bytes(end.ip().octets()))
}

fn mapped(end: SocketAddrV4) -> String {
    format!("{:016}{:08X}{}", 0, u32::from_ne_bytes([0, 0, 0xff, 0xff]), written(end))
}

#[cfg(test)]
mod tests;
