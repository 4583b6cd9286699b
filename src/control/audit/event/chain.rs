//! What ties a line of the log to everything before it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A chain value: 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Chain(String);

/// A text that is no chain value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a chain value has {} digits from 0 to f", Chain::DIGITS)]
pub struct NoChain;

impl Chain {
    /// How many digits it has.
    pub(in crate::control::audit) const DIGITS: usize = 64;

    /// The value before the first entry of all.
    pub fn start() -> Self {
        Self("0".repeat(Self::DIGITS))
    }

    /// Returns the value after an entry with this JSON.
    pub(in crate::control::audit) fn next(&self, body: &[u8]) -> Self {
        let digest = Sha256::new().chain_update(&self.0).chain_update(body).finalize();
        let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
        Self(digest.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
    }

    /// Returns it as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Chain {
    fn default() -> Self {
        Self::start()
    }
}

impl TryFrom<String> for Chain {
    type Error = NoChain;

    fn try_from(text: String) -> Result<Self, NoChain> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == Self::DIGITS && text.bytes().all(is_digit) { Ok(Self(text)) } else { Err(NoChain) }
    }
}

impl From<Chain> for String {
    fn from(chain: Chain) -> Self {
        chain.0
    }
}
