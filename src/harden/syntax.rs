//! The small languages that Docker and Dev Containers put into strings, one parser each.
//!
//! Invariant: pure, and no judgement: a parser says what a text means, never whether that is allowed. Where Docker is
//! lenient without a use for it (several records in a mount, `1e9` bytes), the parser refuses.

pub mod csv;
pub mod env;
pub mod image;
pub mod mount;
pub mod path;
pub mod size;
pub mod tmpfs;
pub mod ulimit;
pub mod user;
pub mod volume;
pub mod words;
