//! Starting a sandbox, or attaching to the one that runs.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use super::super::apply::{ApplyError, Audited, apply};
use super::super::covers;
use super::super::guardian;
use super::super::lifecycle::{self, LifecycleError};
use super::super::names;
use super::super::receipt::{ProcessDefaults, Receipt, State, VERSION};
use super::life::Life;
use super::room::Room;
use super::{Context, Review, SessionError, claim, clean, clone, drift, owner, review, room, select, setup, wire};
use crate::facts::ImageFacts;
use crate::guardian::protocol::{Refusals, WirePolicy};
use crate::host::lock::Lock;
use crate::host::random;
use crate::host::signals::Signals;
use crate::ident::SandboxId;
use crate::pipeline::approvals::Store;
use crate::plan::diff::{Change, diff};
use crate::plan::model::Hook;
use crate::plan::{Plan, canonical};
use crate::policy::Policy;

/// The property that runs each time somebody attaches.
const ATTACH: &str = "postAttach";
/// Exit code of a process that was killed.
pub(super) const KILLED: u8 = 137;
/// Exit code that the engine gives to a command whose container ended before it.
const NOT_RUN: u8 = 126;
/// How often the engine is asked whether a container is gone.
const GONE_TRIES: u32 = 20;

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

/// A sandbox that runs and is served by the guardian.
#[derive(Debug)]
pub struct Served {
    /// Its receipt.
    pub receipt: Receipt,
    /// What it had not reached by then.
    pub refusals: Refusals,
    /// Bytes that must stay free where it writes.
    pub free_space: u64,
    /// Whether the user stopped the guardian, so that nothing is reached.
    pub is_cut_off: bool,
}

/// A sandbox that runs, and whose lifecycle commands nobody else runs meanwhile.
#[derive(Debug)]
pub struct Started {
    /// The sandbox.
    pub served: Served,
    /// Whether it was made now; otherwise it ran already.
    pub made: bool,
    /// What it was made from and is another thing now.
    pub drift: Vec<String>,
    /// What its agent left in the life before, where nobody was told yet.
    pub before: Option<Review>,
    /// How much of the folder is no part of the clone that was made now, where git says so.
    pub uncommitted: Option<u64>,
    lock: Lock,
}

/// Makes sure that the folder's sandbox runs with this plan. Of two starts at once, the second waits and attaches.
///
/// # Errors
/// The plan does not become a sandbox, or another plan runs.
pub async fn start(context: &Context, request: Start<'_>, signals: &mut Signals) -> Result<Started, SessionError> {
    let audited = Audited::new(request.plan, request.policy)?;
    let id = SandboxId::derive(context.state.uid(), request.folder);
    let lock = until_interrupted(signals, swept_and_locked(context, id.as_str(), request.rebuild)).await?;
    Ok(match running(context, id.as_str()).await? {
        Some((receipt, life)) if !request.rebuild => {
            select::usable(&receipt, life)?;
            select::alone(context, &receipt).await?;
            let served = join(context, request, receipt).await?;
            let drift = drift::of(context, request, &served.receipt);
            Started { served, made: false, drift, before: None, uncommitted: None, lock }
        }
        _ => {
            let Created { receipt, before, uncommitted } = create(context, audited, request, &id, signals).await?;
            let served = Served {
                receipt,
                refusals: Refusals::default(),
                free_space: request.policy.limits.free_space,
                is_cut_off: false,
            };
            Started { served, made: true, drift: Vec::new(), before, uncommitted, lock }
        }
    })
}

/// Cleans up, and takes a sandbox's lock.
pub(super) async fn swept_and_locked(context: &Context, id: &str, anew: bool) -> Result<Lock, SessionError> {
    clean::sweep(context, clean::Look::Listed).await?;
    clean::lock(context, id, anew).await
}

