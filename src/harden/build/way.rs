//! Who builds a Dockerfile, and in which network: the guardian's wherever its text leaves a choice. Pure.

use crate::config::dockerfile::{Asks, Builder, Dockerfile, StepNetwork, is_repository, needs_key};
use crate::plan::model::BuildNetwork;
use crate::source::Spanned;

/// How a Dockerfile is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    /// Who builds.
    pub(super) builder: Builder,
    /// The network of the steps.
    pub(super) network: BuildNetwork,
}

impl Way {
    /// Returns the only way that there is.
    pub(super) fn of(dockerfile: &Dockerfile) -> Self {
        let steps = dockerfile.step_network();
        let clones = |source: &str| is_repository(source) && !needs_key(source);
        let clones = dockerfile.fetches().iter().any(|fetch| clones(&fetch.value));
        if clones || steps == StepNetwork::Host || !beyond_classic(dockerfile).is_empty() {
            let network = match steps {
                StepNetwork::None => BuildNetwork::None,
                StepNetwork::Builder => BuildNetwork::Engine,
                StepNetwork::Host => BuildNetwork::Host,
            };
            return Self { builder: Builder::BuildKit, network };
        }
        let offline = dockerfile.runs_commands() && steps == StepNetwork::None;
        let network = if offline { BuildNetwork::None } else { BuildNetwork::Guardian };
        Self { builder: Builder::Classic, network }
    }
}

/// Returns what the classic builder cannot do, nor do without, but for the network of steps.
pub(super) fn beyond_classic(dockerfile: &Dockerfile) -> Vec<Spanned<String>> {
    let flags = dockerfile.step_flags();
    let kept = |found: &Spanned<String>| {
        let flag = flags.iter().find(|flag| flag.flag == *found);
        flag.is_none_or(|flag| flag.asks == Asks::Mount)
    };
    dockerfile.beyond_classic().into_iter().filter(kept).collect()
}
