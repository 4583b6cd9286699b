//! Why a request was allowed or refused, under the names that events, headers and JSON carry.

use std::fmt;

/// A machine-readable reason. The texts are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A rule allows it.
    Listed,
    /// No rule is about it, and somebody who was asked let it through this once.
    Once,
    /// No rule is about it.
    NotListed,
    /// A rule denies it, or somebody who was asked.
    Denied,
    /// The host is allowed, the port is not.
    Port,
    /// An address, or a number that some resolver reads as one, instead of a name.
    AddressLiteral,
    /// A name of the machine itself or of a metadata service.
    LocalName,
    /// The name leads to addresses that are not public, and to none that may be dialled.
    Address,
    /// The tunnel does not begin with TLS.
    NotTls,
    /// The TLS hello in the tunnel names another server, or none.
    ServerName,
    /// The TLS hello in the tunnel hides which server it is for.
    EncryptedHello,
    /// The name has no address.
    NotFound,
    /// The destination did not answer.
    Unreachable,
    /// The destination answered something that is not HTTP.
    BadAnswer,
    /// The request is not well-formed.
    Malformed,
    /// The method is none that a proxy forwards.
    Method,
    /// The protocol version is unknown.
    Version,
    /// The head is too large.
    TooLarge,
    /// The head, or the hello of a tunnel, did not arrive in time.
    Timeout,
    /// The credentials are missing or wrong.
    Unauthenticated,
    /// Too many connections or tunnels.
    Limit,
    /// Nobody listed it, and too many requests are held already: it is asked about, and not held.
    HeldLimit,
    /// What happens cannot be kept, so nothing new may happen.
    Audit,
    /// Nobody is there who would answer a stream.
    ControlPlane,
}

/// What came of a request, of all the reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It went through.
    Allowed,
    /// The guardian said no to the destination.
    Refused,
    /// The destination was allowed, and did not answer.
    Failed,
    /// It never was about a destination: its form, its credentials, or too many at once.
    Rejected,
}

impl Reason {
    /// Returns what came of the request.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Listed | Self::Once => Outcome::Allowed,
            Self::NotListed | Self::Denied | Self::Port | Self::AddressLiteral | Self::LocalName | Self::Address => {
                Outcome::Refused
            }
            Self::NotTls | Self::ServerName | Self::EncryptedHello | Self::Audit => Outcome::Refused,
            Self::NotFound | Self::Unreachable | Self::BadAnswer => Outcome::Failed,
            Self::Malformed | Self::Method | Self::Version | Self::TooLarge | Self::Timeout => Outcome::Rejected,
            // many clients ask without credentials first
            Self::Unauthenticated | Self::Limit | Self::HeldLimit | Self::ControlPlane => Outcome::Rejected,
        }
    }

    /// Returns the name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Once => "once",
            Self::NotListed => "not-listed",
            Self::Denied => "denied",
            Self::Port => "port",
            Self::AddressLiteral => "address-literal",
            Self::LocalName => "local-name",
            Self::Address => "address",
            Self::NotTls => "not-tls",
            Self::ServerName => "server-name",
            Self::EncryptedHello => "ech",
            Self::NotFound => "not-found",
            Self::Unreachable => "unreachable",
            Self::BadAnswer => "bad-answer",
            Self::Malformed => "malformed",
            Self::Method => "method",
            Self::Version => "version",
            Self::TooLarge => "too-large",
            Self::Timeout => "timeout",
            Self::Unauthenticated => "unauthenticated",
            Self::Limit => "limit",
            Self::HeldLimit => "held-limit",
            Self::Audit => "audit",
            Self::ControlPlane => "control-plane",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
