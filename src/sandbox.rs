//! What runs inside a sandbox: process 1 with its probe, and the client. Built as static programs of their own.

pub mod protocol;
