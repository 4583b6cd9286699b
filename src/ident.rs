//! Names that cloister makes up, derived so that the same folder always gets the same ones.

use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Identity of a sandbox: 12 hexadecimal digits of user and folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SandboxId(String);

/// Digits of an identity.
const LENGTH: usize = 12;

impl SandboxId {
    /// Returns the identity of the sandbox that `uid` runs on `folder`, which must be canonical.
    pub fn derive(uid: u32, folder: &Path) -> Self {
        Self(digest_prefix(&format!("{uid}:{}", folder.display()), LENGTH))
    }

    /// Tells whether a text from elsewhere can be an identity. A path or a name cannot.
    pub fn is_one(text: &str) -> bool {
        text.len() == LENGTH && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    }

    /// Returns the identity as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name of the sandbox's container and of its network in the engine.
    pub fn engine_name(&self) -> String {
        format!("cloister-{}", self.0)
    }

    /// Returns the name in the engine of a volume that belongs to this sandbox.
    pub fn volume_name(&self, name: &str) -> String {
        format!("cloister-{}-{name}", self.0)
    }
}

/// Returns the name that people use for a sandbox on `folder`: lower case, letters, digits and single hyphens.
pub fn display_name(folder: &Path) -> String {
    let base = folder.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let mut name = String::new();
    for character in base.chars() {
        match character {
            'a'..='z' | '0'..='9' => name.push(character),
            _ if !name.ends_with('-') && !name.is_empty() => name.push('-'),
            _ => {}
        }
    }
    let name: String = name.trim_matches('-').chars().take(40).collect();
    if name.is_empty() { "workspace".to_owned() } else { name.trim_end_matches('-').to_owned() }
}

/// Returns the first `length` hexadecimal digits of the SHA-256 of `text`.
pub fn digest_prefix(text: &str, length: usize) -> String {
    let mut digits = sha256_hex(text.as_bytes());
    digits.truncate(length);
    digits
}

/// Returns the SHA-256 of `bytes` in hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
