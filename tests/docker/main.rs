//! Every test that needs a Docker Engine, in one binary. Without an engine it fails, loudly.

mod engine;
mod inside;
