//! Removing what a sandbox has in the engine, in an order that keeps it sealed to the end.

use std::collections::BTreeSet;
use std::time::Duration;

use bollard::query_parameters::RemoveContainerOptionsBuilder;
use tokio::time::sleep;

use super::super::connect::{CallError, Operation};
use super::super::guardian;
use super::super::names;
use super::super::network;
use super::super::receipt::{Receipt, State};
use super::{Context, SessionError};

/// How often the engine is asked again while it removes a container.
const REMOVAL_TRIES: u32 = 100;

/// Removes a sandbox's container and network, and writes down that it is gone. The caller holds its lock.
pub(super) async fn remove(context: &Context, receipt: &mut Receipt) -> Result<(), SessionError> {
    remove_container(context, &names::container(&receipt.id)).await?;
    {
        let _lock = context.state.lock().await?;
        // A guardian that does not answer loses the network all the same, and is replaced at the next start.
        let _ = guardian::withdraw(&context.engine, &context.state, &receipt.id).await;
        network::remove(&context.engine, &names::container(&receipt.id)).await?;
    }
    receipt.state = State::Stopped;
    receipt.container = None;
    receipt.subnet = None;
    receipt.token = String::new();
    receipt.hooks_done = BTreeSet::new();
    Ok(context.state.save(receipt)?)
}

async fn remove_container(context: &Context, name: &str) -> Result<(), CallError> {
    for _ in 0..REMOVAL_TRIES {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        let removed = context.engine.docker.remove_container(name, Some(options)).await;
        match removed.unless_absent(|| format!("remove `{name}`")) {
            Ok(None) => return Ok(()),
            // Removed, or somebody is at it: it is gone once the engine does not know it any more.
            Ok(Some(())) => {}
            Err(error) if error.status() == Some(409) => sleep(Duration::from_millis(50)).await,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Removes what a start that was killed left behind, and what is left of sandboxes whose container ended by itself.
pub(super) async fn sweep(context: &Context) -> Result<(), SessionError> {
    for receipt in context.state.receipts()? {
        if receipt.state == State::Stopped || receipt.state == State::Running && context.is_running(&receipt.id).await?
        {
            continue;
        }
        // Whoever holds the lock is at work on it.
        let Some(_lock) = context.state.try_lock_sandbox(&receipt.id)? else { continue };
        if let Some(mut receipt) = context.state.load(&receipt.id)?
            && receipt.state != State::Stopped
            && !(receipt.state == State::Running && context.is_running(&receipt.id).await?)
        {
            remove(context, &mut receipt).await?;
        }
    }
    Ok(())
}
