//! The control plane: a process of the user's, in the background, that holds what a sandbox must never reach.
//!
//! One lives for each state folder, from the first start to the end of the last sandbox. It is the only client of the
//! guardian while it lives, keeps every event that the guardian tells, and asks a person about what nobody listed. The
//! command line speaks with it over a socket in the state folder, which is the user's alone. Where it is away, the
//! guardian goes on under the last policy, and nothing new is allowed.

pub mod approvals;
pub mod audit;
pub mod client;
pub mod daemon;
pub mod hostexec;
pub mod protocol;
pub mod requests;
pub mod tally;
pub mod web;
