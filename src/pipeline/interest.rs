//! Which paths of the host a configuration names, so that links on them can be noticed. Pure.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::config::model::{Command, DevContainer, Kind, MountRequest};
use crate::harden::run_args::{self, Argument, Name};
use crate::harden::syntax::mount::{self, MountError, MountSpec, MountType};
use crate::harden::syntax::volume;
use crate::trust::Domains;
use crate::trust::mount::Wanted;

/// Returns the sources of bind mounts as written, and the paths of a build below the mounted folder.
pub(super) fn paths(config: &DevContainer, config_folder: &Path, mount_root: &Path, home: &Path) -> BTreeSet<String> {
    let mut paths: BTreeSet<String> = mounts(config).filter_map(bind_source).collect();
    paths.extend(requested(config).iter().map(|wanted| wanted.path(home)));
    if let Kind::Dockerfile(build) = &config.kind {
        let named = std::iter::once(&build.dockerfile).chain(&build.context);
        let joined = named.map(|path| config_folder.join(&path.value.value));
        paths
            .extend(joined.filter_map(|path| normalised(&path)).filter(|path| Path::new(path).starts_with(mount_root)));
    }
    paths
}

/// Returns the folders that may become the workspace: the mounted one, and the one in it that the configuration names.
pub(super) fn workspaces(config: &DevContainer, mount_root: &Path) -> BTreeSet<PathBuf> {
    let asked = config.workspace_mount.iter().map(|text| mount::text(&text.value.value)).filter_map(bind_source);
    let beneath = asked.map(PathBuf::from).filter(|path| path.starts_with(mount_root));
    beneath.chain([mount_root.to_owned()]).collect()
}

/// Returns what cloister itself is asked for.
fn of_cloister<'a>(config: &'a DevContainer, key: &str) -> Option<&'a Value> {
    let own = config.customizations.iter().find(|(tool, _)| tool == "cloister");
    own.and_then(|(_, value)| value.value.get(key))
}

/// Returns the hosts that the repository asks for.
pub(super) fn domains(config: &DevContainer) -> Option<Domains> {
    of_cloister(config, "allow").and_then(|value| Domains::read(value).0)
}

fn requested(config: &DevContainer) -> Vec<Wanted> {
    of_cloister(config, "mounts").map(|value| Wanted::read(value).0).unwrap_or_default()
}

/// Returns the first words of commands for the host that are no text for a shell.
pub(super) fn programs(config: &DevContainer) -> Vec<&str> {
    fn first(command: &Command) -> Vec<&str> {
        match command {
            Command::Shell(_) => Vec::new(),
            Command::Argv(words) => words.first().map(|word| word.value.as_str()).into_iter().collect(),
            Command::Parallel(commands) => commands.iter().flat_map(|(_, command)| first(command)).collect(),
        }
    }
    config.initialize_command.iter().flat_map(|command| first(&command.value)).collect()
}

fn mounts(config: &DevContainer) -> impl Iterator<Item = Result<MountSpec, MountError>> {
    let properties = config.mounts.iter().map(|request| match &request.value {
        MountRequest::Text(text) => mount::text(&text.value),
        MountRequest::Object(fields) => mount::object(fields),
    });
    let workspace = config.workspace_mount.iter().map(|text| mount::text(&text.value.value));
    let flags = run_args::parse(&config.run_args).into_iter().filter_map(|item| match item.argument {
        Argument::Setting(Name::Volume, value) => Some(volume::parse(&value)),
        Argument::Setting(Name::Mount, value) => Some(mount::text(&value)),
        _ => None,
    });
    properties.chain(workspace).chain(flags)
}

fn bind_source(spec: Result<MountSpec, MountError>) -> Option<String> {
    spec.ok().filter(|spec| spec.kind == MountType::Bind).and_then(|spec| spec.source)
}

fn normalised(path: &Path) -> Option<String> {
    crate::harden::syntax::path::normalise(&path.to_string_lossy()).ok()
}
