//! The first message of a TLS client. Only the name of the server matters here; what follows is hidden, and is not read.
//!
//! Strict where two readers could disagree about that name, blind to the rest (RFC 8446 §4.1.2 and §5.1, RFC 6066 §3). It
//! is written here because a TLS library brings its ciphers along and keeps what it finds of ECH to itself.
//! Invariant: pure, and holds no more bytes than it was shown.

use super::reason::Reason;
use super::target::{Name, Target};
use crate::policy::host::Host;

/// Most bytes until the end of the hello, record headers included.
pub const HELLO_BYTES: usize = 16 << 10;

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const RECORD_HEADER: usize = 5;
/// Longest fragment of a record (RFC 8446 §5.1).
const FRAGMENT_LIMIT: usize = 16 << 10;
const SERVER_NAME: u16 = 0;
const HOST_NAME: u8 = 0;
/// Extensions that carry a second hello, or its name, where nobody on the way can read it: ECH (RFC 9849), its last drafts
/// that were deployed, and ESNI.
const ENCRYPTED: &[u16] = &[0xfe0d, 0xfe0a, 0xfe09, 0xfe08, 0xffce];

/// What a hello says about the server that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The name of the server, where there is one.
    pub server_name: Option<Host>,
    /// Whether there is, or may be, another name inside that is encrypted.
    pub encrypted: bool,
}

/// Why bytes are no hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotHello {
    /// Another protocol.
    #[error("this is not TLS")]
    NotTls,
    /// More than [`HELLO_BYTES`].
    #[error("the hello is larger than 16 KiB")]
    TooLarge,
    /// A structure that does not add up, or two names.
    #[error("the hello is malformed")]
    Malformed,
    /// A server name that is no host name.
    #[error("the name of the server is no host name")]
    Name,
}

impl NotHello {
    /// Returns the machine-readable reason.
    pub fn reason(self) -> Reason {
        match self {
            Self::NotTls | Self::TooLarge | Self::Malformed => Reason::NotTls,
            Self::Name => Reason::ServerName,
        }
    }
}

impl Hello {
    /// Returns why a tunnel to `target` may not begin with this hello. An address has no name (RFC 6066 §3).
    pub fn check(&self, target: &Target) -> Result<(), Reason> {
        match (&self.server_name, &target.name) {
            _ if self.encrypted => Err(Reason::EncryptedHello),
            (Some(name), Name::Host(host)) if name == host => Ok(()),
            (None, Name::Address(_)) => Ok(()),
            _ => Err(Reason::ServerName),
        }
    }
}

/// Puts a hello together from bytes as they arrive, however they are cut into segments and records.
#[derive(Debug, Default)]
pub struct Reader {
    message: Vec<u8>,
    /// Bytes that were read.
    read: usize,
    /// Bytes of the present record that are to come.
    left: usize,
}

impl Reader {
    /// Reads on in `bytes`, which begin with everything that earlier calls saw; `None` while the hello is not complete.
    pub fn read(&mut self, bytes: &[u8]) -> Result<Option<Hello>, NotHello> {
        loop {
            let rest = bytes.get(self.read..).unwrap_or_default();
            if self.left == 0 {
                let Some(length) = fragment_length(rest)? else { return incomplete(bytes) };
                self.left = length;
                self.read += RECORD_HEADER;
                continue;
            }
            let count = self.left.min(rest.len());
            if count == 0 {
                return incomplete(bytes);
            }
            self.message.extend_from_slice(&rest[..count]);
            self.read += count;
            self.left -= count;
            if let Some(body) = whole(&self.message)? {
                // RFC 8446 §5.1: keys change behind the hello, so nothing else is in its record
                let ends = self.left == 0 && self.read <= HELLO_BYTES;
                return if ends { parse(body).map(Some) } else { Err(NotHello::Malformed) };
            }
        }
    }
}