impl Started {
    /// Makes sure that the plan's lifecycle commands ran.
    ///
    /// # Errors
    /// A lifecycle command fails; the sandbox stays.
    pub async fn run_hooks(
        self,
        context: &Context,
        plan: &Plan,
        signals: &mut Signals,
    ) -> Result<Served, SessionError> {
        let Self { mut served, lock, .. } = self;
        let (attaching, once): (Vec<Hook>, Vec<Hook>) =
            plan.lifecycle.iter().cloned().partition(|hook| hook.hook == ATTACH);
        let (receipt, wanted) = (served.receipt.clone(), served.free_space);
        let ran = async {
            lifecycle::run(&context.engine, &context.state, &mut served.receipt, &once, signals).await?;
            // What runs at each attachment may go on for as long as somebody is attached: nobody waits for it.
            drop(lock);
            lifecycle::run(&context.engine, &context.state, &mut served.receipt, &attaching, signals).await
        };
        match room::while_enough(context, &receipt, wanted, ran).await? {
            Ok(()) => Ok(served),
            Err(error) if is_hook_cut_off(&error) && is_gone(context, &served.receipt).await => {
                let stopped = SessionError::Stopped { name: served.receipt.name.clone() };
                Err(context.why(&served.receipt, stopped).await)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Tells whether an exit code is as of a command whose container ended: before it was run, or under it.
pub(super) fn is_cut_off(code: u8) -> bool {
    matches!(code, NOT_RUN | KILLED)
}

fn is_hook_cut_off(error: &LifecycleError) -> bool {
    match error {
        LifecycleError::Failed { code, .. } => is_cut_off(*code),
        error => matches!(error, LifecycleError::Exec { .. }),
    }
}

/// Tells whether a container goes or is gone; the engine says so a moment after its processes have ended.
pub(super) async fn is_gone(context: &Context, receipt: &Receipt) -> bool {
    for _ in 0..GONE_TRIES {
        if context.life(receipt).await.is_ok_and(|life| life == Life::Gone) {
            return true;
        }
        sleep(Duration::from_millis(50)).await;
    }
    false
}

/// Returns the receipt of a sandbox whose container is there, and what has become of it.
async fn running(context: &Context, id: &str) -> Result<Option<(Receipt, Life)>, SessionError> {
    let Some(receipt) = context.state.load(id)? else { return Ok(None) };
    let life = context.life(&receipt).await?;
    Ok((life != Life::Gone).then_some((receipt, life)))
}

/// Joins a sandbox that runs, unless something in it would be different.
async fn join(context: &Context, request: Start<'_>, mut receipt: Receipt) -> Result<Served, SessionError> {
    if receipt.plan_digest != request.plan.digest {
        let changes = changes(context, &receipt.id, request.plan)?;
        if !changes.is_empty() {
            return Err(SessionError::PlanChanged { name: receipt.name, changes });
        }
        context.state.save_plan(&receipt.id, canonical::pretty(request.plan).as_bytes())?;
        receipt.plan_digest.clone_from(&request.plan.digest);
        context.state.save(&receipt)?;
    }
    let asked = asked(request.plan);
    if receipt.asked != asked {
        receipt.asked = asked;
        context.state.save(&receipt)?;
    }
    Room::of(context, &receipt, request.policy.limits.free_space).check()?;
    context.state.let_guardian_run()?;
    hand_over(context, request.policy, receipt).await
}

/// Returns which approved request of the repository opens hosts.
fn asked(plan: &Plan) -> Option<String> {
    plan.proxy.as_ref().and_then(|proxy| proxy.asked.clone())
}

/// Hands the guardian the policy of a sandbox that runs, as the user's configuration says now, and waits until it is in
/// force. The guardian may be a new one; one that the user stopped stays so.
///
/// # Errors
/// There is no guardian, or it does not take the policy.
pub async fn hand_over(context: &Context, policy: &Policy, mut receipt: Receipt) -> Result<Served, SessionError> {
    let _lock = context.state.lock().await?;
    // Whoever stopped it meanwhile may have taken the guardian away, which must not come back for it.
    if context.state.load(&receipt.id)?.is_none_or(|now| now.state != State::Running) {
        select::usable(&receipt, Life::Gone)?;
    }
    let now = wire::wire(&with_asked(context, policy, &receipt))?;
    let before = std::mem::replace(&mut receipt.policy, now);
    // The machine's addresses come and go, and are asked for whenever a guardian is told: they need no new receipt.
    if receipt.policy != (WirePolicy { host_addresses: receipt.policy.host_addresses.clone(), ..before }) {
        context.state.save(&receipt)?;
    }
    let Context { engine, state, programs, .. } = context;
    let is_cut_off = state.is_guardian_kept_away();
    let refusals = if is_cut_off {
        Refusals::default()
    } else {
        guardian::serve(engine, state, programs, policy.network.pool, &receipt).await?
    };
    Ok(Served { receipt, refusals, free_space: policy.limits.free_space, is_cut_off })
}

/// Returns a policy with the hosts that the sandbox's repository asked for, as far as they are approved still.
fn with_asked(context: &Context, policy: &Policy, receipt: &Receipt) -> Policy {
    let mut policy = policy.clone();
    let store = Store::of(context.state.root(), context.state.uid(), Path::new(&receipt.workspace));
    if let Some(asked) = receipt.asked.as_deref().and_then(|digest| store.asked(digest)) {
        policy.egress.ask(&asked);
    }
    policy
}

/// Hands the guardian the policy of every sandbox that runs; returns their names.
///
/// # Errors
/// As [`hand_over`].
pub async fn reload(context: &Context, policy: &Policy) -> Result<Vec<String>, SessionError> {
    let mut reloaded = Vec::new();
    for receipt in context.state.receipts()? {
        if context.life(&receipt).await? == Life::Runs {
            reloaded.push(hand_over(context, policy, receipt).await?.receipt.name);
        }
    }
    Ok(reloaded)
}

/// What would run differently, if a sandbox that runs were made from this plan. The guardian's part and
/// the variables that are passed are not among it: they take effect while the sandbox runs.
fn changes(context: &Context, id: &str, plan: &Plan) -> Result<Vec<Change>, SessionError> {
    let mut old = context.state.load_plan(id)?;
    let mut new = canonical::to_json(plan);
    for plan in [&mut old, &mut new] {
        if let Some(members) = plan.as_object_mut() {
            members.remove("proxy");
            members.remove("passedEnv");
            // What does not run is no difference, and what runs on the host does at each start, whatever is made.
            if let Some(hooks) = members.get_mut("lifecycle").and_then(Value::as_array_mut) {
                hooks.retain(|hook| hook["where"] != "host" && hook["status"] == "run");
            }
        }
    }
    Ok(diff(&old, &new))
}

/// What was made.
struct Created {
    receipt: Receipt,
    before: Option<Review>,
    uncommitted: Option<u64>,
}

async fn create(
    context: &Context,
    audited: Audited<'_>,
    request: Start<'_>,
    id: &SandboxId,
    signals: &mut Signals,
) -> Result<Created, SessionError> {
    owner::check(context, &[&names::container(id.as_str())]).await?;
    let mut receipt = until_interrupted(signals, promise(context, audited.plan(), request, id)).await?;
    Room::of(context, &receipt, request.policy.limits.free_space).check()?;
    // Whatever has these names is left from a life that is over.
    clean::remove(context, &mut receipt.clone()).await?;
    let gone = Receipt { covers: Vec::new(), ..receipt.clone() };
    let before = if receipt.unreviewed { review(context, &gone).await.ok() } else { None };
    context.state.save(&receipt)?;
    context.state.save_plan(id.as_str(), canonical::pretty(audited.plan()).as_bytes())?;
    // What runs in the set-up phase hears a signal as well; this is the one that ends it.
    let mut ears = signals.clone();
    let applying = async {
        let seed = clone::seed(context, audited.plan(), &mut receipt).await?;
        let uncommitted = seed.as_ref().and_then(|seed| seed.uncommitted);
        let image = setup::image(context, audited, request, &mut receipt, &mut ears).await?;
        let before = apply(context.bench(), audited, &image, &mut receipt).await?;
        clone::plant(context, audited.plan(), &mut receipt, seed).await?;
        Ok((before, uncommitted))
    };
    match until_interrupted(signals, applying).await {
        Ok((snapshot, uncommitted)) => {
            // Not before: a start that fails leaves to the next one what was to be told.
            context.state.save_before(id.as_str(), &snapshot)?;
            receipt.state = State::Running;
            receipt.unreviewed = true;
            context.state.save(&receipt)?;
            Ok(Created { receipt, before, uncommitted })
        }
        Err(error) => {
            let had_container = receipt.container.is_some();
            let cleaning = async {
                // Whoever stops the sandbox removes its container first.
                let existed = clean::remove_container(context, &names::container(&receipt.id)).await;
                // The next command sweeps what could not be removed now.
                let _ = clean::remove(context, &mut receipt).await;
                Ok(existed?)
            };
            let existed = until_interrupted_again(signals, cleaning).await;
            let error = telling(error, &existed);
            let stopped = had_container && existed.is_ok_and(|existed| !existed);
            let is_told = !stopped || matches!(error, SessionError::Interrupted);
            Err(match error {
                SessionError::Apply(ApplyError::Ended(ended)) => SessionError::Ended { name: receipt.name, ended },
                error if is_told => error,
                _ => SessionError::Stopped { name: receipt.name },
            })
        }
    }
}

/// Works until the user says stop; whoever calls removes what was made so far.
///
/// # Errors
/// Those of the work, and that it was interrupted.
pub async fn until_interrupted<T, E: From<SessionError>>(
    signals: &mut Signals,
    working: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    tokio::select! {
        biased;
        _ = signals.next() => Err(SessionError::Interrupted.into()),
        done = working => done,
    }
}

/// Cleans up until the user says stop once more: then the next command does the rest.
pub(super) async fn until_interrupted_again<T>(
    signals: &mut Signals,
    cleaning: impl Future<Output = Result<T, SessionError>>,
) -> Result<T, SessionError> {
    until_interrupted(signals, cleaning).await.map_err(|error| match error {
        SessionError::Interrupted => SessionError::InterruptedAgain,
        error => error,
    })
}

/// The error that tells what happened, where something was cleaned up after one.
pub(super) fn telling<T>(error: SessionError, cleaned: &Result<T, SessionError>) -> SessionError {
    match (error, cleaned) {
        (SessionError::Interrupted, Err(SessionError::InterruptedAgain)) => SessionError::InterruptedAgain,
        (error, _) => error,
    }
}

/// Returns the receipt of what is about to be made, on disk before anything of it is.
async fn promise(context: &Context, plan: &Plan, request: Start<'_>, id: &SandboxId) -> Result<Receipt, SessionError> {
    let mount = plan.workspace.source.clone();
    let _lock = claim::lock_beside(context, mount.as_deref()).await?;
    let receipts = context.state.receipts()?;
    if let Some(mount) = &mount
        && let Some(other) = claim::overlapping(&receipts, id.as_str(), mount)
    {
        let Receipt { name, workspace: folder, .. } = other.clone();
        return Err(SessionError::Overlap { mount: mount.clone(), folder, name });
    }
    let known = receipts.iter().find(|receipt| receipt.id == id.as_str());
    let container = plan.containers.first();
    let before = known.map_or(&[][..], |known| &known.covers);
    let covers = container.map(|container| covers::planned(container, &plan.workspace, before)).unwrap_or_default();
    let unreviewed = known.is_some_and(|known| known.unreviewed);
    let engine_root = known.and_then(|known| known.engine_root.clone());
    let clone = known.and_then(|known| known.clone.clone());
    let known = known.map(|known| known.name.clone());
    let taken: BTreeSet<String> = receipts.into_iter().map(|receipt| receipt.name).collect();
    let receipt = Receipt {
        version: VERSION,
        id: id.as_str().to_owned(),
        name: known.unwrap_or_else(|| names::sandbox(request.folder, id, &taken)),
        workspace: request.folder.display().to_string(),
        mount,
        state: State::Starting,
        plan_digest: plan.digest.clone(),
        container: None,
        started: None,
        endpoint: None,
        image: Some(request.image.id.clone()),
        engine_root,
        subnet: None,
        token: random::token()?,
        policy: wire::wire(request.policy)?,
        process: ProcessDefaults {
            user: container.map(|container| container.user.clone()).unwrap_or_default(),
            folder: plan.workspace.folder.clone(),
            env: container.map(|container| container.remote_env.clone()).unwrap_or_default(),
        },
        hooks_done: BTreeSet::new(),
        covers,
        unreviewed,
        asked: asked(plan),
        clone,
    };
    context.state.save(&receipt)?;
    Ok(receipt)
}
