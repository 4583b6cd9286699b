#![expect(clippy::disallowed_methods, reason = "adapter: where cloister's own programs lie")]
//! A network like a sandbox's, with a container on it that tries to get out, and nothing else: whether this engine
//! isolates, before there is a sandbox. No guardian is needed for it, so that none answers.

use std::path::Path;

use bollard::query_parameters::CreateContainerOptionsBuilder;

use super::super::apply::{self, ApplyError, Audited};
use super::super::bare;
use super::super::connect::Operation;
use super::super::create::{self, Place};
use super::super::fill::Values;
use super::super::guardian;
use super::super::names;
use super::super::network::{self, Purpose};
use super::super::pool;
use super::super::probe::{self, Canary};
use super::super::sources::Sources;
use super::{Context, SessionError, clean};
use crate::guardian::protocol::PROXY_PORT;
use crate::host::addresses;
use crate::plan::model::Container;
use crate::sandbox::protocol::{Attempt, PROGRAMS_TARGET, ProbeReport, ProbeRequest};

/// The attempt that a trial leaves without an answer: nobody is there.
const GUARDIAN: &str = "guardian";

/// What a trial came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// How many things were tried.
    pub attempts: usize,
    /// Those that turned out as they must not.
    pub leaks: Vec<Attempt>,
}

/// Tries it. Of two trials at once, the second waits; everything that was made is removed again.
///
/// # Errors
/// It cannot be tried.
pub async fn trial(context: &Context, audited: Audited<'_>) -> Result<Trial, SessionError> {
    let _lock = context.state.lock_trial().await?;
    remove(context).await?;
    let tried = attempt(context, audited).await;
    remove(context).await?;
    let report = tried?;
    let open = report.attempts.iter().filter(|one| !one.closed && one.id != GUARDIAN);
    Ok(Trial { attempts: report.attempts.len() - 1, leaks: open.cloned().collect() })
}

/// Removes what a trial made. The caller holds its lock.
pub(super) async fn remove(context: &Context) -> Result<(), SessionError> {
    let name = names::trial(&context.state.instance());
    clean::remove_container(context, &name).await?;
    let _lock = context.state.lock().await?;
    Ok(network::remove(&context.engine, &name, &context.state.instance()).await?)
}

async fn attempt(context: &Context, audited: Audited<'_>) -> Result<ProbeReport, ApplyError> {
    let Context { engine, state, paths, programs, .. } = context;
    let instance = state.instance();
    let name = names::trial(&instance);
    let labels = names::trial_labels(&instance, state.uid());
    let (subnet, image) = {
        let _lock = state.lock().await?;
        let image = guardian::image(engine, programs, state.uid()).await?;
        let range = audited.policy().network.pool;
        (network::create(engine, &name, Purpose::Sandbox, range, (&instance, &labels)).await?, image)
    };
    let places = pool::places(subnet);
    let canary = Canary::put_up().await?;
    let installed = programs.install(&paths.data)?;
    let installed = installed.canonicalize().unwrap_or(installed);
    let mut sources = Sources::default();
    sources.open(&installed, PROGRAMS_TARGET)?;
    let request = request(&places, &canary, &sources)?;
    let nowhere = Path::new("");
    let place = Place {
        image: &image,
        values: Values {
            guardian: places.guardian,
            token: "",
            programs: &installed,
            files: nowhere,
            home: nowhere,
            probe: &request,
        },
        network: &name,
        dns: &audited.network().dns,
        address: places.sandbox,
        folder: "/",
        digest: &audited.plan().digest,
        instance: &instance,
        ipv6: addresses::has_ipv6(),
        processors: 1,
    };
    let container = Container { labels, ..bare::container(audited.container(), &name, "trial") };
    let body = create::body(&container, &place)?;
    let options = CreateContainerOptionsBuilder::default().name(&name).build();
    let created = engine.docker.create_container(Some(options), body).await;
    let created = created.operation(|| "create the container of the trial".to_owned())?;
    let mut stream = apply::start(engine, &created.id).await?;
    Ok(probe::report(&mut stream).await?)
}

/// What the container tries. It takes itself for the guardian's place, where nobody listens: that is answered at once.
fn request(places: &pool::Places, canary: &Canary, sources: &Sources) -> Result<String, ApplyError> {
    let request = ProbeRequest {
        guardian: places.sandbox,
        guardian_port: PROXY_PORT,
        forbidden: probe::forbidden(addresses::own()?, places.gateway, &[]),
        canary_port: canary.port,
        nonce: canary.nonce.clone(),
        user: bare::USER.to_owned(),
        capabilities: 0,
        mounts: sources.expected()?,
    };
    Ok(serde_json::to_string(&request).expect("a request has text keys only"))
}
