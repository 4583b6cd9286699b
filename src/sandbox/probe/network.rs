//! All network attempts at once: non-blocking sockets, one poll, one deadline.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, connect, recv, send, socket_with, sockopt,
};

use super::targets::{Rule, Target};
use super::verdict::{Outcome, Tried, judge};
use super::{CAP, attempt, dns};
use crate::sandbox::protocol::Attempt;

/// The guardian gets longer than [`CAP`]: here silence is the failure, and a busy machine may need a moment.
const GUARDIAN_CAP: Duration = Duration::from_secs(1);

/// Sockets under way.
pub(super) struct Round {
    targets: Vec<Target>,
    tries: Vec<Try>,
    nonce: String,
    begin: Instant,
}

struct Try {
    target: usize,
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
        Self { targets: targets.to_vec(), tries, nonce: nonce.to_owned(), begin }
    }

    /// Waits until everything answered or the cap is reached, and judges each target.
    pub(super) fn finish(mut self) -> Vec<Attempt> {
        while let Some(wait) = self.remaining() {
            if !self.poll(wait) {
                break;
            }
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
        caps.max()?.checked_sub(elapsed).filter(|left| !left.is_zero())
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
        let what = format!("tcp {}", address.port());
        match open(address, SocketType::STREAM) {
            Ok(socket) => match connect(&socket, &address) {
                Ok(()) => Self { target, what, tcp: true, socket: Some(socket), outcome: Outcome::Established },
                Err(Errno::INPROGRESS) => {
                    Self { target, what, tcp: true, socket: Some(socket), outcome: Outcome::Pending }
                }
                Err(errno) => Self::failed(target, what, errno),
            },
            Err(errno) => Self::failed(target, what, errno),
        }
    }

    fn dns(target: usize, address: SocketAddr, question: &[u8]) -> Self {
        let what = format!("udp {}", address.port());
        let sent = open(address, SocketType::DGRAM).and_then(|socket| {
            connect(&socket, &address)?;
            send(&socket, question, SendFlags::NOSIGNAL)?;
            Ok(socket)
        });
        match sent {
            Ok(socket) => Self { target, what, tcp: false, socket: Some(socket), outcome: Outcome::Pending },
            Err(errno) => Self::failed(target, what, errno),
        }
    }

    fn failed(target: usize, what: String, errno: Errno) -> Self {
        Self { target, what, tcp: false, socket: None, outcome: Outcome::Failed(errno) }
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
