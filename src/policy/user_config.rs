//! `config.json5`: what the user allows. JSON5, every key known, every value checked.
//!
//! Invariant: a key that does nothing is refused, and so is a file with any mistake: a policy that was read in part could be
//! wider than the one that was written.

mod checker;
mod egress;
mod limits;
mod network;
mod tree;
mod variables;

use ipnet::Ipv4Net;

use self::checker::Checker;
use super::Policy;
use super::model::Egress;
use crate::config::jsonc::Node;
use crate::diagnostic::{Diagnostic, Level};
use crate::source::Source;

/// The schema as published, for editors.
pub const SCHEMA: &str = include_str!("../../schemas/config.schema.json");

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
const UNSUPPORTED: &[&str] = &["mounts", "hostexec", "approvals"];

/// Reads the file. `None` when a diagnostic is an error.
pub fn read(source: &Source) -> (Option<Policy>, Vec<Diagnostic>) {
    let root = match tree::parse(source) {
        Ok(root) => root,
        Err(diagnostics) => return (None, diagnostics),
    };
    let mut checker = Checker::new(source);
    let policy = policy(&mut checker, &root);
    let mut diagnostics = checker.diagnostics;
    diagnostics.sort_by_key(|diagnostic| diagnostic.location.span.start);
    let broken = diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
    ((!broken).then_some(policy), diagnostics)
}

fn policy(checker: &mut Checker<'_>, root: &Node) -> Policy {
    checker.keys(root, "", KEYS);
    for key in UNSUPPORTED {
        checker.unsupported(root, "", key);
    }
    let base = Policy::builtin();
    let network = network::read(checker, root, base.network);
    Policy {
        egress: egress(checker, root, base.egress, network.pool),
        env: variables::read(checker, root),
        network,
        limits: limits::read(checker, root, base.limits),
        works_on_clone: base.works_on_clone,
        allow_root_workspace: checker.flag(root, "", "allowRootWorkspace").unwrap_or(base.allow_root_workspace),
        strict: checker.flag(root, "", "strict").unwrap_or(base.strict),
        approvals: base.approvals,
    }
}

fn egress(checker: &mut Checker<'_>, root: &Node, base: Egress, pool: Ipv4Net) -> Egress {
    let mut egress = egress::presets(checker, root, base);
    egress.allow.extend(egress::allow(checker, root, pool));
    egress.deny.extend(egress::deny(checker, root));
    egress
}

#[cfg(test)]
mod tests;
