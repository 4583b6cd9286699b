//! Addresses, the sandbox's network, and the guardian on it. One start at a time.

use std::net::Ipv4Addr;

use super::super::guardian;
use super::super::names;
use super::super::network::{self, Purpose};
use super::super::pool;
use super::super::receipt::{Receipt, State};
use super::{ApplyError, Audited, Bench};

/// Makes the network, puts the guardian onto it, and has it listen. Returns the addresses of other sandboxes.
pub(super) async fn network(
    bench: Bench<'_>,
    audited: Audited<'_>,
    receipt: &mut Receipt,
) -> Result<Vec<Ipv4Addr>, ApplyError> {
    let Bench { engine, state, programs, .. } = bench;
    let _lock = state.lock().await?;
    let range = audited.policy.network.pool;
    let mut channel = guardian::ensure(engine, state, programs, range).await?;
    let instance = state.instance();
    let labels = names::labels(&receipt.id, &receipt.workspace, &receipt.plan_digest, state.uid(), &instance);
    let name = &audited.network.name;
    let subnet = network::create(engine, name, Purpose::Sandbox, range, (&instance, &labels)).await?;
    receipt.subnet = Some(subnet);
    state.save(receipt)?;
    guardian::connect(engine, state, receipt).await?;
    guardian::admit(&mut channel, receipt).await?;
    let others = state.receipts()?.into_iter().filter(|other| other.id != receipt.id && other.state == State::Running);
    Ok(others.filter_map(|other| Some(pool::places(other.subnet?).sandbox)).collect())
}
