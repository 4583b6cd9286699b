//! Forms of a plan for readers. The canonical JSON is [`super::canonical`]'s.

mod box_view;
mod finding_view;
pub mod sarif;
pub mod text;
mod view;
