//! Every test that needs a Docker Engine, in one binary. Without an engine it fails, loudly.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests are adapters: they start programs")]

#[path = "../bomb.rs"]
mod bomb;
mod client;
mod clients;
#[path = "../decided.rs"]
mod decided;
mod engine;
mod full;
mod hostile;
mod inside;
