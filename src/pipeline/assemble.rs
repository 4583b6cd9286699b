//! The pure middle of the pipeline: texts, policy and facts in, a plan out.

use std::collections::BTreeMap;

use crate::config::model::{DevContainer, Kind};
use crate::config::substitute::{Variables, default_container_folder, substitute_container_env};
use crate::config::{self, MetadataReading, Reading, dockerfile, identity};
use crate::facts::{Facts, ImageFacts};
use crate::harden::{DEFAULT_PATH, harden, is_unfilled_path, refuse_file, requests as requested};
use crate::ident::sha256_hex;
use crate::merge::{LabelEntry, LabelProperty, MergedConfig, Parts, merge};
use crate::plan::Plan;
use crate::plan::model::{ConfigKind, ConfigSummary};
use crate::policy::Policy;
use crate::source::Source;
use crate::trust::Request;

/// Properties that an image's label may contribute.
const MERGED_FROM_LABELS: &[&str] = &[
    "remoteUser",
    "containerUser",
    "containerEnv",
    "remoteEnv",
    "onCreateCommand",
    "updateContentCommand",
    "postCreateCommand",
    "postStartCommand",
    "postAttachCommand",
    // Written by builders for their own use; says nothing about the container.
    "id",
];

/// A configuration file.
#[derive(Debug, Clone)]
pub struct ConfigText {
    /// Its text.
    pub source: Source,
    /// Path relative to the opened folder.
    pub relative: String,
    /// Absolute path, part of `${devcontainerId}`.
    pub absolute: String,
}

/// Everything that a plan depends on.
#[derive(Debug)]
pub struct Inputs<'a> {
    /// The configuration; `None` where the folder has none.
    pub config: Option<&'a ConfigText>,
    /// The Dockerfile that the configuration names, where it could be read.
    pub dockerfile: Option<&'a Source>,
    /// What the user allows.
    pub policy: &'a Policy,
    /// What is known of the machine.
    pub facts: &'a Facts,
    /// The user's environment; only what policy allows is taken from it.
    pub environment: &'a BTreeMap<String, String>,
}

/// Reads the configuration without planning: what the next step needs to know of the world depends on it.
pub fn read(inputs: &Inputs<'_>) -> Reading {
    match inputs.config {
        None => Reading { config: Some(DevContainer::default()), ..Reading::default() },
        Some(text) => config::read(&text.source, &variables(inputs)),
    }
}

/// Makes the plan of what was read; a file with errors gives a refused one.
pub fn plan(inputs: &Inputs<'_>, reading: Reading) -> Plan {
    let diagnostics = reading.diagnostics.clone();
    match merged(inputs, reading) {
        Some(merged) => harden(&merged, inputs.policy, inputs.facts),
        None => refuse_file(summarise(inputs, ConfigKind::Default), &diagnostics, &inputs.facts.host),
    }
}

/// Returns what the configuration asks for that the user can approve; nothing for a file with errors.
pub fn requests(inputs: &Inputs<'_>, reading: Reading) -> Vec<Request> {
    merged(inputs, reading).map(|merged| requested(&merged, inputs.policy, inputs.facts)).unwrap_or_default()
}

fn merged(inputs: &Inputs<'_>, reading: Reading) -> Option<MergedConfig> {
    let Reading { config, mut denied, diagnostics } = reading;
    let config = config?;
    let summary = summarise(inputs, kind_of(&config.kind));
    let mut label = Vec::new();
    if let Some(text) = inputs.facts.image.as_ref().and_then(|image| image.metadata.as_ref()) {
        let reading = config::read_metadata(text, &variables(inputs));
        denied.extend(reading.denied.clone());
        label = entries(reading);
    }
    let parts = Parts {
        summary,
        config,
        label,
        denied,
        warnings: diagnostics,
        dockerfile: inputs.dockerfile.map(dockerfile::parse),
    };
    let mut merged = merge(parts);
    if let Some(image) = &inputs.facts.image {
        fill_container_env(&mut merged.config, image);
    }
    Some(merged)
}

/// Answers `${containerEnv:…}` in `remoteEnv` (specification: the one place for it) from the container's environment.
fn fill_container_env(config: &mut DevContainer, image: &ImageFacts) {
    let mut environment = image.env.clone();
    environment.entry("PATH".to_owned()).or_insert_with(|| DEFAULT_PATH.to_owned());
    let own = config.container_env.iter();
    let own = own.filter_map(|variable| Some((variable.name.clone(), variable.value.as_ref()?.value.clone())));
    environment.extend(own.filter(|(name, value)| !is_unfilled_path(name, value, true)));
    for text in config.remote_env.iter_mut().filter_map(|variable| variable.value.as_mut()) {
        text.value = substitute_container_env(&text.value, &environment);
    }
}

fn variables(inputs: &Inputs<'_>) -> Variables {
    let host = &inputs.facts.host;
    let folder = host.folder.display().to_string();
    Variables {
        devcontainer_id: inputs.config.map(|text| identity::devcontainer_id(&folder, &text.absolute)),
        container_workspace_folder: default_container_folder(&host.mount_root.display().to_string(), &folder),
        local_workspace_folder: folder,
        ..Variables::default()
    }
    .with_local_env(&inputs.policy.env.local, inputs.environment.clone())
}

fn summarise(inputs: &Inputs<'_>, kind: ConfigKind) -> ConfigSummary {
    ConfigSummary {
        path: inputs.config.map(|text| text.relative.clone()),
        kind,
        digest: inputs.config.map(|text| format!("sha256:{}", sha256_hex(text.source.text.as_bytes()))),
        name: None,
    }
}

fn kind_of(kind: &Kind) -> ConfigKind {
    match kind {
        Kind::Image(_) => ConfigKind::Image,
        Kind::Dockerfile(_) => ConfigKind::Dockerfile,
        Kind::Compose(_) => ConfigKind::Compose,
        Kind::Default => ConfigKind::Default,
    }
}

fn entries(reading: MetadataReading) -> Vec<LabelEntry> {
    let mut entries: Vec<LabelEntry> = (0..)
        .zip(reading.entries)
        .map(|(index, entry): (usize, _)| LabelEntry {
            rest: entry
                .properties
                .iter()
                .filter(|(name, _)| !MERGED_FROM_LABELS.contains(&name.as_str()))
                .map(|(name, value)| LabelProperty {
                    pointer: format!("label:/{index}/{name}"),
                    name: name.clone(),
                    value: value.to_string(),
                })
                .collect(),
            config: entry.config,
        })
        .collect();
    let rest: Vec<_> = reading
        .notes
        .into_iter()
        .map(|note| LabelProperty { pointer: note.origin.pointer, name: "(invalid)".to_owned(), value: note.message })
        .collect();
    if !rest.is_empty() {
        entries.push(LabelEntry { rest, ..LabelEntry::default() });
    }
    entries
}
