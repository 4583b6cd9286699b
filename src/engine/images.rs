//! Images that nobody needs any more.

use bollard::query_parameters::RemoveImageOptions;

use super::connect::{CallError, Engine, Operation};

/// Removes an image, and the layers that belong to nothing else; returns whether it is gone: one that a container uses
/// stays, and it is fine if there is none.
///
/// # Errors
/// The engine does not do it.
pub async fn remove(engine: &Engine, image: &str) -> Result<bool, CallError> {
    let removed = engine.docker.remove_image(image, None::<RemoveImageOptions>, None).await;
    match removed.unless_absent(|| format!("remove the image `{image}`")) {
        Err(error) if error.status() == Some(409) => Ok(false),
        other => other.map(|_| true),
    }
}
