//! Every test that needs no Docker Engine, in one binary.

mod architecture;
mod expected;
mod plan_format;
mod render;
