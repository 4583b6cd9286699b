//! Every test that needs no Docker Engine, in one binary.

mod cli;
mod documents;
mod expected;
mod plan_format;
mod architecture;
mod cases;
mod planning;
mod render;
