//! `devcontainer.json`: from text to a typed model. Pure.
//!
//! Invariant: a file gives a whole configuration or none; half a file is never used.

mod decode;
pub mod dockerfile;
pub mod dockerignore;
pub mod identity;
pub mod jsonc;
pub mod locate;
pub mod metadata;
pub mod model;
mod read;
pub mod schema;
pub mod substitute;

pub use metadata::{MetadataReading, read_metadata};
pub use read::{Reading, read};

/// Mistakes that are told about one file; what comes after adds nothing but length.
const DIAGNOSTIC_LIMIT: usize = 50;
