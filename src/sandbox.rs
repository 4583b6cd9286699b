//! What runs inside a sandbox: process 1 with its probe, and the client. Built as static programs of their own.
//!
//! Invariant: nothing here trusts the image. Programs are found by absolute path, names are read from files that the
//! engine or cloister wrote, and no name service is asked (static programs must not load one).

pub mod asking;
pub mod check;
pub mod hostexec;
pub mod init;
pub mod probe;
pub mod protocol;
pub mod run;
pub mod session;
pub mod shell;
pub mod signal;
pub mod sudo;
