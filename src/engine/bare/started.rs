#![expect(clippy::disallowed_methods, reason = "adapter: where cloister's own programs lie")]
//! Such a container on a network, started: it prints what it measured.

use std::net::Ipv4Addr;
use std::path::Path;

use bollard::query_parameters::CreateContainerOptionsBuilder;

use super::USER;
use crate::engine::apply::{self, ApplyError, Audited, Bench};
use crate::engine::connect::Operation;
use crate::engine::create::{self, Place};
use crate::engine::fill::Values;
use crate::engine::hijack::Stream;
use crate::engine::pool::Places;
use crate::engine::probe::{self, Canary};
use crate::engine::sources::Sources;
use crate::guardian::protocol::PROXY_PORT;
use crate::host::addresses;
use crate::plan::model::Container;
use crate::sandbox::protocol::{PROGRAMS_TARGET, ProbeRequest};

/// What is to be measured.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Order<'a> {
    /// The container; the network has its name.
    pub(in crate::engine) container: &'a Container,
    /// The image that it begins with.
    pub(in crate::engine) image: &'a str,
    /// Addresses of the network.
    pub(in crate::engine) places: &'a Places,
    /// Where the guardian must answer.
    pub(in crate::engine) guardian: Ipv4Addr,
    /// Addresses of sandboxes, which must not.
    pub(in crate::engine) others: &'a [Ipv4Addr],
}

/// A container that measures.
pub(in crate::engine) struct Started {
    /// Engine's id.
    pub(in crate::engine) id: String,
    /// What it prints.
    pub(in crate::engine) stream: Stream,
    /// What is mounted into it.
    pub(in crate::engine) sources: Sources,
    _canary: Canary,
}

/// Makes the container and starts it; the caller removes it, whatever comes of it.
///
/// # Errors
/// The engine does not do it, or something that it needs is not to be had.
pub(in crate::engine) async fn start(
    bench: Bench<'_>,
    audited: Audited<'_>,
    order: Order<'_>,
) -> Result<Started, ApplyError> {
    let Order { container, image, places, guardian, others } = order;
    let canary = Canary::put_up().await?;
    let programs = bench.programs.install(bench.data)?;
    let programs = programs.canonicalize().unwrap_or(programs);
    let mut sources = Sources::default();
    sources.open(&programs, PROGRAMS_TARGET)?;
    let request = ProbeRequest {
        guardian,
        guardian_port: PROXY_PORT,
        forbidden: probe::forbidden(addresses::own()?, places.gateway, others),
        canary_port: canary.port,
        nonce: canary.nonce.clone(),
        user: USER.to_owned(),
        capabilities: 0,
        mounts: sources.expected()?,
    };
    let request = serde_json::to_string(&request).expect("a request has text keys only");
    let nowhere = Path::new("");
    let place = Place {
        image,
        values: Values { guardian, token: "", programs: &programs, files: nowhere, home: nowhere, probe: &request },
        network: &container.name,
        dns: &audited.network().dns,
        address: places.sandbox,
        folder: "/",
        digest: &audited.plan().digest,
        instance: &bench.state.instance(),
        ipv6: addresses::has_ipv6(),
        processors: 1,
    };
    let body = create::body(container, &place)?;
    let options = CreateContainerOptionsBuilder::default().name(&container.name).build();
    let created = bench.engine.docker.create_container(Some(options), body).await;
    let id = created.operation(|| format!("create the container `{}`", container.name))?.id;
    let stream = apply::start(bench.engine, &id).await?;
    Ok(Started { id, stream, sources, _canary: canary })
}
