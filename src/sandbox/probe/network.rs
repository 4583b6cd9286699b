//! All network attempts at once: non-blocking sockets, one poll, one deadline.
//!
//! An address of the sandbox's own network for which no machine has answered the kernel's question (ARP, RFC 826) is not
//! waited for to the end: no packet to it has left, and none can come back. An answer that is later than that is missed here.
//! Who could give it is known elsewhere: this machine by its own addresses (`engine::probe::apart`), containers by the
//! engine's list of who is on the network.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, connect, recv, send, socket_with, sockopt,
};

use super::targets::{Rule, Target};
use super::verdict::{Outcome, Tried, judge};
use super::{CAP, attempt, dns, facts};
use crate::sandbox::protocol::Attempt;

/// The guardian gets longer than [`CAP`]: here silence is the failure, and a busy machine may need a moment.
const GUARDIAN_CAP: Duration = Duration::from_secs(1);
/// How long a machine on the sandbox's own network may take at least to say that it has an address: kernels do in 0.1 ms.
const NEIGHBOUR_FLOOR: Duration = Duration::from_millis(20);
/// How many times longer than the guardian, which is on the same network: on a busy machine both are late.
const NEIGHBOUR_FACTOR: u32 = 4;

/// Sockets under way.
pub(super) struct Round {
    targets: Vec<Target>,
    tries: Vec<Try>,
    nonce: String,
    begin: Instant,
    /// When neighbours have had their time; `None` until the guardian has answered.
    neighbours_due: Option<Duration>,
}

struct Try {
    target: usize,
    address: IpAddr,
    what: String,
    tcp: bool,
    socket: Option<OwnedFd>,
    outcome: Outcome,
}

impl Round {
    /// Opens every socket and returns without waiting.
    pub(super) fn begin(targets: &[Target], nonce: &str, begin: Instant) -> Self {
        let question = dns::question(nonce);
        let mut tries = Vec::new();
        for (index, target) in targets.iter().enumerate() {
            tries.extend(target.tcp.iter().map(|port| Try::tcp(index, target.at(*port))));
            tries.extend(target.dns.then(|| Try::dns(index, target.at(53), &question)));
        }
        Self { targets: targets.to_vec(), tries, nonce: nonce.to_owned(), begin, neighbours_due: None }
    }

    /// Waits until everything answered or the cap is reached, and judges each target.
    pub(super) fn finish(mut self) -> Vec<Attempt> {
        while let Some(wait) = self.remaining() {
            if !self.poll(wait) {
                break;
            }
            self.give_up_absent();
        }
        // What arrived while this process did not run still counts.
        self.poll(Duration::ZERO);
        self.targets.iter().enumerate().map(|(index, target)| self.verdict(index, target)).collect()
    }

    fn verdict(&self, index: usize, target: &Target) -> Attempt {
        let mine = self.tries.iter().filter(|one| one.target == index);
        let tried: Vec<Tried> =
            mine.map(|one| Tried { what: one.what.clone(), outcome: one.outcome.clone() }).collect();
        let (closed, seen) = judge(target.rule, &self.nonce, &tried);
        attempt(target.id, target.label(), closed, seen)
    }

    /// Time left, as long as somebody may still answer.
    fn remaining(&self) -> Option<Duration> {
        let elapsed = self.begin.elapsed();
        let caps = self.tries.iter().filter(|one| one.is_waiting()).map(|one| self.cap(one.target));
        let left = caps.max()?.checked_sub(elapsed).filter(|left| !left.is_zero())?;
        let until_due = self.neighbours_due.and_then(|due| due.checked_sub(elapsed)).filter(|wait| !wait.is_zero());
        Some(until_due.map_or(left, |wait| wait.min(left)))
    }

    /// Gives up on the addresses that nobody on the sandbox's own network has, once everybody there has had time to say.
    fn give_up_absent(&mut self) {
        let elapsed = self.begin.elapsed();
        let is_there = |one: &Try| matches!(one.outcome, Outcome::Established | Outcome::Spoke(_));
        let is_answer = |one: &Try| self.targets[one.target].rule == Rule::Reachable && is_there(one);
        if self.neighbours_due.is_none() && self.tries.iter().any(is_answer) {
            self.neighbours_due = Some((elapsed * NEIGHBOUR_FACTOR).max(NEIGHBOUR_FLOOR));
        }
        if self.neighbours_due.is_some_and(|due| due <= elapsed) {
            let absent = facts::absent_neighbours();
            for one in self.tries.iter_mut().filter(|one| one.outcome == Outcome::Pending) {
                if absent.contains(&one.address) {
                    one.outcome = Outcome::Absent;
                }
            }
        }
    }

