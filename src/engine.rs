//! The plan applied to a Docker Engine, and everything that is asked of the engine.
//!
//! | module | does |
//! |---|---|
//! | [`endpoint`], [`connect`], [`hijack`] | where the engine is, the connection, raw streams |
//! | [`facts`] | what the engine says of itself and of an image |
//! | [`names`], [`owned`], [`receipt`], [`state`] | names and labels, and whose they are; what was allocated, written down |
//! | [`pool`], [`network`] | addresses, and a sealed network for each sandbox |
//! | [`guardian`] | the one peer that a sandbox has |
//! | [`accounts`], [`gitconfig`], [`covers`], [`layout`], [`fill`], [`create`], [`verify`], [`sources`], [`probe`], [`apply`] | a plan becomes a container, and is read back |
//! | [`build`], [`images`] | a Dockerfile becomes an image, behind the guardian; images go again |
//! | [`exec`], [`lifecycle`], [`ended`] | what runs in it, and how it ended |
//! | [`examine`] | what the engine says of itself, whole |
//! | [`clone`] | the clone that an agent works on, from inside |
//! | [`session`] | start, stop, list, shutdown |
//!
//! Invariant: nothing is created that a receipt in the state folder does not name first.

pub mod accounts;
pub mod apply;
mod bare;
pub mod build;
pub mod clone;
pub mod connect;
pub mod covers;
pub mod create;
pub mod ended;
pub mod endpoint;
pub mod examine;
pub mod exec;
pub mod facts;
pub mod fill;
pub mod frames;
pub mod gitconfig;
pub mod guardian;
pub mod hijack;
pub mod images;
pub mod layout;
mod lease;
pub mod lifecycle;
pub mod names;
pub mod network;
pub mod owned;
pub mod pool;
pub mod probe;
pub mod receipt;
pub mod session;
pub mod sources;
pub mod state;
pub mod verify;

#[cfg(test)]
mod fixture;

pub use connect::{ConnectError, Engine};
