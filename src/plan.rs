//! The plan and what can be said about it without running it. Pure.

pub mod audit;
pub mod canonical;
pub mod diff;
pub mod finding;
pub mod model;
pub mod render;

pub use finding::{Action, Code, Finding, Severity};
pub use model::Plan;
