//! Every test that needs no Docker Engine, in one binary.

mod architecture;
mod cases;
mod planning;
mod render;
