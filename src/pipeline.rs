//! The pipeline: what the two ends hand to the pure middle.

pub mod assemble;
