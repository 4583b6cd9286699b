//! Every test that needs no Docker Engine, in one binary.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests are adapters: their cases are files")]

mod architecture;
mod audit;
#[path = "../bomb.rs"]
mod bomb;
mod cases;
mod cli;
mod commands;
mod corpus;
#[path = "../decided.rs"]
mod decided;
mod doctor;
mod documents;
mod expected;
mod golden;
mod guardian;
mod hostexec;
mod leash;
mod plan_format;
mod planning;
mod properties;
mod render;
mod repositories;
mod repository;
mod snippets;
mod suites;
