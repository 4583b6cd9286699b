//! What the engine itself takes.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::errors::Error;
use bollard::exec::StartExecResults;
use bollard::models::{
    ContainerCreateBody, EndpointIpamConfig, EndpointSettings, ExecConfig, HostConfig, Ipam, IpamConfig,
    NetworkConnectRequest, NetworkCreateRequest, NetworkDisconnectRequest, NetworkingConfig,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, InspectNetworkOptions, ListContainersOptionsBuilder,
    RemoveContainerOptionsBuilder, StartContainerOptions,
};
use futures_util::StreamExt;
use tokio::runtime::Runtime;

/// Name of the copy of the sandbox's container, and of its network.
const COPY: &str = "cloister-bench-floor";
/// Addresses of that network.
const SUBNET: [&str; 3] = ["10.213.77.0/29", "10.213.77.2", "10.213.77.3"];

/// The engine.
pub(crate) struct Floor {
    docker: Docker,
    runtime: Runtime,
}

impl Floor {
    pub(crate) fn connect() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { docker: Docker::connect_with_local_defaults()?, runtime })
    }

    /// Returns the id of the project's sandbox.
    pub(crate) fn container(&self, project: &Path) -> Result<String, Error> {
        self.runtime.block_on(self.find("cloister.workspace", project))
    }

    async fn find(&self, label: &str, project: &Path) -> Result<String, Error> {
        let label = format!("{label}={}", project.display());
        let filters: HashMap<_, _> = [("label", vec![label.as_str()])].into();
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let found = self.docker.list_containers(Some(options)).await?;
        Ok(found.into_iter().find_map(|container| container.id).unwrap_or_default())
    }

    /// What a start that finds its sandbox has to ask: which containers there are, and how this one is.
    pub(crate) fn look(&self, project: &Path) -> Result<Duration, Error> {
        self.runtime.block_on(async {
            let began = Instant::now();
            let id = self.find("cloister.workspace", project).await?;
            self.docker.inspect_container(&id, None::<InspectContainerOptions>).await?;
            Ok(began.elapsed())
        })
    }

    /// `true` in the project's sandbox.
    pub(crate) fn exec(&self, project: &Path) -> Result<Duration, Error> {
        self.runtime.block_on(async {
            let id = self.find("cloister.workspace", project).await?;
            let began = Instant::now();
            self.run(&id, "true").await?;
            Ok(began.elapsed())
        })
    }

    async fn run(&self, container: &str, program: &str) -> Result<(), Error> {
        let config = ExecConfig {
            cmd: Some(vec![program.to_owned()]),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..ExecConfig::default()
        };
        let exec = self.docker.create_exec(container, config).await?.id;
        if let StartExecResults::Attached { mut output, .. } = self.docker.start_exec(&exec, None).await? {
            while output.next().await.is_some() {}
        }
        self.docker.inspect_exec(&exec).await.map(drop)
    }

    /// A network, the guardian on it, the same container, its start and one command: the floor of a start.
    pub(crate) fn start(&self, project: &Path) -> Result<Duration, Error> {
        self.runtime.block_on(async {
            let sandbox = self.find("cloister.workspace", project).await?;
            let found = self.docker.inspect_container(&sandbox, None::<InspectContainerOptions>).await?;
            let network = found.network_settings.unwrap_or_default().networks.unwrap_or_default();
            let network = network.into_keys().next().unwrap_or_default();
            let peers = self.docker.inspect_network(&network, None::<InspectNetworkOptions>).await?;
            let guardian =
                peers.containers.unwrap_or_default().into_keys().find(|id| *id != sandbox).unwrap_or_default();
            let config = found.config.unwrap_or_default();
            let body = ContainerCreateBody {
                user: config.user,
                env: config.env,
                // what probes first would end here, where no guardian listens for it
                entrypoint: Some(vec!["/bin/sleep".to_owned()]),
                cmd: Some(vec!["600".to_owned()]),
                image: config.image,
                working_dir: config.working_dir,
                open_stdin: config.open_stdin,
                host_config: Some(HostConfig {
                    network_mode: Some(COPY.to_owned()),
                    ..found.host_config.unwrap_or_default()
                }),
                networking_config: Some(NetworkingConfig {
                    endpoints_config: Some(HashMap::from([(COPY.to_owned(), endpoint(SUBNET[2]))])),
                }),
                ..ContainerCreateBody::default()
            };
            let options = peers.options.unwrap_or_default();
            let outcome = self.copy(&guardian, body, options).await;
            self.remove(&guardian).await?;
            outcome
        })
    }

    async fn copy(
        &self,
        guardian: &str,
        body: ContainerCreateBody,
        options: HashMap<String, String>,
    ) -> Result<Duration, Error> {
        let began = Instant::now();
        let network = NetworkCreateRequest {
            name: COPY.to_owned(),
            driver: Some("bridge".to_owned()),
            internal: Some(true),
            options: Some(options),
            ipam: Some(Ipam {
                config: Some(vec![IpamConfig { subnet: Some(SUBNET[0].to_owned()), ..IpamConfig::default() }]),
                ..Ipam::default()
            }),
            ..NetworkCreateRequest::default()
        };
        self.docker.create_network(network).await?;
        let connect =
            NetworkConnectRequest { container: guardian.to_owned(), endpoint_config: Some(endpoint(SUBNET[1])) };
        self.docker.connect_network(COPY, connect).await?;
        let options = CreateContainerOptionsBuilder::default().name(COPY).build();
        let container = self.docker.create_container(Some(options), body).await?.id;
        self.docker.start_container(&container, None::<StartContainerOptions>).await?;
        self.run(&container, "true").await?;
        Ok(began.elapsed())
    }

    async fn remove(&self, guardian: &str) -> Result<(), Error> {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        self.docker.remove_container(COPY, Some(options)).await?;
        let disconnect = NetworkDisconnectRequest { container: guardian.to_owned(), force: Some(true) };
        self.docker.disconnect_network(COPY, disconnect).await?;
        self.docker.remove_network(COPY).await
    }

    /// Removes the container that the reference made for a project.
    pub(crate) fn remove_reference(&self, project: &Path) -> Result<(), Error> {
        self.runtime.block_on(async {
            let id = self.find("devcontainer.local_folder", project).await?;
            let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
            self.docker.remove_container(&id, Some(options)).await
        })
    }
}

fn endpoint(address: &str) -> EndpointSettings {
    let ipam = EndpointIpamConfig { ipv4_address: Some(address.to_owned()), ..EndpointIpamConfig::default() };
    EndpointSettings { ipam_config: Some(ipam), ..EndpointSettings::default() }
}
