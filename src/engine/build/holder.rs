//! The network that build steps run in. A container of cloister's own holds it and has no other purpose: the steps join
//! it, so that what it was given holds for them as well, no IPv6 and no resolver, and what its probe found too.

use std::net::Ipv4Addr;

use super::super::apply::{ApplyError, Audited, Bench};
use super::super::bare::{self, started};
use super::super::guardian;
use super::super::names;
use super::super::network::{self, Purpose};
use super::super::pool::{self, Places};
use super::super::probe;
use super::super::receipt::State;
use super::Order;
use crate::guardian::protocol::{Admission, Command, PROXY_PORT, PROXY_USER};
use crate::host::{addresses, random};

/// A network that is known to be sealed.
#[derive(Debug)]
pub(super) struct Holder {
    /// Name of the container that holds it.
    pub(super) container: String,
    guardian: Ipv4Addr,
    token: String,
}

impl Holder {
    /// Makes the network and its container, and measures that it is sealed.
    pub(super) async fn make(bench: Bench<'_>, audited: Audited<'_>, order: Order<'_>) -> Result<Self, ApplyError> {
        let token = random::token().map_err(probe::ProbeError::from)?;
        let name = names::build(order.id);
        let (places, others) = allocate(bench, audited, order, &token).await?;
        let image = guardian::image(bench.engine, bench.programs, bench.state.uid()).await?;
        let container = bare::container(audited.container(), &name, "build");
        let guardian = places.guardian;
        let measuring =
            started::Order { container: &container, image: &image, places: &places, guardian, others: &others };
        let mut started = started::start(bench, audited, measuring).await?;
        probe::answer(&mut started.stream).await?;
        probe::apart(addresses::own()?, places.network())?;
        started.sources.unchanged()?;
        Ok(Self { container: started.id, guardian, token })
    }

    /// Where the steps find the guardian.
    pub(super) fn proxy(&self) -> String {
        format!("http://{PROXY_USER}:{}@{}:{PROXY_PORT}", self.token, self.guardian)
    }
}

/// Makes the network, puts the guardian onto it, and has it listen. Returns the addresses of sandboxes.
async fn allocate(
    bench: Bench<'_>,
    audited: Audited<'_>,
    order: Order<'_>,
    token: &str,
) -> Result<(Places, Vec<Ipv4Addr>), ApplyError> {
    let Bench { engine, state, programs, .. } = bench;
    let name = names::build(order.id);
    let _lock = state.lock().await?;
    let range = audited.policy().network.pool;
    let mut channel = guardian::ensure(engine, state, programs, range).await?;
    let (instance, folder) = (state.instance(), order.folder.to_string_lossy());
    let labels = names::labels(order.id, &folder, &audited.plan().digest, state.uid(), &instance);
    let subnet = network::create(engine, &name, Purpose::Sandbox, range, (&instance, &labels)).await?;
    let places = pool::places(subnet);
    network::connect(engine, &name, &names::guardian(&instance), places.guardian).await?;
    let admission = Admission {
        sandbox: name.clone(),
        name: format!("{} (build)", crate::ident::display_name(order.folder)),
        subnet,
        listen: places.guardian,
        token: token.to_owned(),
        policy: order.policy.clone(),
        hold: 0,
    };
    channel.done(Command::Admit(Box::new(admission))).await?;
    let running = state.receipts()?.into_iter().filter(|receipt| receipt.state == State::Running);
    Ok((places, running.filter_map(|receipt| Some(pool::places(receipt.subnet?).sandbox)).collect()))
}
