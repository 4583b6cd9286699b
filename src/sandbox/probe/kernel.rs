//! What the kernel must refuse: raw sockets, families that lead out of the container, new user namespaces.
//!
//! `io_uring` cannot be tried without `unsafe`; the tests try it against the profile instead.

use rustix::fs::{Access, access};
use rustix::io::Errno;
use rustix::net::ipproto::ICMP;
use rustix::net::{AddressFamily, Protocol, SocketType, socket};
use rustix::thread::{self, UnshareFlags};

use super::attempt;
use super::verdict::reason;
use crate::sandbox::protocol::Attempt;

/// Raw frames and packets (SEC-30), the kernel's crypto API (CVE-2026-31431), the hypervisor's channel (SEC-18).
const SOCKETS: [(&str, &str, AddressFamily, SocketType, Option<Protocol>); 4] = [
    ("socket-packet", "an AF_PACKET socket", AddressFamily::PACKET, SocketType::RAW, None),
    ("socket-raw", "a raw ICMP socket", AddressFamily::INET, SocketType::RAW, Some(ICMP)),
    ("socket-alg", "an AF_ALG socket", AddressFamily::from_raw(38), SocketType::SEQPACKET, None),
    ("socket-vsock", "an AF_VSOCK socket", AddressFamily::from_raw(40), SocketType::STREAM, None),
];

/// Opens each socket that must not open.
pub(super) fn sockets() -> Vec<Attempt> {
    let no = [Errno::PERM, Errno::ACCESS, Errno::AFNOSUPPORT, Errno::PROTONOSUPPORT, Errno::SOCKTNOSUPPORT];
    let tried =
        |(id, target, family, kind, protocol)| refused(id, target, socket(family, kind, protocol).map(drop), &no);
    SOCKETS.into_iter().map(tried).collect()
}

/// Enters a user namespace of its own, in which it would hold every capability. Moves this process when it works.
#[expect(deprecated, reason = "the successor is unsafe because of descriptor tables; this flag shares none")]
pub(super) fn user_namespace() -> Attempt {
    // ENOSPC: user.max_user_namespaces is 0.
    let no = [Errno::PERM, Errno::ACCESS, Errno::NOSPC, Errno::USERS, Errno::NOSYS];
    let target = "a new user namespace";
    match access("/proc/self/ns/user", Access::EXISTS) {
        Err(Errno::NOENT) => attempt("user-namespace", target, true, "the kernel has none"),
        _ => refused("user-namespace", target, thread::unshare(UnshareFlags::NEWUSER), &no),
    }
}

/// Closed when the answer was one of `no`; any other, such as a lack of descriptors, says nothing.
fn refused(id: &str, target: &str, tried: Result<(), Errno>, no: &[Errno]) -> Attempt {
    match tried {
        Ok(()) => attempt(id, target, false, "granted"),
        Err(errno) => attempt(id, target, no.contains(&errno), reason(errno)),
    }
}
