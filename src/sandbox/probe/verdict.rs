//! From what the sockets of a target did to a verdict about it.

use rustix::io::Errno;

use super::dns::{Answer, answer};
use super::targets::Rule;

/// What one socket did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing yet; at the cap: nothing.
    Pending,
    /// Nobody on the sandbox's own network has the address.
    Absent,
    /// The TCP connection stands.
    Established,
    /// The TCP connection stands and the other side spoke first.
    Spoke(Vec<u8>),
    /// A datagram came back.
    Answered(Vec<u8>),
    /// The system said no.
    Failed(Errno),
}

/// One socket: what was tried and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tried {
    /// Protocol and port, `tcp 80`.
    pub(super) what: String,
    pub(super) outcome: Outcome,
}

/// Whether the target turned out as it must, and why.
pub(super) fn judge(rule: Rule, nonce: &str, tried: &[Tried]) -> (bool, String) {
    if rule == Rule::Reachable {
        return reachable(tried);
    }
    match tried.iter().find_map(|one| Some(format!("{} {}", one.what, leak(rule, nonce, &one.outcome)?))) {
        Some(leak) => (false, leak),
        None => (true, silence(tried)),
    }
}

fn reachable(tried: &[Tried]) -> (bool, String) {
    match tried.first().map(|one| &one.outcome) {
        Some(Outcome::Established | Outcome::Spoke(_)) => (true, "accepts connections".to_owned()),
        Some(Outcome::Failed(errno)) => (false, format!("does not accept connections: {}", reason(*errno))),
        _ => (false, "does not answer".to_owned()),
    }
}

fn leak(rule: Rule, nonce: &str, outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Established => Some("accepted a connection".to_owned()),
        Outcome::Spoke(words) if !nonce.is_empty() && contains(words, nonce.as_bytes()) => {
            Some("reached the canary on the host".to_owned())
        }
        Outcome::Spoke(_) => Some("accepted a connection and spoke".to_owned()),
        Outcome::Answered(packet) => answered(rule, packet),
        // A reset or "port unreachable" is sent by the address itself: it was reached. On loopback that is this sandbox.
        Outcome::Failed(Errno::CONNREFUSED) if rule != Rule::Unresolving => {
            Some("refused, which means that the address was reached".to_owned())
        }
        Outcome::Pending | Outcome::Absent if rule == Rule::Unroutable => Some("has a route".to_owned()),
        Outcome::Failed(errno) if !is_closed(rule, *errno) => {
            Some(format!("could not be tried or was reached: {}", reason(*errno)))
        }
        Outcome::Pending | Outcome::Absent | Outcome::Failed(_) => None,
    }
}

/// The failures that say that there is no way. Any other, such as a lack of descriptors, says nothing.
fn is_closed(rule: Rule, errno: Errno) -> bool {
    match errno {
        Errno::NETUNREACH | Errno::HOSTUNREACH | Errno::NETDOWN | Errno::HOSTDOWN | Errno::TIMEDOUT => true,
        Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT | Errno::NODEV | Errno::PERM | Errno::ACCESS => true,
        Errno::CONNREFUSED => rule == Rule::Unresolving,
        _ => false,
    }
}

fn answered(rule: Rule, packet: &[u8]) -> Option<String> {
    match answer(packet) {
        Answer::Resolved => Some("resolved a name".to_owned()),
        _ if rule == Rule::Unresolving => None,
        _ => Some("answered".to_owned()),
    }
}

fn silence(tried: &[Tried]) -> String {
    let any = |outcome: Outcome| tried.iter().any(|one| one.outcome == outcome);
    let refused = tried.iter().any(|one| matches!(one.outcome, Outcome::Answered(_)));
    let mut reasons: Vec<String> = Vec::new();
    for one in tried {
        let Outcome::Failed(errno) = one.outcome else { continue };
        let reason = reason(errno);
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    if refused {
        reasons.push("resolves nothing".to_owned());
    }
    if any(Outcome::Pending) {
        reasons.push("no answer".to_owned());
    }
    if any(Outcome::Absent) {
        reasons.push("nobody has the address".to_owned());
    }
    reasons.join(", ")
}

/// What the system says, without its number.
pub(super) fn reason(errno: Errno) -> String {
    match errno {
        Errno::NETUNREACH | Errno::HOSTUNREACH => "unreachable".to_owned(),
        Errno::ADDRNOTAVAIL => "no source address".to_owned(),
        Errno::AFNOSUPPORT => "no such address family".to_owned(),
        Errno::CONNREFUSED => "nothing listens".to_owned(),
        Errno::PERM => "operation not permitted".to_owned(),
        other => {
            let text = other.to_string();
            text.split(" (os error").next().unwrap_or(&text).to_lowercase()
        }
    }
}

fn contains(words: &[u8], nonce: &[u8]) -> bool {
    words.windows(nonce.len()).any(|window| window == nonce)
}

#[cfg(test)]
mod tests;
