//! Policy: hosts, rules, presets, and the user's configuration file.
//!
//! Invariant: pure. Nothing here reads a file or resolves a name.

pub mod decision;
pub mod decisions;
pub mod effective;
pub mod host;
pub mod hostexec;
pub mod layer;
pub mod model;
pub mod presets;
pub mod ranges;
pub mod registries;
pub mod rule;
pub mod rules;
pub mod user_config;

pub use model::Policy;
