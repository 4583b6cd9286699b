//! The image of a project as far as the engine has it: nothing is fetched, and nothing is built.

use super::super::facts::{self, ImageError, Pull};
use super::super::names;
use super::{Context, SessionError};
use crate::engine::build::BuildError;
use crate::facts::ImageFacts;
use crate::ident::SandboxId;
use crate::pipeline::Prepared;

/// Returns what is known of the project's image; `None` where the engine does not have it.
///
/// # Errors
/// The engine does not answer.
pub async fn image_at_hand(context: &Context, prepared: &Prepared) -> Result<Option<ImageFacts>, SessionError> {
    let id = SandboxId::derive(context.state.uid(), &prepared.host.folder);
    let reference = prepared.image_reference().unwrap_or_else(|| names::build(id.as_str()));
    match facts::image(&context.engine, &reference, Pull::Never, &context.paths.cache).await {
        Ok(image) => Ok(Some(image)),
        Err(ImageError::NotFound { .. }) => Ok(None),
        Err(error) => Err(BuildError::from(error).into()),
    }
}
