//! What a request is after, in canonical form: parsed once, then matched, shown, resolved and dialled as it is.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use crate::policy::host::{Host, HostError};
use crate::policy::rule::parse_port;
use crate::policy::rules::Use;

/// A canonical destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What stands before the port.
    pub name: Name,
    /// The port, never 0.
    pub port: u16,
    /// Tunnel or plain http.
    pub usage: Use,
}

/// What stands before the port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// A canonical host name.
    Host(Host),
    /// An address in its usual form.
    Address(IpAddr),
    /// A number that some resolver would read as an address: `127.1`, `0x7f.1`. Never resolved.
    Number(Box<str>),
}

/// Why a text is not a destination.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// The host is none.
    #[error(transparent)]
    Host(#[from] HostError),
    /// `CONNECT` without a port.
    #[error("a tunnel needs a port")]
    NoPort,
    /// A port that is no number from 1 to 65535.
    #[error("the port is not a number from 1 to 65535")]
    Port,
    /// Something other than `http://…`.
    #[error("a proxy takes requests for `http://` addresses, and CONNECT for everything else")]
    Form,
    /// A fragment, or a character that no address has.
    #[error("the address has a character that does not belong there")]
    Character,
}

impl Target {
    /// Returns the target of `CONNECT`: authority-form (RFC 9112 §3.2.3), nothing else.
    pub fn tunnel(text: &str) -> Result<Self, TargetError> {
        let (name, port) = split(text)?;
        let port = parse_port(port.ok_or(TargetError::NoPort)?).ok_or(TargetError::Port)?;
        Ok(Self { name: Name::parse(name)?, port, usage: Use::Tunnel })
    }

    /// Returns the target of any other method and its path with query: absolute-form of `http` (RFC 9112 §3.2.2).
    pub fn plain(text: &str) -> Result<(Self, &str), TargetError> {
        let rest = strip_scheme(text).ok_or(TargetError::Form)?;
        if rest.bytes().any(|byte| matches!(byte, b'#' | b'\\')) {
            return Err(TargetError::Character);
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (name, port) = split(authority)?;
        let port = port.map_or(Some(80), parse_port).ok_or(TargetError::Port)?;
        Ok((Self { name: Name::parse(name)?, port, usage: Use::Plain }, path))
    }

    /// Returns the value of a `Host` field: without the port where it is the default.
    pub fn host_field(&self) -> String {
        if self.port == 80 { self.name.to_string() } else { self.to_string() }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.name, self.port)
    }
}

impl Name {
    fn parse(text: &str) -> Result<Self, TargetError> {
        if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return inner
                .parse::<Ipv6Addr>()
                .map(|address| Self::Address(address.into()))
                .map_err(|_| HostError::Bracket.into());
        }
        match Host::parse(text) {
            Ok(host) => Ok(Self::Host(host)),
            Err(HostError::Address) => Ok(text.parse().map_or_else(|_| Self::Number(text.into()), Self::Address)),
            Err(other) => Err(other.into()),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => write!(formatter, "{host}"),
            Self::Address(IpAddr::V4(address)) => write!(formatter, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(formatter, "[{address}]"),
            Self::Number(text) => formatter.write_str(text),
        }
    }
}

fn strip_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_at_checked("http://".len())?;
    scheme.eq_ignore_ascii_case("http://").then_some(rest)
}

/// Splits an authority at the colon of the port. More than one colon outside of brackets is not one.
fn split(text: &str) -> Result<(&str, Option<&str>), TargetError> {
    if text.contains('@') {
        return Err(HostError::UserInfo.into());
    }
    let after_brackets = text.rfind(']').map_or(0, |position| position + 1);
    match text[after_brackets..].split_once(':') {
        None => Ok((text, None)),
        Some((_, port)) => {
            let name = &text[..text.len() - port.len() - 1];
            Ok((name, Some(port)))
        }
    }
}

#[cfg(test)]
mod tests;
