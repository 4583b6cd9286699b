//! One destination that a policy allows or denies: `HOST[:PORT[/raw]]`.
//!
//! `x` is that host, `*.x` everything one or more labels below it, `**.x` both. An address is a rule of its own: exact,
//! with a port. Without a port an allowing rule opens 443 for tunnels and 80 for plain http, a denying one closes every
//! port. With a port it is about that port, for both.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use super::host::{Host, HostError};

/// A rule in its canonical form. Ordered by its text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule {
    text: Box<str>,
    pattern: Pattern,
    port: Option<u16>,
    raw: bool,
}

/// Which hosts a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    /// `x`: this name.
    Exact(Host),
    /// `*.x`: names one or more labels below.
    Below(Host),
    /// `**.x`: the name and everything below.
    Tree(Host),
    /// One address.
    Address(IpAddr),
}

/// Why a text is not a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The host is none.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A scheme or a path.
    #[error("a rule is HOST, HOST:PORT or HOST:PORT/raw, without a scheme or a path")]
    Shape,
    /// A port that is no number from 1 to 65535.
    #[error("the port {0:?} is not a number from 1 to 65535")]
    Port(String),
    /// `/raw` without a port.
    #[error("`/raw` needs a port, as in {0}:22/raw")]
    RawWithoutPort(String),
    /// A wildcard that is not a whole first label.
    #[error("a wildcard stands for whole labels at the front: `*.example.com` or `**.example.com`")]
    Wildcard,
    /// A wildcard over a top level domain or a public suffix (<https://publicsuffix.org>).
    #[error("a wildcard over {0:?} reaches sites of everybody who registers a name there; name the hosts")]
    PublicSuffix(String),
    /// An address without a port.
    #[error("an address needs a port, as in {0}")]
    AddressWithoutPort(String),
    /// A number that is not an address in its usual form.
    #[error("write the address in its usual form, as in 192.0.2.1:443 or [2001:db8::1]:443")]
    AddressForm,
    /// A name of the machine itself or of a metadata service.
    #[error("{0:?} is a name of the machine itself or of a metadata service and can never be reached")]
    Local(String),
}

impl Rule {
    /// Returns the rule that `text` stands for, as something to allow.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let rule = Self::parse_deny(text)?;
        match &rule.pattern {
            Pattern::Exact(host) | Pattern::Below(host) | Pattern::Tree(host) if is_machine_name(host) => {
                Err(RuleError::Local(host.as_str().to_owned()))
            }
            Pattern::Below(host) | Pattern::Tree(host) if is_public_suffix(host) => {
                Err(RuleError::PublicSuffix(host.as_str().to_owned()))
            }
            _ => Ok(rule),
        }
    }

    /// Returns the rule that `text` stands for, as something to deny: that may be a whole top level domain.
    pub fn parse_deny(text: &str) -> Result<Self, RuleError> {
        let (destination, raw) = match text.split_once('/') {
            None => (text, false),
            Some((destination, "raw")) => (destination, true),
            Some(_) => return Err(RuleError::Shape),
        };
        let (host, port) = split_port(destination)?;
        let pattern = Pattern::parse(host)?;
        match (&pattern, port) {
            (Pattern::Address(address), None) => return Err(RuleError::AddressWithoutPort(at_port(*address, 443))),
            (_, None) if raw => return Err(RuleError::RawWithoutPort(pattern.to_string())),
            _ => {}
        }
        Ok(Self::assemble(pattern, port, raw))
    }

    pub(crate) fn assemble(pattern: Pattern, port: Option<u16>, raw: bool) -> Self {
        let mut text = pattern.to_string();
        if let Some(port) = port {
            text.push(':');
            text.push_str(&port.to_string());
        }
        if raw {
            text.push_str("/raw");
        }
        Self { text: text.into_boxed_str(), pattern, port, raw }
    }

    /// Returns the canonical text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns which hosts the rule is about.
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// Returns the port, where the rule names one.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Returns whether a tunnel may carry something other than TLS.
    pub fn is_raw(&self) -> bool {
        self.raw
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, RuleError> {
        if let Some(address) = parse_address(text) {
            return Ok(Self::Address(address));
        }
        let (suffix, form): (&str, fn(Host) -> Self) = match text.split_once('.') {
            Some(("**", suffix)) => (suffix, Self::Tree),
            Some(("*", suffix)) => (suffix, Self::Below),
            _ => (text, Self::Exact),
        };
        if suffix.contains('*') {
            return Err(RuleError::Wildcard);
        }
        match Host::parse(suffix) {
            Ok(host) => Ok(form(host)),
            Err(HostError::Address) => Err(RuleError::AddressForm),
            Err(other) => Err(RuleError::Host(other)),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(host) => write!(formatter, "{host}"),
            Self::Below(host) => write!(formatter, "*.{host}"),
            Self::Tree(host) => write!(formatter, "**.{host}"),
            Self::Address(IpAddr::V4(address)) => write!(formatter, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(formatter, "[{address}]"),
        }
    }
}

/// Unknown top level domains count as public: what is below them may be anybody's.
fn is_public_suffix(host: &Host) -> bool {
    psl::suffix_str(host.as_str()).is_none_or(|public| public == host.as_str())
}

/// Returns whether a name means the machine itself, its engine, or a cloud's metadata service: no rule opens these.
pub fn is_machine_name(host: &Host) -> bool {
    MACHINE_NAMES.iter().any(|name| host.is_within(name))
}

/// `localhost` (RFC 6761 §6.3) and what distributions call it, engines' names for the host, clouds' metadata services.
const MACHINE_NAMES: &[&str] = &[
    "localhost",
    "localhost.localdomain",
    "localhost4",
    "localhost4.localdomain4",
    "localhost6",
    "localhost6.localdomain6",
    "ip6-localhost",
    "ip6-loopback",
    "docker.internal",
    "containers.internal",
    "lima.internal",
    "metadata.google.internal",
    "metadata.goog",
    "metadata.azure.internal",
    "metadata.packet.net",
    "metadata.tencentyun.com",
    "instance-data",
    "instance-data.ec2.internal",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
];

/// Splits `host:port`; the colons of an unbracketed IPv6 address are not a port.
fn split_port(text: &str) -> Result<(&str, Option<u16>), RuleError> {
    if text.contains("//") {
        return Err(RuleError::Shape);
    }
    let Some((host, port)) = text.rsplit_once(':') else { return Ok((text, None)) };
    if text.ends_with(']') {
        return Ok((text, None));
    }
    if text.parse::<Ipv6Addr>().is_ok() {
        return Err(RuleError::AddressForm);
    }
    match parse_port(port) {
        Some(port) => Ok((host, Some(port))),
        None => Err(RuleError::Port(port.to_owned())),
    }
}

/// Returns a port from its decimal form: digits only, no leading zero, 1 to 65535.
pub fn parse_port(text: &str) -> Option<u16> {
    let plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

fn parse_address(text: &str) -> Option<IpAddr> {
    match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => inner.parse().ok().map(IpAddr::V6),
        None => text.parse().ok().map(IpAddr::V4),
    }
}

fn at_port(address: IpAddr, port: u16) -> String {
    format!("{}:{port}", Pattern::Address(address))
}

#[cfg(test)]
mod tests;
