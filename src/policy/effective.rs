//! The effective policy of one sandbox: the layers in one value, and where each part of it came from.
//!
//! Rules of all layers add up, and deny wins, whichever layer it stands in. Of the other keys the nearest layer counts.
//! Invariant: pure; nothing is ever wider than what some layer says.

use std::collections::{BTreeMap, BTreeSet};

use super::Policy;
use super::decision::{Decision, Subject, Verdict};
use super::layer::{Layer, Limits, Placed};
use super::model::{DEFAULT_PRESETS, Egress, LimitCaps};
use super::presets;
use super::rule::Rule;
use super::rules::{Effect, Match, Place, RuleSet, Use};
use crate::source::Location;
use crate::trust::Domains;

/// Where a part of the policy came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// cloister itself.
    Builtin,
    /// A preset; where a file names it, or nowhere where it is one of the default.
    Preset {
        /// Its name.
        name: String,
        /// Where it is chosen.
        chosen: Option<Location>,
    },
    /// The user's `config.json5`.
    User(Location),
    /// A file about one project.
    Project(Location),
    /// What a person decided.
    Decision(Box<Decision>),
    /// What the repository asked for; with the digest that the user approved.
    Repository(String),
}

/// A rule with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced {
    /// The rule.
    pub rule: Rule,
    /// What it does.
    pub verdict: Verdict,
    /// Where it came from.
    pub origin: Origin,
}

/// The effective policy of one sandbox.
#[derive(Debug, Clone)]
pub struct Effective {
    /// What counts.
    pub policy: Policy,
    /// Every rule, as often as a layer names it, in the order of the layers.
    pub rules: Vec<Sourced>,
    /// Where each other key came from, as people write it: `limits.memory`. What is not here is cloister's default.
    pub keys: BTreeMap<String, Origin>,
    /// `rules`, ready for look-ups.
    set: RuleSet,
}

/// What the policy says about a destination, and every rule that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained<'a> {
    /// What it says.
    pub found: Match,
    /// Where the rule that decided came from, one for each layer that names it.
    pub because: Vec<&'a Sourced>,
}

impl Effective {
    /// Returns the policy in which nothing may be reached: that of a user whose files could not be read yet.
    pub fn closed() -> Self {
        let policy = Policy { egress: Egress::default(), ..Policy::builtin() };
        Self { policy, rules: Vec::new(), keys: BTreeMap::new(), set: RuleSet::default() }
    }

