//! Volumes: made before the container that mounts them, and looked at, since the engine takes whatever has the name.

use std::collections::HashMap;

use bollard::models::{Volume, VolumeCreateRequest};

use super::{ApplyError, Bench};
use crate::engine::connect::Operation;
use crate::engine::create;
use crate::engine::names;
use crate::engine::owned::{Foreign, Kind};
use crate::plan::model::{Container, MountKind};

/// What a volume without options is made by.
const DRIVER: &str = "local";

/// Makes the container's volumes where they are missing, and makes sure that each is this sandbox's own and plain: with
/// options, one could be a folder of the host.
///
/// # Errors
/// One is not, or the engine does not do it.
pub(super) async fn make(bench: Bench<'_>, plan: &Container) -> Result<(), ApplyError> {
    for mount in plan.mounts.iter().filter(|mount| mount.kind == MountKind::Volume) {
        let name = &mount.source;
        let labels = create::volume_labels(plan, &bench.state.instance());
        let request = VolumeCreateRequest {
            name: Some(name.clone()),
            driver: Some(DRIVER.to_owned()),
            labels: Some(labels.clone()),
            ..VolumeCreateRequest::default()
        };
        // The engine answers with the one that is there, whatever was asked for.
        let made = bench.engine.docker.create_volume(request).await;
        check(&made.operation(|| format!("make the volume `{name}`"))?, &labels)?;
    }
    Ok(())
}

fn check(found: &Volume, labels: &HashMap<String, String>) -> Result<(), ApplyError> {
    let own =
        [names::SANDBOX, names::USER, names::INSTANCE].iter().all(|name| found.labels.get(*name) == labels.get(*name));
    if !own {
        return Err(Foreign::new(Kind::Volume, &found.name).into());
    }
    if found.driver != DRIVER || !found.options.is_empty() {
        return Err(ApplyError::VolumeOptions { name: found.name.clone() });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
