//! `config.json5` and `projects/NAME.json5`: what the user allows. JSON5, every key known, every value checked.
//!
//! Invariant: a key that does nothing is refused, and so is a file with any mistake: a policy that was read in part could be
//! wider than the one that was written.

mod approvals;
mod checker;
mod egress;
mod hostexec;
mod limits;
mod network;
mod project;
mod tree;
mod variables;

use ipnet::Ipv4Net;

use self::checker::Checker;
use super::Policy;
use super::effective::Effective;
use super::layer::Layer;
use super::model::{DEFAULT_POOL, NetworkPolicy};
use crate::config::jsonc::Node;
use crate::diagnostic::{Diagnostic, Level};
use crate::source::Source;

/// The schema of `config.json5` as published, for editors.
pub const SCHEMA: &str = include_str!("../../schemas/config.schema.json");
/// The schema of a project's file as published, for editors.
pub const PROJECT_SCHEMA: &str = include_str!("../../schemas/project.schema.json");

/// Keys of the top level.
const KEYS: &[&str] = &[
    "$schema",
    "presets",
    "allow",
    "deny",
    "env",
    "network",
    "limits",
    "mounts",
    "allowRootWorkspace",
    "strict",
    "hostexec",
    "approvals",
];
/// Keys that belong to the format and have no effect in this version.
const UNSUPPORTED: &[&str] = &["mounts"];

/// Reads `config.json5` as the policy that it makes by itself. `None` when a diagnostic is an error.
pub fn read(source: &Source) -> (Option<Policy>, Vec<Diagnostic>) {
    let (layer, diagnostics) = layer(source);
    (layer.map(|layer| Effective::of(Some(&layer), None, []).policy), diagnostics)
}

/// Reads `config.json5` as a layer. `None` when a diagnostic is an error.
pub fn layer(source: &Source) -> (Option<Layer>, Vec<Diagnostic>) {
    parse(source, user)
}

/// Reads the file of a project as a layer; `pool` is where networks of sandboxes are cut from. `None` when a diagnostic is
/// an error.
pub fn project(source: &Source, pool: Ipv4Net) -> (Option<Layer>, Vec<Diagnostic>) {
    parse(source, |checker, root| project::read(checker, root, pool))
}

fn parse(source: &Source, read: impl FnOnce(&mut Checker<'_>, &Node) -> Layer) -> (Option<Layer>, Vec<Diagnostic>) {
    let root = match tree::parse(source) {
        Ok(root) => root,
        Err(diagnostics) => return (None, diagnostics),
    };
    let mut checker = Checker::new(source);
    let layer = Layer { keys: checker.places(&root), ..read(&mut checker, &root) };
    let mut diagnostics = checker.diagnostics;
    diagnostics.sort_by_key(|diagnostic| diagnostic.location.span.start);
    let broken = diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
    ((!broken).then_some(layer), diagnostics)
}

fn user(checker: &mut Checker<'_>, root: &Node) -> Layer {
    checker.keys(root, "", KEYS);
    for key in UNSUPPORTED {
        checker.unsupported(root, "", key);
    }
    let network = root.member("network").map(|_| network::read(checker, root, NetworkPolicy::default()));
    let pool = network.as_ref().map_or(DEFAULT_POOL, |network| network.pool);
    let hostexec = root.member("hostexec").map(|_| hostexec::read(checker, root));
    Layer {
        network,
        hostexec,
        allow_root_workspace: checker.flag(root, "", "allowRootWorkspace"),
        ..shared(checker, root, pool)
    }
}

/// Returns what both kinds of file can say.
fn shared(checker: &mut Checker<'_>, root: &Node, pool: Ipv4Net) -> Layer {
    let env = variables::read(checker, root);
    Layer {
        presets: egress::presets(checker, root),
        allow: egress::allow(checker, root, pool),
        deny: egress::deny(checker, root),
        pass: env.pass,
        local: env.local,
        limits: limits::read(checker, root),
        strict: checker.flag(root, "", "strict"),
        hold: approvals::hold(checker, root),
        ..Layer::default()
    }
}

#[cfg(test)]
mod tests;
