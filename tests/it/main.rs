//! Every test that needs no Docker Engine, in one binary.

mod guardian;
