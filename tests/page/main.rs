//! The page: asked over its socket, and looked at in a real Chromium. Without `chromedriver` it fails, loudly.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests are adapters: their cases are files")]

mod activity;
mod browser;
#[path = "../decided.rs"]
mod decided;
mod desk;
mod driver;
mod limits;
mod metrics;
mod pictures;
mod repository;
mod requests;
mod served;
mod texts;
