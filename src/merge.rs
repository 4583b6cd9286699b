//! Image metadata and configuration become one (specification, "Image Metadata", merge logic).
//!
//! Invariant: pure, and nothing is judged. What an image's label asks for beyond the mergeable part is carried along
//! as [`LabelProperty`], so that it can be reported and cannot take effect.

use std::collections::BTreeMap;

use crate::config::dockerfile::Dockerfile;
use crate::config::model::{Command, DevContainer, Variable};
use crate::config::substitute::Denied;
use crate::diagnostic::Diagnostic;
use crate::plan::model::ConfigSummary;
use crate::source::Spanned;

/// A property of an image's metadata label that has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelProperty {
    /// `label:/N/property`.
    pub pointer: String,
    /// The property.
    pub name: String,
    /// Its value as compact JSON.
    pub value: String,
}

/// One entry of an image's metadata label.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelEntry {
    /// The mergeable part.
    pub config: DevContainer,
    /// Everything else.
    pub rest: Vec<LabelProperty>,
}

/// The lifecycle properties that run in the container, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HookKind {
    /// `onCreateCommand`.
    OnCreate,
    /// `updateContentCommand`.
    UpdateContent,
    /// `postCreateCommand`.
    PostCreate,
    /// `postStartCommand`.
    PostStart,
    /// `postAttachCommand`.
    PostAttach,
}

impl HookKind {
    /// Every kind, in the order in which they run.
    pub const ALL: [Self; 5] =
        [Self::OnCreate, Self::UpdateContent, Self::PostCreate, Self::PostStart, Self::PostAttach];

    /// Returns the property's name without `Command`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnCreate => "onCreate",
            Self::UpdateContent => "updateContent",
            Self::PostCreate => "postCreate",
            Self::PostStart => "postStart",
            Self::PostAttach => "postAttach",
        }
    }

    fn take(self, config: &mut DevContainer) -> Option<Spanned<Command>> {
        match self {
            Self::OnCreate => config.on_create_command.take(),
            Self::UpdateContent => config.update_content_command.take(),
            Self::PostCreate => config.post_create_command.take(),
            Self::PostStart => config.post_start_command.take(),
            Self::PostAttach => config.post_attach_command.take(),
        }
    }
}

/// A configuration with everything that an image added to it.
#[derive(Debug, Clone, PartialEq)]
pub struct MergedConfig {
    /// Where it came from.
    pub summary: ConfigSummary,
    /// The properties, users and variables merged; its lifecycle commands have moved to `hooks`.
    pub config: DevContainer,
    /// Lifecycle commands, image first, in the order in which they run.
    pub hooks: Vec<(HookKind, Spanned<Command>)>,
    /// What the image's label asks for beyond that.
    pub label: Vec<LabelProperty>,
    /// Variables of the host that were asked for and not given.
    pub denied: Vec<Denied>,
    /// What the reader of the file warned about.
    pub warnings: Vec<Diagnostic>,
    /// The Dockerfile of a Dockerfile kind, where it could be read.
    pub dockerfile: Option<Dockerfile>,
}

/// What is merged.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// Where the configuration came from.
    pub summary: ConfigSummary,
    /// The configuration itself.
    pub config: DevContainer,
    /// The image's label, its base first.
    pub label: Vec<LabelEntry>,
    /// Variables of the host that were asked for and not given.
    pub denied: Vec<Denied>,
    /// What the reader of the file warned about.
    pub warnings: Vec<Diagnostic>,
    /// The Dockerfile, where it could be read.
    pub dockerfile: Option<Dockerfile>,
}

/// Merges an image's label under a configuration: per key the last wins, commands are collected.
pub fn merge(parts: Parts) -> MergedConfig {
    let Parts { summary, mut config, label, denied, warnings, dockerfile } = parts;
    let mut hooks: Vec<(HookKind, Spanned<Command>)> = Vec::new();
    let mut rest = Vec::new();
    let mut inherited = DevContainer::default();
    for entry in label {
        let LabelEntry { config: mut image, rest: others } = entry;
        rest.extend(others);
        hooks.extend(take_hooks(&mut image));
        overlay(&mut inherited.container_env, image.container_env);
        overlay(&mut inherited.remote_env, image.remote_env);
        inherited.container_user = image.container_user.or(inherited.container_user);
        inherited.remote_user = image.remote_user.or(inherited.remote_user);
    }
    hooks.extend(take_hooks(&mut config));
    hooks.sort_by_key(|(kind, _)| *kind);

    overlay(&mut inherited.container_env, std::mem::take(&mut config.container_env));
    overlay(&mut inherited.remote_env, std::mem::take(&mut config.remote_env));
    config.container_env = inherited.container_env;
    config.remote_env = inherited.remote_env;
    config.container_user = config.container_user.or(inherited.container_user);
    config.remote_user = config.remote_user.or(inherited.remote_user);
    MergedConfig { summary, config, hooks, label: rest, denied, warnings, dockerfile }
}

fn take_hooks(config: &mut DevContainer) -> Vec<(HookKind, Spanned<Command>)> {
    HookKind::ALL.into_iter().filter_map(|kind| kind.take(config).map(|command| (kind, command))).collect()
}

/// Puts variables over others: of each name the last one stays, at its place.
fn overlay(under: &mut Vec<Variable>, over: Vec<Variable>) {
    under.extend(over);
    let mut last = BTreeMap::new();
    for (place, variable) in under.iter().enumerate() {
        last.insert(variable.name.clone(), place);
    }
    let mut place = 0..;
    under.retain(|variable| last.get(&variable.name).copied() == place.next());
}

#[cfg(test)]
mod tests;
