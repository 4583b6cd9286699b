//! cloister: a project's own `devcontainer.json` becomes a hardened plan, and the plan runs sealed behind a guardian.
//!
//! The pipeline, left to right; everything between the two ends is pure:
//!
//! ```text
//! discover → parse → substitute → merge → harden → Plan → { render | apply }
//!   IO       pure      pure       pure     pure    value    pure    IO
//! ```
//!
//! | folder | holds |
//! |---|---|
//! | [`source`], [`diagnostic`], [`ident`] | text with positions, mistakes in it, names parsed once |
//! | [`discover`] | which files make up the configuration |
//! | [`config`] | `devcontainer.json`: JSONC, schema, variables, typed model |
//! | [`merge`] | image metadata and configuration become one |
//! | [`policy`] | what the user allows: hosts, limits, variables |
//! | [`trust`] | what a repository asks for, and what the user approved of it |
//! | [`harden`] | one rule family per file: what was asked becomes what may run |
//! | [`plan`] | the value itself, its independent audit, its digest and its texts |
//! | [`doctor`], [`space`] | what is judged of a machine, and of the room that is left on it |
//! | [`redact`] | secrets in text that is kept or shown |
//! | [`engine`] | the plan applied to a Docker Engine |
//! | [`clone`] | what goes into the clone that a sandbox works on, and what comes out of it |
//! | [`review`] | what an agent left that host tools would run |
//! | [`guardian`] | the allowlist proxy between a sandbox and the world |
//! | [`sandbox`] | what runs inside: the init with its probe, the client |
//! | [`host`] | the only doors to the operating system |
//! | [`cli`], [`ui`] | the command line, and text for people |
//!
//! Invariant: a container is created from a [`plan::Plan`] and from nothing else.

pub mod cli;
pub mod clone;
pub mod config;
pub mod control;
pub mod diagnostic;
pub mod discover;
pub mod doctor;
pub mod engine;
pub mod facts;
pub mod guardian;
pub mod harden;
pub mod host;
pub mod ident;
pub mod merge;
pub mod pipeline;
pub mod plan;
pub mod policy;
pub mod redact;
pub mod review;
pub mod sandbox;
pub mod source;
pub mod space;
pub mod trust;
pub mod ui;
