//! One canonical form for a host name: it is matched, shown, logged, resolved and dialled.
//!
//! Invariant: a [`Host`] is never an address. Whatever a resolver or a URL parser could read as a number is refused,
//! because `getaddrinfo` turns `127.1`, `0x7f.1` and `2130706433` into an address.

use std::fmt;
use std::net::IpAddr;

/// Longest label in bytes (RFC 1035 §2.3.4).
const LABEL_LIMIT: usize = 63;
/// Longest name in bytes without the final dot (RFC 1035 §2.3.4, less the root label).
const NAME_LIMIT: usize = 253;

/// A canonical DNS name: ASCII, lower case, labels of letters, digits, hyphens and underscores, no trailing dot, never numeric.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(Box<str>);

/// Why a text is not a host name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// There is nothing.
    #[error("the host name is empty")]
    Empty,
    /// More than 253 bytes.
    #[error("the host name is longer than {NAME_LIMIT} characters")]
    TooLong,
    /// Two dots in a row, or one at the start.
    #[error("the host name has an empty label")]
    EmptyLabel,
    /// A label of more than 63 bytes.
    #[error("a label of the host name is longer than {LABEL_LIMIT} characters")]
    LabelTooLong,
    /// A label that begins or ends with a hyphen (RFC 952, RFC 1123 §2.1).
    #[error("a label of the host name begins or ends with a hyphen")]
    Hyphen,
    /// A user name in front, as in `user@host`.
    #[error("a user name has no place in front of a host name")]
    UserInfo,
    /// Percent encoding, or an IPv6 zone.
    #[error("percent signs have no place in a host name")]
    Percent,
    /// Square brackets that do not hold an IPv6 address.
    #[error("square brackets have no place around a host name")]
    Bracket,
    /// Letters beyond ASCII.
    #[error("the host name is not ASCII; write it in its `xn--` form")]
    NotAscii,
    /// Another character that no host name has.
    #[error("the character {0:?} has no place in a host name")]
    Character(char),
    /// An address, or a number that some resolver reads as one.
    #[error("this is an address or a number, not a host name")]
    Address,
}

impl Host {
    /// Returns the canonical form of `text`.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        if text.parse::<IpAddr>().is_ok() || bracketed_address(text) {
            return Err(HostError::Address);
        }
        if let Some(wrong) = text.chars().find(|character| !is_allowed(*character)) {
            return Err(wrong_character(wrong));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        if name.is_empty() {
            return Err(if text.is_empty() { HostError::Empty } else { HostError::EmptyLabel });
        }
        if name.len() > NAME_LIMIT {
            return Err(HostError::TooLong);
        }
        name.split('.').try_for_each(check_label)?;
        if ends_in_number(name) {
            return Err(HostError::Address);
        }
        Ok(Self(name.to_ascii_lowercase().into_boxed_str()))
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes the end of a canonical name, cut at a dot, which is canonical itself.
    pub(crate) fn canonical_suffix(suffix: &str) -> Self {
        Self(suffix.into())
    }

    /// Returns whether this is `suffix` or a name below it.
    pub fn is_within(&self, suffix: &str) -> bool {
        self.0.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn is_allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')
}

fn wrong_character(character: char) -> HostError {
    match character {
        '@' => HostError::UserInfo,
        '%' => HostError::Percent,
        '[' | ']' => HostError::Bracket,
        other if !other.is_ascii() => HostError::NotAscii,
        other => HostError::Character(other),
    }
}

fn check_label(label: &str) -> Result<(), HostError> {
    match label {
        "" => Err(HostError::EmptyLabel),
        long if long.len() > LABEL_LIMIT => Err(HostError::LabelTooLong),
        hyphen if hyphen.starts_with('-') || hyphen.ends_with('-') => Err(HostError::Hyphen),
        _ => Ok(()),
    }
}

fn bracketed_address(text: &str) -> bool {
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok())
}

/// The "ends in a number" test of the WHATWG URL standard, §3.5: then the whole is an IPv4 address or nothing.
fn ends_in_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    let hexadecimal = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    match hexadecimal {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => last.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests;
