//! placeholder

pub mod run_args;
pub mod syntax;
