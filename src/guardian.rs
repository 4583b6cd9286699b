//! The guardian: the allowlist proxy that is a sandbox's only peer. It runs in a container of its own, without disk,
//! shell or engine socket, and decides nothing beyond the policy that it was handed.
//!
//! ```text
//! bytes → request → target → decide → resolve → vet → Permit → dial → hello → tunnel | forward
//!          pure      pure     pure      IO      pure   value    IO    pure     IO
//! ```
//!
//! Invariant: no policy, no listener. A connection is dialled with a [`address::Permit`] and with nothing else, and only
//! [`address::vet`] makes one: names are resolved once, so that a second answer (DNS rebinding) is never asked for.

pub mod address;
pub mod channel;
pub mod decide;
pub mod descriptors;
pub mod held;
pub mod hello;
pub mod journal;
pub mod ledger;
pub mod limits;
pub mod pace;
pub mod policy;
pub mod protocol;
pub mod proxy;
pub mod reason;
pub mod refusal;
pub mod request;
pub mod sandbox;
pub mod standard;
pub mod target;
pub mod world;