    /// Returns the policy that the layers make.
    pub fn of<'a>(
        user: Option<&Layer>,
        project: Option<&Layer>,
        decisions: impl IntoIterator<Item = &'a Decision>,
    ) -> Self {
        let mut effective = Self::closed();
        effective.presets(user, project);
        if let Some(user) = user {
            effective.layer(user, Origin::User);
        }
        if let Some(project) = project {
            effective.layer(project, Origin::Project);
        }
        for decision in decisions {
            effective.decision(decision);
        }
        effective
    }

    /// Adds what the repository asked for and the user approved.
    #[must_use]
    pub fn asked(mut self, asked: Option<&Domains>) -> Self {
        let Some(asked) = asked else { return self };
        for rule in &asked.rules {
            self.add(rule.clone(), Verdict::Allow, Origin::Repository(asked.digest.clone()));
        }
        self.policy.egress.ask(asked);
        self
    }

    /// Returns what the policy says about using a port of a place.
    pub fn explain(&self, place: &Place, port: u16, usage: Use) -> Explained<'_> {
        let found = self.set.find(place, port, usage);
        let because = match &found {
            Match::Denied(rule) => self.naming(rule, Verdict::Deny),
            Match::Allowed(rule) | Match::OtherPort(rule) => self.naming(rule, Verdict::Allow),
            Match::Nothing => Vec::new(),
        };
        Explained { found, because }
    }

    fn naming(&self, rule: &Rule, verdict: Verdict) -> Vec<&Sourced> {
        self.rules.iter().filter(|sourced| sourced.rule == *rule && sourced.verdict == verdict).collect()
    }

    fn presets(&mut self, user: Option<&Layer>, project: Option<&Layer>) {
        let chosen =
            project.and_then(|layer| layer.presets.as_ref()).or_else(|| user.and_then(|layer| layer.presets.as_ref()));
        let names: Vec<(String, Option<Location>)> = match chosen {
            Some(names) => {
                let named = |Placed { value, location }: &Placed<String>| (value.clone(), Some(location.clone()));
                names.iter().map(named).collect()
            }
            None => DEFAULT_PRESETS.iter().map(|name| ((*name).to_owned(), None)).collect(),
        };
        let mut seen = BTreeSet::new();
        for (name, chosen) in names.into_iter().filter(|(name, _)| seen.insert(name.clone())) {
            for rule in presets::rules(&name).unwrap_or_default() {
                let origin = Origin::Preset { name: name.clone(), chosen: chosen.clone() };
                self.add(rule, Verdict::Allow, origin);
            }
            self.policy.egress.presets.insert(name);
        }
    }

    fn layer(&mut self, layer: &Layer, origin: impl Fn(Location) -> Origin) {
        let Layer {
            allow, deny, pass, local, network, limits, allow_root_workspace, strict, hold, hostexec, keys, ..
        } = layer;
        for Placed { value, location } in allow {
            self.add(value.clone(), Verdict::Allow, origin(location.clone()));
        }
        for Placed { value, location } in deny {
            self.add(value.clone(), Verdict::Deny, origin(location.clone()));
        }
        let policy = &mut self.policy;
        policy.env.pass.extend(pass.iter().cloned());
        policy.env.local.extend(local.iter().cloned());
        if let Some(network) = network {
            policy.network.clone_from(network);
        }
        policy.limits = limited(policy.limits, *limits);
        policy.allow_root_workspace = allow_root_workspace.unwrap_or(policy.allow_root_workspace);
        policy.strict = strict.unwrap_or(policy.strict);
        policy.hold = hold.unwrap_or(policy.hold);
        if let Some(hostexec) = hostexec {
            policy.hostexec.clone_from(hostexec);
        }
        self.keys.extend(keys.iter().map(|(key, location)| (key.clone(), origin(location.clone()))));
    }

    fn decision(&mut self, decision: &Decision) {
        for rule in &decision.rules {
            self.add(rule.clone(), decision.verdict, Origin::Decision(Box::new(decision.clone())));
        }
    }

    fn add(&mut self, rule: Rule, verdict: Verdict, origin: Origin) {
        let egress = &mut self.policy.egress;
        let (kind, effect) = match verdict {
            Verdict::Allow => (&mut egress.allow, Effect::Allow),
            Verdict::Deny => (&mut egress.deny, Effect::Deny),
        };
        kind.insert(rule.clone());
        self.set.insert(&rule, effect);
        self.rules.push(Sourced { rule, verdict, origin });
    }
}

/// Returns the decisions that count for a sandbox at a time, the oldest first.
pub fn counting<'a>(decisions: &'a [Decision], subject: &Subject, now: u64) -> Vec<&'a Decision> {
    let mut counting: Vec<&Decision> = decisions.iter().filter(|decision| decision.counts(subject, now)).collect();
    counting.sort_by(|one, other| (one.made, &one.id).cmp(&(other.made, &other.id)));
    counting
}

fn limited(below: LimitCaps, limits: Limits) -> LimitCaps {
    LimitCaps {
        pids: limits.pids.unwrap_or(below.pids),
        memory: limits.memory.unwrap_or(below.memory),
        cpus: limits.cpus.unwrap_or(below.cpus),
        nofile: limits.nofile.unwrap_or(below.nofile),
        shm: limits.shm.unwrap_or(below.shm),
        free_space: limits.free_space.unwrap_or(below.free_space),
    }
}

#[cfg(test)]
mod tests;
