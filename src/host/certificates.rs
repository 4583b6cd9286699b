#![expect(clippy::disallowed_methods, reason = "adapter: a file of the user's, who may reach it by links")]
//! The certificates that the user has every tool in a sandbox trust.

use std::path::Path;

use super::file::{self, FileError};

/// Most bytes of a bundle of certificates.
const LIMIT: u64 = 4 << 20;

/// Returns the bundle.
///
/// # Errors
/// It cannot be read, is no regular file, or is too large.
pub fn read(bundle: &Path) -> Result<Vec<u8>, FileError> {
    let found = bundle.canonicalize().map_err(|source| FileError::Open { path: bundle.into(), source })?;
    file::read(&found, LIMIT)
}
