//! Stopping one sandbox, or everything.

use std::path::Path;

use super::super::covers;
use super::super::guardian;
use super::super::receipt::{Receipt, State};
use super::{Context, Review, SessionError, clean, clone, review};
use crate::clone::Clone;
use crate::control::client;
use crate::ident::SandboxId;

/// A sandbox that was stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// Its name; its id where no receipt tells a name.
    pub name: String,
    /// Whether there was anything to stop.
    pub existed: bool,
    /// What its agent left; `None` where nobody can tell, or it was told before.
    pub review: Option<Review>,
    /// The clone that it worked on, which stays.
    pub clone: Option<Clone>,
}

/// Stops a sandbox: its container and network are gone afterwards, its volumes and home folder stay. `None` where
/// nothing is known of it any more.
///
/// # Errors
/// The engine does not do it.
pub async fn stop(context: &Context, receipt: &Receipt) -> Result<Option<Stopped>, SessionError> {
    let looked = clone::look(context, receipt).await;
    let seized = clean::seize(context, &receipt.id).await?;
    let Some(mut receipt) = context.state.load(&receipt.id)? else { return Ok(None) };
    let existed = seized.existed || receipt.state != State::Stopped;
    let lost = receipt.mount.as_ref().map(|mount| covers::lost(mount.as_ref(), &receipt.covers)).unwrap_or_default();
    if let (Some(clone), Some(looked)) = (&mut receipt.clone, &looked) {
        clone.left = looked.left;
    }
    clean::remove(context, &mut receipt).await?;
    clean::sweep(context, clean::Look::Each).await?;
    let mut told = None;
    if receipt.unreviewed {
        // It is stopped, whatever a look at the workspace says.
        told = review(context, &receipt).await.ok().map(|review| Review { lost, ..review });
        receipt.unreviewed = false;
        context.state.save(&receipt)?;
    }
    Ok(Some(Stopped { name: receipt.name, existed, review: told, clone: looked }))
}

/// Ends the build of a folder's first sandbox, or of one that a folder above has: there is no receipt yet. Returns its
/// name; `None` where nobody builds.
///
/// # Errors
/// The engine does not do it.
pub async fn end_build(context: &Context, folder: &Path) -> Result<Option<String>, SessionError> {
    let ids = context.state.ids()?;
    for folder in folder.ancestors() {
        let id = SandboxId::derive(context.state.uid(), folder);
        if ids.iter().any(|known| known == id.as_str()) && context.state.is_locked(id.as_str()) {
            let name = context.name(id.as_str(), folder);
            clean::seize(context, id.as_str()).await?;
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// What came of a shutdown.
#[derive(Debug)]
pub struct Shutdown {
    /// The sandboxes that were stopped.
    pub stopped: Vec<Stopped>,
    /// What was in the way of others, or of the guardian's end.
    pub failed: Vec<SessionError>,
    /// Whether there was a guardian, and it is gone.
    pub guardian: bool,
}

/// Stops every sandbox and the guardian; one that cannot be stopped does not keep the others.
///
/// # Errors
/// Nobody knows which sandboxes there are.
pub async fn shutdown(context: &Context) -> Result<Shutdown, SessionError> {
    let (mut stopped, mut failed) = (Vec::new(), Vec::new());
    for receipt in context.state.receipts()?.into_iter().filter(|receipt| receipt.state != State::Stopped) {
        match stop(context, &receipt).await {
            Ok(one) => stopped.extend(one.filter(|one| one.existed)),
            Err(error) => failed.push(error),
        }
    }
    // Builds, whose sandboxes do not run.
    for id in context.state.ids()?.into_iter().filter(|id| context.state.is_locked(id)) {
        let name = context.state.load(&id).ok().flatten().map_or_else(|| id.clone(), |receipt| receipt.name);
        match clean::seize(context, &id).await {
            Ok(seized) if seized.existed => stopped.push(Stopped { name, existed: true, review: None, clone: None }),
            Ok(_) => {}
            Err(error) => failed.push(error),
        }
    }
    match clean::unreadable(context).await {
        Ok(ids) => {
            for name in ids {
                match clean::remove_unreadable(context, &name).await {
                    Ok(()) => stopped.push(Stopped { name, existed: true, review: None, clone: None }),
                    Err(error) => failed.push(error),
                }
            }
        }
        Err(error) => failed.push(error),
    }
    // It would make a guardian again for what it thinks runs.
    if let Err(error) = client::end(context.state.root()).await {
        tracing::warn!("the control plane goes on: {error}");
    }
    let removed = remove_guardian(context).await;
    let guardian = removed.as_ref().is_ok_and(|existed| *existed);
    failed.extend(removed.err());
    Ok(Shutdown { stopped, failed, guardian })
}

async fn remove_guardian(context: &Context) -> Result<bool, SessionError> {
    let _lock = context.state.lock().await?;
    let existed = guardian::find(&context.engine, &context.state).await?.is_some();
    guardian::remove(&context.engine, &context.state).await?;
    Ok(existed)
}
