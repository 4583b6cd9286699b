#![expect(clippy::disallowed_methods, reason = "adapter: randomness of the kernel")]
//! Secrets and names that nobody can guess.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The kernel gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the kernel gave no randomness")]
pub struct RandomError(#[source] getrandom::Error);

/// Returns 256 random bits in URL-safe base64: a sandbox's token, a canary's nonce.
///
/// # Errors
/// The kernel gave no randomness.
pub fn token() -> Result<String, RandomError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(RandomError)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Returns 64 random bits in lower-case hexadecimal: a mark that only has to be unique.
///
/// # Errors
/// The kernel gave no randomness.
pub fn mark() -> Result<String, RandomError> {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).map_err(RandomError)?;
    Ok(format!("{:016x}", u64::from_be_bytes(bytes)))
}