fn incomplete(bytes: &[u8]) -> Result<Option<Hello>, NotHello> {
    if bytes.len() >= HELLO_BYTES { Err(NotHello::TooLarge) } else { Ok(None) }
}

/// Returns the length of the record that begins here. What is no handshake is refused at its first byte.
fn fragment_length(bytes: &[u8]) -> Result<Option<usize>, NotHello> {
    match bytes {
        [] | [HANDSHAKE] | [HANDSHAKE, 3] | [HANDSHAKE, 3, _] | [HANDSHAKE, 3, _, _] => Ok(None),
        [HANDSHAKE, 3, _, high, low, ..] => match usize::from(u16::from_be_bytes([*high, *low])) {
            length @ 1..=FRAGMENT_LIMIT => Ok(Some(length)),
            _ => Err(NotHello::Malformed),
        },
        _ => Err(NotHello::NotTls),
    }
}

/// Returns the body of a message that is complete.
fn whole(message: &[u8]) -> Result<Option<&[u8]>, NotHello> {
    match message {
        [CLIENT_HELLO, high, middle, low, body @ ..] => {
            let length = u32::from_be_bytes([0, *high, *middle, *low]) as usize;
            match body.len() {
                _ if length > HELLO_BYTES => Err(NotHello::TooLarge),
                arrived if arrived > length => Err(NotHello::Malformed),
                arrived => Ok((arrived == length).then_some(body)),
            }
        }
        [] | [CLIENT_HELLO, ..] => Ok(None),
        _ => Err(NotHello::NotTls),
    }
}

fn parse(body: &[u8]) -> Result<Hello, NotHello> {
    let extensions = extensions(body).ok_or(NotHello::Malformed)?;
    let mut hello = Hello { server_name: None, encrypted: false };
    let mut rest = Bytes(extensions);
    while !rest.0.is_empty() {
        let (kind, content) = rest.extension().ok_or(NotHello::Malformed)?;
        hello.encrypted |= ENCRYPTED.contains(&kind);
        if kind == SERVER_NAME {
            let name = only_name(content).filter(|_| hello.server_name.is_none()).ok_or(NotHello::Malformed)?;
            let name = std::str::from_utf8(name).ok().and_then(|name| Host::parse(name).ok());
            hello.server_name = Some(name.ok_or(NotHello::Name)?);
        }
    }
    Ok(hello)
}

/// Returns the extensions of a hello; TLS 1.2 may leave the whole block out.
fn extensions(body: &[u8]) -> Option<&[u8]> {
    let mut rest = Bytes(body);
    let version = rest.take(2)?;
    rest.take(32)?;
    let session = rest.short()?;
    let (suites, compressions) = (rest.long()?, rest.short()?);
    let sound = version[0] == 3
        && session.len() <= 32
        && suites.len() >= 2
        && suites.len().is_multiple_of(2)
        && !compressions.is_empty();
    match rest.0 {
        _ if !sound => None,
        [] => Some(&[]),
        _ => rest.long().filter(|_| rest.0.is_empty()),
    }
}

/// Returns the one name of a list: there is one kind of name, and one name of a kind (RFC 6066 §3).
fn only_name(content: &[u8]) -> Option<&[u8]> {
    let mut content = Bytes(content);
    let mut list = Bytes(content.long().filter(|_| content.0.is_empty())?);
    let kind = list.take(1)?;
    list.long().filter(|_| kind == [HOST_NAME] && list.0.is_empty())
}

/// What is left of a structure.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    /// A vector behind one byte of length.
    fn short(&mut self) -> Option<&'a [u8]> {
        let length = self.take(1)?[0];
        self.take(length.into())
    }

    /// A vector behind two bytes of length.
    fn long(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(length.into())
    }

    fn extension(&mut self) -> Option<(u16, &'a [u8])> {
        Some((self.number()?, self.long()?))
    }
}

#[cfg(test)]
mod tests;
