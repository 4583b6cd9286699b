//! A DNS question and the code of its answer (RFC 1035 §4.1): enough to learn whether a resolver is behind an address.

/// What an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// NOERROR or NXDOMAIN: somebody resolved the name, so the question travelled.
    Resolved,
    /// Any other code: the server gave up.
    Failed(u8),
    /// Not an answer to this question.
    Foreign,
}

/// Number of the question; the socket is connected, so it need not be hard to guess.
const NUMBER: [u8; 2] = [0xc1, 0x01];
/// Reserved by RFC 6761: no cache on the way can know a name below it.
const ZONE: [&str; 2] = ["cloister-probe", "test"];

/// The question for the address of `<nonce>.cloister-probe.test`.
pub(super) fn question(nonce: &str) -> Vec<u8> {
    let label: String = nonce.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    let label = if label.is_empty() { "nonce" } else { label.as_str() };
    let mut packet = NUMBER.to_vec();
    // recursion desired, one question
    packet.extend([0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]);
    for part in [label, ZONE[0], ZONE[1]] {
        packet.push(u8::try_from(part.len()).expect("labels are at most 40 bytes"));
        packet.extend(part.as_bytes());
    }
    // end of the name, type A, class IN
    packet.extend([0, 0, 1, 0, 1]);
    packet
}

/// Reads the header of an answer.
pub(super) fn answer(packet: &[u8]) -> Answer {
    match packet {
        [first, second, flags, code, ..] if [*first, *second] == NUMBER && flags & 0x80 != 0 => match code & 0x0f {
            0 | 3 => Answer::Resolved,
            other => Answer::Failed(other),
        },
        _ => Answer::Foreign,
    }
}

#[cfg(test)]
mod tests;
