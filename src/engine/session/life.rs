//! What has become of a sandbox's container since its probe was seen. Pure.

use bollard::models::ContainerInspectResponse;

use super::super::names;
use super::super::receipt::{Receipt, State};

/// What has become of a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// It runs as it was measured.
    Runs,
    /// Somebody paused it.
    Paused,
    /// Somebody took it off the network that was measured; it may be on another one of that name.
    Cut,
    /// Somebody put it on another network beside its own.
    Exposed,
    /// It ended, or was started again, and nobody has seen the probe of that life.
    Gone,
}

/// Compares a receipt with the container that has the sandbox's name.
pub(super) fn of(receipt: &Receipt, container: &ContainerInspectResponse) -> Life {
    let state = container.state.clone().unwrap_or_default();
    let same = receipt.state == State::Running
        && receipt.container.is_some()
        && receipt.container == container.id
        && receipt.started.is_some()
        && receipt.started == state.started_at;
    let networks = container.network_settings.as_ref().and_then(|settings| settings.networks.as_ref());
    let own = names::container(&receipt.id);
    let endpoint = names::endpoint(&receipt.id, container);
    let connected = endpoint.is_some() && endpoint == receipt.endpoint;
    let exposed = networks.is_some_and(|networks| networks.keys().any(|name| *name != own));
    match state {
        state if !same || state.running != Some(true) => Life::Gone,
        _ if exposed => Life::Exposed,
        state if state.paused == Some(true) => Life::Paused,
        _ if !connected => Life::Cut,
        _ => Life::Runs,
    }
}

#[cfg(test)]
mod tests;
