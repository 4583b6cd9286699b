//! placeholder

pub mod seccomp;
