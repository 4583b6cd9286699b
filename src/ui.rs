//! Text for people: what untrusted strings look like on a terminal, and mistakes shown at their place. Pure.
//!
//! Invariant: nothing that comes from a repository reaches a terminal without [`text::visible`].

pub mod causes;
pub mod diagnostic;
pub mod excerpt;
pub mod style;
pub mod text;
