//! A network like a sandbox's, with a container on it that tries to get out, and nothing else: whether this engine
//! isolates, before there is a sandbox. No guardian is needed for it, so that none answers.

use super::super::apply::{ApplyError, Audited};
use super::super::bare::{self, started};
use super::super::guardian;
use super::super::names;
use super::super::network::{self, Purpose};
use super::super::pool;
use super::super::probe;
use super::{Context, SessionError, clean};
use crate::host::addresses;
use crate::plan::model::Container;
use crate::sandbox::protocol::{Attempt, ProbeReport};

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
    let Context { engine, state, programs, .. } = context;
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
    let container = Container { labels, ..bare::container(audited.container(), &name, "trial") };
    // It takes itself for the guardian's place, where nobody listens: that is answered at once.
    let guardian = places.sandbox;
    let measuring = started::Order { container: &container, image: &image, places: &places, guardian, others: &[] };
    let mut started = started::start(context.bench(), audited, measuring).await?;
    let report = probe::report(&mut started.stream).await?;
    probe::apart(addresses::own()?, places.network())?;
    Ok(report)
}
