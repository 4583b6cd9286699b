//! Networks: one sealed network for each sandbox, one open network for the guardian.

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;

use bollard::models::{
    EndpointIpamConfig, EndpointSettings, Ipam, IpamConfig, NetworkConnectRequest, NetworkCreateRequest,
    NetworkDisconnectRequest,
};
use bollard::query_parameters::{InspectNetworkOptions, ListNetworksOptions};
use ipnet::Ipv4Net;

use super::connect::{CallError, Engine, Operation};
use super::names;
use super::pool::{self, PoolError};
use crate::host::addresses::{self, AddressesError};

/// How often another address range is tried when the engine says that somebody else was faster.
const TRIES: usize = 16;

/// Why there is no network.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// No addresses are left.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The host's routes cannot be read.
    #[error(transparent)]
    Routes(#[from] AddressesError),
    /// The engine did not do it.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl NetworkError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Pool(error) => error.hint(),
            Self::Call(error) => error.hint(),
            Self::Routes(_) => None,
        }
    }
}

/// What a network is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A sandbox and the guardian, and no way out: the host has no address on it.
    Sandbox,
    /// The guardian and the world.
    Egress,
}

/// Creates a network with addresses from the pool; a network of that name that the same instance left is removed.
///
/// # Errors
/// The pool is exhausted, or the engine does not do it.
pub async fn create(
    engine: &Engine,
    name: &str,
    purpose: Purpose,
    pool: Ipv4Net,
    (instance, labels): (&str, &BTreeMap<String, String>),
) -> Result<Ipv4Net, NetworkError> {
    remove(engine, name, instance).await?;
    let mut used = used(engine).await?;
    used.extend(addresses::routes()?);
    let mut tries = TRIES;
    loop {
        let subnet = pool::choose(pool, &used)?;
        let request = request(engine, name, purpose, subnet, labels);
        match engine.docker.create_network(request).await.operation(|| format!("create the network `{name}`")) {
            Ok(_) => return Ok(subnet),
            Err(error) if tries > 0 && is_taken(error.message()) => {
                used.push(subnet);
                tries -= 1;
            }
            // The engine was still busy with what a start asked for that was killed.
            Err(error) if tries > 0 && exists(error.message()) => {
                remove(engine, name, instance).await?;
                tries -= 1;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Tells whether the engine's words mean that the addresses are in use.
fn is_taken(message: &str) -> bool {
    message.contains("overlaps with other") || message.contains("conflicts with network")
}

/// Tells whether the engine's words mean that the name is in use.
fn exists(message: &str) -> bool {
    message.contains("already exists")
}

fn request(
    engine: &Engine,
    name: &str,
    purpose: Purpose,
    subnet: Ipv4Net,
    labels: &BTreeMap<String, String>,
) -> NetworkCreateRequest {
    let gateway = pool::places(subnet).gateway;
    NetworkCreateRequest {
        name: name.to_owned(),
        driver: Some("bridge".to_owned()),
        internal: Some(purpose == Purpose::Sandbox),
        attachable: Some(false),
        enable_ipv6: Some(false),
        ipam: Some(Ipam {
            driver: Some("default".to_owned()),
            config: Some(vec![IpamConfig {
                subnet: Some(subnet.to_string()),
                gateway: Some(gateway.to_string()),
                ..IpamConfig::default()
            }]),
            options: None,
        }),
        options: Some(options(purpose, major(&engine.version))),
        labels: Some(labels.clone().into_iter().collect()),
        ..NetworkCreateRequest::default()
    }
}

/// Returns the options of the bridge. Moby #49262: `isolated` exists since Engine 28; on older engines it is ignored,
/// and `inhibit_ipv4` does the same for IPv4.
fn options(purpose: Purpose, engine: u32) -> HashMap<String, String> {
    let mut options = HashMap::new();
    let mut set = |key: &str, value: &str| options.insert(format!("com.docker.network.bridge.{key}"), value.to_owned());
    match purpose {
        Purpose::Sandbox => {
            set("inhibit_ipv4", "true");
            if engine >= 28 {
                set("gateway_mode_ipv4", "isolated");
                set("gateway_mode_ipv6", "isolated");
            }
        }
        Purpose::Egress => {
            set("enable_icc", "false");
        }
    }
    options
}

fn major(version: &str) -> u32 {
    version.split('.').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

async fn used(engine: &Engine) -> Result<Vec<Ipv4Net>, CallError> {
    let networks = engine.docker.list_networks(None::<ListNetworksOptions>).await;
    let networks = networks.operation(|| "list the engine's networks".to_owned())?;
    let configs = networks.into_iter().filter_map(|network| network.ipam?.config).flatten();
    Ok(configs.filter_map(|config| config.subnet?.parse().ok()).collect())
}

/// Removes an instance's network, after everything that hangs on it was cut off; it is fine if there is none. That of
/// another instance stays.
///
/// # Errors
/// The engine does not do it.
pub async fn remove(engine: &Engine, name: &str, instance: &str) -> Result<(), CallError> {
    let inspected = engine.docker.inspect_network(name, None::<InspectNetworkOptions>).await;
    let found = inspected.unless_absent(|| format!("inspect the network `{name}`"))?;
    let Some(network) = found.filter(|network| names::is_of(instance, network.labels.as_ref())) else { return Ok(()) };
    let id = network.id.unwrap_or_default();
    for container in network.containers.unwrap_or_default().into_keys() {
        disconnect(engine, &id, &container).await?;
    }
    engine.docker.remove_network(&id).await.unless_absent(|| format!("remove the network `{name}`"))?;
    Ok(())
}

/// Returns the names of the containers on a network; none where there is no such network.
///
/// # Errors
/// The engine does not answer.
pub async fn members(engine: &Engine, name: &str) -> Result<Vec<String>, CallError> {
    let inspected = engine.docker.inspect_network(name, None::<InspectNetworkOptions>).await;
    let network = inspected.unless_absent(|| format!("inspect the network `{name}`"))?;
    let members = network.and_then(|network| network.containers).unwrap_or_default();
    Ok(members.into_values().map(|member| member.name.unwrap_or_default()).collect())
}

/// Puts a container onto a network, at an address; it is fine if it is there already.
///
/// # Errors
/// The engine does not do it.
pub async fn connect(engine: &Engine, name: &str, container: &str, address: Ipv4Addr) -> Result<(), CallError> {
    let request = NetworkConnectRequest { container: container.to_owned(), endpoint_config: Some(endpoint(address)) };
    match engine.docker.connect_network(name, request).await.operation(|| format!("connect `{container}` to `{name}`"))
    {
        Err(error) if error.message().contains("already exists in network") => Ok(()),
        other => other,
    }
}

/// Takes a container off a network; it is fine if it is not on it.
///
/// # Errors
/// The engine does not do it.
pub async fn disconnect(engine: &Engine, name: &str, container: &str) -> Result<(), CallError> {
    let request = NetworkDisconnectRequest { container: container.to_owned(), force: Some(true) };
    let done = engine.docker.disconnect_network(name, request).await;
    match done.unless_absent(|| format!("disconnect `{container}` from `{name}`")) {
        Err(error) if error.message().contains("is not connected") => Ok(()),
        other => other.map(|_| ()),
    }
}

/// Returns what an endpoint with a fixed address asks for.
pub fn endpoint(address: Ipv4Addr) -> EndpointSettings {
    EndpointSettings {
        ipam_config: Some(EndpointIpamConfig {
            ipv4_address: Some(address.to_string()),
            ..EndpointIpamConfig::default()
        }),
        ..EndpointSettings::default()
    }
}

#[cfg(test)]
mod tests;
