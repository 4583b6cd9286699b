//! `devcontainer.json`: from text to a typed model. Pure.

pub mod model;
