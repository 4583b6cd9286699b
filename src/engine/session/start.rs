//! Starting a sandbox, or attaching to the one that runs.

use std::collections::BTreeSet;
use std::path::Path;

use tokio::signal::unix::{SignalKind, signal};

use super::super::apply::{ApplyError, Audited, apply};
use super::super::guardian;
use super::super::lifecycle;
use super::super::names;
use super::super::receipt::{ProcessDefaults, Receipt, State, VERSION};
use super::{Context, SessionError, clean};
use crate::facts::ImageFacts;
use crate::guardian::protocol::WirePolicy;
use crate::host::addresses;
use crate::host::random;
use crate::ident::SandboxId;
use crate::plan::model::Hook;
use crate::plan::{Plan, canonical};
use crate::policy::Policy;

/// The property that runs each time somebody attaches.
const ATTACH: &str = "postAttach";

/// What is to run.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The policy that it was made under.
    pub policy: &'a Policy,
    /// The folder that was opened, canonical.
    pub folder: &'a Path,
    /// The image of the plan's container.
    pub image: &'a ImageFacts,
    /// Whether a sandbox that runs with another plan is made anew.
    pub rebuild: bool,
}

/// Makes sure that the folder's sandbox runs with this plan, and that its lifecycle commands ran. Of two starts at
/// once, the second waits and attaches.
///
/// # Errors
/// The plan does not become a sandbox, another plan runs, or a lifecycle command fails; then the sandbox stays.
pub async fn start(context: &Context, request: Start<'_>) -> Result<Receipt, SessionError> {
    let audited = Audited::new(request.plan, request.policy)?;
    let id = SandboxId::derive(context.state.uid(), request.folder);
    clean::sweep(context).await?;
    let lock = context.state.lock_sandbox(id.as_str()).await?;
    let mut receipt = match running(context, id.as_str()).await? {
        Some(receipt) if receipt.plan_digest == request.plan.digest && !request.rebuild => {
            attach(context, request.policy, receipt).await?
        }
        Some(receipt) if !request.rebuild => return Err(SessionError::PlanChanged { name: receipt.name }),
        _ => create(context, audited, request, &id).await?,
    };
    let (attaching, once): (Vec<Hook>, Vec<Hook>) =
        request.plan.lifecycle.iter().cloned().partition(|hook| hook.hook == ATTACH);
    lifecycle::run(&context.engine, &context.state, &mut receipt, &once).await?;
    // What runs at each attachment may go on for as long as somebody is attached: nobody waits for it.
    drop(lock);
    lifecycle::run(&context.engine, &context.state, &mut receipt, &attaching).await?;
    Ok(receipt)
}

async fn running(context: &Context, id: &str) -> Result<Option<Receipt>, SessionError> {
    match context.state.load(id)? {
        Some(receipt) if receipt.state == State::Running && context.is_running(id).await? => Ok(Some(receipt)),
        _ => Ok(None),
    }
}

/// The guardian may be a new one, and the policy may have changed where the plan does not show it.
async fn attach(context: &Context, policy: &Policy, mut receipt: Receipt) -> Result<Receipt, SessionError> {
    receipt.policy = wire(policy)?;
    context.state.save(&receipt)?;
    let _lock = context.state.lock().await?;
    let Context { engine, state, programs, .. } = context;
    let mut channel = guardian::ensure(engine, state, programs, policy.network.pool).await?;
    guardian::connect(engine, state, &receipt).await?;
    guardian::admit(&mut channel, &receipt).await.map_err(guardian::GuardianError::from)?;
    Ok(receipt)
}

async fn create(
    context: &Context,
    audited: Audited<'_>,
    request: Start<'_>,
    id: &SandboxId,
) -> Result<Receipt, SessionError> {
    let mut receipt = promise(context, audited.plan(), request, id).await?;
    // Whatever has these names is left from a life that is over.
    clean::remove(context, &mut receipt.clone()).await?;
    context.state.save(&receipt)?;
    context.state.save_plan(id.as_str(), canonical::pretty(audited.plan()).as_bytes())?;
    match until_interrupted(apply(context.bench(), audited, request.image, &mut receipt)).await {
        Ok(()) => {
            receipt.state = State::Running;
            context.state.save(&receipt)?;
            Ok(receipt)
        }
        Err(error) => {
            // The first error is the one that tells; the next command sweeps what could not be removed now.
            let _ = clean::remove(context, &mut receipt).await;
            Err(error)
        }
    }
}

/// Whoever presses Ctrl-C gets what was made so far removed.
async fn until_interrupted(applying: impl Future<Output = Result<(), ApplyError>>) -> Result<(), SessionError> {
    let listen = |kind| signal(kind).map_err(SessionError::Signals);
    let (mut interrupted, mut terminated) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    tokio::select! {
        applied = applying => Ok(applied?),
        _ = interrupted.recv() => Err(SessionError::Interrupted),
        _ = terminated.recv() => Err(SessionError::Interrupted),
    }
}

/// Returns the receipt of what is about to be made, on disk before anything of it is.
async fn promise(context: &Context, plan: &Plan, request: Start<'_>, id: &SandboxId) -> Result<Receipt, SessionError> {
    let _lock = context.state.lock().await?;
    let receipts = context.state.receipts()?;
    let known = receipts.iter().find(|receipt| receipt.id == id.as_str()).map(|receipt| receipt.name.clone());
    let taken: BTreeSet<String> = receipts.into_iter().map(|receipt| receipt.name).collect();
    let container = plan.containers.first();
    let receipt = Receipt {
        version: VERSION,
        id: id.as_str().to_owned(),
        name: known.unwrap_or_else(|| names::sandbox(request.folder, id, &taken)),
        workspace: request.folder.display().to_string(),
        state: State::Starting,
        plan_digest: plan.digest.clone(),
        container: None,
        subnet: None,
        token: random::token()?,
        policy: wire(request.policy)?,
        process: ProcessDefaults {
            user: container.map(|container| container.user.clone()).unwrap_or_default(),
            folder: plan.workspace.folder.clone(),
            env: container.map(|container| container.remote_env.clone()).unwrap_or_default(),
            passed: plan.passed_env.clone(),
        },
        hooks_done: BTreeSet::new(),
    };
    context.state.save(&receipt)?;
    Ok(receipt)
}

/// The policy as the guardian reads it.
fn wire(policy: &Policy) -> Result<WirePolicy, SessionError> {
    Ok(WirePolicy {
        allow: policy.egress.allow.iter().map(|rule| rule.as_str().to_owned()).collect(),
        deny: policy.egress.deny.iter().map(|rule| rule.as_str().to_owned()).collect(),
        permit_addresses: policy.network.permit_addresses.iter().copied().collect(),
        hosts: policy.network.hosts.iter().map(|(host, address)| (host.as_str().to_owned(), *address)).collect(),
        host_addresses: addresses::own()?.into_iter().collect(),
    })
}
