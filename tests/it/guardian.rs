#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests fail by panicking and read their cases from files"
)]
//! The guardian with real listeners, a world of its own in place of the internet, and clients that send raw bytes.

mod channel;
mod client;
mod flow;
mod golden;
mod held;
mod hello;
mod hostexec;
mod hostile;
mod keeper;
mod kept;
mod limits;
mod pipes;
mod plain;
mod policy;
mod program;
mod streams;
mod tunnel;
mod world;
