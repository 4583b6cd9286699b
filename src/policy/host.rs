//! One canonical form for a host name: it is matched, shown, logged, resolved and dialled.

/// A canonical DNS name: ASCII, lower case, labels of letters, digits, hyphens and underscores, no trailing dot, never numeric.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(Box<str>);

impl Host {
    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
