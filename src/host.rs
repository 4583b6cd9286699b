//! The only doors to the operating system: files, locks, identity, addresses, randomness, programs, signals, the terminal.
//!
//! Invariant: nothing here knows of plans, policies or engines.

pub mod addresses;
pub mod beneath;
pub mod certificates;
pub mod file;
pub mod git;
pub mod identity;
pub mod leash;
pub mod lock;
pub mod mounts;
pub mod paths;
pub mod programs;
pub mod random;
pub mod repository;
pub mod signals;
pub mod space;
pub mod stdin;
pub mod terminal;
pub mod tree;
