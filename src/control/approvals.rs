//! What waits for a person, what they can answer, and what follows from it.
//!
//! Invariant: pure. Nobody but a person makes anything wider: an answer counts for exactly what was shown (SEC-50), once,
//! and never against a rule that denies.

pub mod card;
pub mod choice;
pub mod desk;
pub mod effect;
pub mod flood;
pub mod offer;
pub mod risk;
