//! Flags of `RUN`: what a step asks for beyond what every step gets.

use super::{Instruction, words};
use crate::source::Spanned;

/// What a flag asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// The network that every step has.
    SameNetwork,
    /// No network.
    NoNetwork,
    /// The network of the machine itself.
    HostNetwork,
    /// A folder that outlives the build; whoever builds on this engine and names it gets the same one.
    Cache,
    /// A secret or the ssh agent, without which the step runs as well.
    Secret,
    /// The same, without which the step fails.
    RequiredSecret,
    /// A part of the context or of an image, or memory.
    Mount,
    /// Privileges, devices, and whatever is not known.
    More,
}

/// A flag, and where its step stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepFlag {
    /// What it asks for.
    pub asks: Asks,
    /// The flag as it is written.
    pub flag: Spanned<String>,
}

/// The network that the steps of a file ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepNetwork {
    /// No step has one, or there is no step.
    None,
    /// Some step has the one that a builder gives.
    Builder,
    /// Some step has the one of the machine.
    Host,
}

/// Returns every flag of every step.
pub(super) fn flags(instructions: &[Instruction]) -> Vec<StepFlag> {
    let of = |run: &Instruction| {
        let flags = run.words.flags.iter();
        let flags =
            flags.map(|flag| StepFlag { asks: asks(flag), flag: Spanned::new(flag.clone(), run.origin.clone()) });
        flags.collect::<Vec<_>>()
    };
    runs(instructions).flat_map(of).collect()
}

/// Returns the widest network that a step asks for.
pub(super) fn network(instructions: &[Instruction]) -> StepNetwork {
    let of = |run: &Instruction| {
        let asked: Vec<Asks> = run.words.flags.iter().map(|flag| asks(flag)).collect();
        let has = |one| asked.contains(&one);
        match () {
            () if has(Asks::HostNetwork) => StepNetwork::Host,
            // No builder takes two that differ.
            () if has(Asks::NoNetwork) && !has(Asks::SameNetwork) => StepNetwork::None,
            () => StepNetwork::Builder,
        }
    };
    let mut widest = StepNetwork::None;
    for network in runs(instructions).map(of) {
        widest = match (widest, network) {
            (StepNetwork::Host, _) | (_, StepNetwork::Host) => StepNetwork::Host,
            (StepNetwork::None, other) => other,
            (StepNetwork::Builder, _) => StepNetwork::Builder,
        };
    }
    widest
}

fn runs(instructions: &[Instruction]) -> impl Iterator<Item = &Instruction> {
    instructions.iter().filter(|instruction| instruction.name == "RUN")
}

/// Returns what a flag asks for.
pub(super) fn asks(flag: &str) -> Asks {
    let flag = words::plain(flag);
    match flag.split_once('=').unwrap_or((flag.as_str(), "")) {
        ("--network", "default") => Asks::SameNetwork,
        ("--network", "none") => Asks::NoNetwork,
        ("--network", "host") => Asks::HostNetwork,
        ("--mount", value) => mount(value),
        _ => Asks::More,
    }
}

/// The last type counts, and `bind` where there is none.
fn mount(value: &str) -> Asks {
    let fields: Vec<(String, &str)> = fields(value).collect();
    let kind = fields.iter().rev().find(|(key, _)| key == "type").map_or("bind", |(_, kind)| kind);
    match kind {
        "cache" => Asks::Cache,
        "bind" | "tmpfs" => Asks::Mount,
        "secret" | "ssh" if fields.iter().any(|(key, value)| key == "required" && !is_no(value)) => {
            Asks::RequiredSecret
        }
        "secret" | "ssh" => Asks::Secret,
        _ => Asks::More,
    }
}

/// Returns the fields of a mount; names are in lower case, as a builder reads them.
pub(super) fn fields(value: &str) -> impl Iterator<Item = (String, &str)> {
    value.split(',').map(|field| {
        let field = field.trim();
        let (key, value) = field.split_once('=').unwrap_or((field, ""));
        (key.to_ascii_lowercase(), value)
    })
}

/// Whatever is not clearly a no may be a yes.
fn is_no(value: &str) -> bool {
    ["0", "f", "false"].contains(&value.to_ascii_lowercase().as_str())
}
