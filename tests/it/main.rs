//! Every test that needs no Docker Engine, in one binary.

mod architecture;
mod cases;
mod documents;
mod planning;
mod render;
mod repository;
