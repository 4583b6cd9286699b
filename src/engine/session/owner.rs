//! Two state folders of one user: whose is what has the names of a folder's sandbox.

use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::{InspectContainerOptions, InspectNetworkOptions};

use super::super::connect::Operation;
use super::super::names;
use super::super::owned::{Foreign, Kind};
use super::{Context, SessionError};

/// Tells whether a container was made under this state folder.
pub(super) fn is_own(context: &Context, container: &ContainerInspectResponse) -> bool {
    let labels = container.config.as_ref().and_then(|config| config.labels.as_ref());
    names::is_of(&context.state.instance(), labels)
}

/// Returns the labels that everything of this state folder's sandbox has.
pub(super) fn labels(context: &Context, id: &str) -> Vec<String> {
    let uid = context.state.uid().to_string();
    let labels = [(names::SANDBOX, id), (names::USER, &uid), (names::INSTANCE, &context.state.instance())];
    labels.map(|(name, value)| format!("{name}={value}")).into()
}

/// Makes sure that no container or network has one of these names but this state folder's own.
///
/// # Errors
/// Another one has, or the engine does not answer.
pub(super) async fn check(context: &Context, taken: &[&str]) -> Result<(), SessionError> {
    let (docker, instance) = (&context.engine.docker, context.state.instance());
    for name in taken {
        let container = docker.inspect_container(name, None::<InspectContainerOptions>).await;
        let container = container.unless_absent(|| format!("inspect `{name}`"))?;
        if container.is_some_and(|container| !is_own(context, &container)) {
            return Err(Foreign::new(Kind::Container, name).into());
        }
        let network = docker.inspect_network(name, None::<InspectNetworkOptions>).await;
        let network = network.unless_absent(|| format!("inspect the network `{name}`"))?;
        if network.is_some_and(|network| !names::is_of(&instance, network.labels.as_ref())) {
            return Err(Foreign::new(Kind::Network, name).into());
        }
    }
    Ok(())
}

/// Makes sure of the same for an image.
///
/// # Errors
/// As [`check`].
pub(super) async fn check_image(context: &Context, name: &str) -> Result<(), SessionError> {
    let image = context.engine.docker.inspect_image(name).await.unless_absent(|| format!("inspect `{name}`"))?;
    let labels = image.map(|image| image.config.and_then(|config| config.labels));
    match labels {
        Some(labels) if !names::is_of(&context.state.instance(), labels.as_ref()) => {
            Err(Foreign::new(Kind::Image, name).into())
        }
        _ => Ok(()),
    }
}