    fn cap(&self, target: usize) -> Duration {
        if self.targets[target].rule == Rule::Reachable { GUARDIAN_CAP } else { CAP }
    }

    /// Waits once and notes what happened. False when polling itself failed: then nothing is known of anybody.
    fn poll(&mut self, wait: Duration) -> bool {
        let watched: Vec<usize> = (0..self.tries.len()).filter(|index| self.tries[*index].is_waiting()).collect();
        let mut descriptors: Vec<PollFd<'_>> = watched.iter().filter_map(|index| self.tries[*index].watch()).collect();
        let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(wait.subsec_nanos()) };
        let timeout = Timespec { tv_sec: i64::try_from(wait.as_secs()).unwrap_or(1), ..timeout };
        match poll(&mut descriptors, Some(&timeout)) {
            Ok(_) => {}
            Err(Errno::INTR) => return true,
            Err(errno) => {
                watched.into_iter().for_each(|index| self.tries[index].outcome = Outcome::Failed(errno));
                return false;
            }
        }
        let ready: Vec<bool> = descriptors.iter().map(|one| !one.revents().is_empty()).collect();
        for (index, _) in watched.into_iter().zip(ready).filter(|(_, ready)| *ready) {
            let keep = self.targets[self.tries[index].target].rule != Rule::Reachable;
            self.tries[index].advance(keep);
        }
        true
    }
}

impl Try {
    fn tcp(target: usize, address: SocketAddr) -> Self {
        let tried = open(address, SocketType::STREAM).and_then(|socket| match connect(&socket, &address) {
            Ok(()) => Ok((socket, Outcome::Established)),
            Err(Errno::INPROGRESS) => Ok((socket, Outcome::Pending)),
            Err(errno) => Err(errno),
        });
        Self::new(target, address, true, tried)
    }

    fn dns(target: usize, address: SocketAddr, question: &[u8]) -> Self {
        let sent = open(address, SocketType::DGRAM).and_then(|socket| {
            connect(&socket, &address)?;
            send(&socket, question, SendFlags::NOSIGNAL)?;
            Ok((socket, Outcome::Pending))
        });
        Self::new(target, address, false, sent)
    }

    fn new(target: usize, address: SocketAddr, tcp: bool, tried: Result<(OwnedFd, Outcome), Errno>) -> Self {
        let what = format!("{} {}", if tcp { "tcp" } else { "udp" }, address.port());
        let (socket, outcome) = match tried {
            Ok((socket, outcome)) => (Some(socket), outcome),
            Err(errno) => (None, Outcome::Failed(errno)),
        };
        Self { target, address: address.ip(), what, tcp, socket, outcome }
    }

    /// A connection that stands is watched on: the canary says its nonce.
    fn is_waiting(&self) -> bool {
        self.socket.is_some() && matches!(self.outcome, Outcome::Pending | Outcome::Established)
    }

    fn watch(&self) -> Option<PollFd<'_>> {
        let connecting = self.tcp && self.outcome == Outcome::Pending;
        let flags = if connecting { PollFlags::OUT } else { PollFlags::IN };
        self.socket.as_ref().map(|socket| PollFd::new(socket, flags))
    }

    fn advance(&mut self, keep: bool) {
        let Some(socket) = &self.socket else { return };
        let next = if self.tcp && self.outcome == Outcome::Pending { connected(socket) } else { self.read(socket) };
        self.outcome = next;
        if !keep || self.outcome != Outcome::Established {
            self.socket = None;
        }
    }

    fn read(&self, socket: &OwnedFd) -> Outcome {
        let mut buffer = [0_u8; 512];
        match recv(socket, &mut buffer[..], RecvFlags::DONTWAIT) {
            Ok((length, _)) if self.tcp => Outcome::Spoke(buffer[..length].to_vec()),
            Ok((length, _)) => Outcome::Answered(buffer[..length].to_vec()),
            // A connection that stood and broke was still a connection.
            Err(_) if self.tcp => Outcome::Spoke(Vec::new()),
            Err(errno) => Outcome::Failed(errno),
        }
    }
}

fn connected(socket: &OwnedFd) -> Outcome {
    match sockopt::socket_error(socket) {
        Ok(Ok(())) => Outcome::Established,
        Ok(Err(errno)) | Err(errno) => Outcome::Failed(errno),
    }
}

fn open(address: SocketAddr, kind: SocketType) -> Result<OwnedFd, Errno> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    socket_with(family, kind, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None)
}
