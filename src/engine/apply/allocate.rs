//! Addresses, the sandbox's network, and the guardian on it. One start at a time.

use std::net::Ipv4Addr;

use super::super::guardian::{self, Channel};
use super::super::names;
use super::super::network::{self, Purpose};
use super::super::pool;
use super::super::receipt::{Receipt, State};
use super::{ApplyError, Audited, Bench};
use crate::host::lock::Lock;

/// A network that nobody is on yet.
#[derive(Debug)]
pub(super) struct Allocated {
    /// Addresses of other sandboxes.
    pub(super) others: Vec<Ipv4Addr>,
    channel: Channel,
    _lock: Lock,
}

/// Makes the network, once the guardian that will be on it answers.
pub(super) async fn network(
    bench: Bench<'_>,
    audited: Audited<'_>,
    receipt: &mut Receipt,
) -> Result<Allocated, ApplyError> {
    let Bench { engine, state, programs, .. } = bench;
    let lock = state.lock().await?;
    let range = audited.policy.network.pool;
    let channel = guardian::ensure(engine, state, programs, range).await?;
    let instance = state.instance();
    let labels = names::labels(&receipt.id, &receipt.workspace, &receipt.plan_digest, state.uid(), &instance);
    let name = &audited.network.name;
    let subnet = network::create(engine, name, Purpose::Sandbox, range, (&instance, &labels)).await?;
    receipt.subnet = Some(subnet);
    state.save(receipt)?;
    let others = state.receipts()?.into_iter().filter(|other| other.id != receipt.id && other.state == State::Running);
    let others = others.filter_map(|other| Some(pool::places(other.subnet?).sandbox)).collect();
    Ok(Allocated { others, channel, _lock: lock })
}

impl Allocated {
    /// Puts the guardian onto the network, and has it listen there for the sandbox of this receipt.
    pub(super) async fn serve(mut self, bench: Bench<'_>, receipt: &Receipt) -> Result<(), ApplyError> {
        guardian::connect(bench.engine, bench.state, receipt).await?;
        Ok(guardian::admit(&mut self.channel, receipt).await?)
    }
}
