//! The guardian: the allowlist proxy that is a sandbox's only peer. It runs in a container of its own, without disk,
//! shell or engine socket, and decides nothing beyond the policy that it was handed.

pub mod protocol;
