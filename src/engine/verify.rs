//! What was asked is read back: the engine's account of a container against the plan, field by field (SEC-06). Pure;
//! shares no code with what asks.

pub mod mountinfo;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use bollard::models::{ContainerInspectResponse, HostConfig, HostConfigCgroupnsModeEnum, MountPoint};

use crate::harden::seccomp;
use crate::plan::model::{Container, MountKind};
use crate::sandbox::protocol::{FILES_TARGET, PROGRAMS_TARGET};

/// What keeps logs small (SEC-19).
const LOG_OPTIONS: [(&str, &str); 2] = [("max-size", "10m"), ("max-file", "3")];

/// One difference between the plan and the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The engine's name of the field.
    pub field: String,
    /// What the plan says.
    pub expected: String,
    /// What the engine says.
    pub found: String,
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} is {}, not {}", self.field, self.found, self.expected)
    }
}

/// What is known besides the plan.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The container of the plan.
    pub container: &'a Container,
    /// Arguments of process 1, filled.
    pub command: &'a [String],
    /// Environment of the plan, filled.
    pub env: &'a BTreeMap<String, String>,
    /// Environment of the image, which the engine adds.
    pub image_env: &'a BTreeMap<String, String>,
    /// Volumes that the image brings.
    pub image_volumes: &'a BTreeSet<String>,
    /// Sources of the bind mounts by target, filled.
    pub sources: &'a BTreeMap<String, String>,
    /// Name of the sandbox's network.
    pub network: &'a str,
    /// Resolvers.
    pub dns: &'a [String],
    /// Runtime that the engine uses when none is asked for.
    pub runtime: Option<&'a str>,
    /// Whether the engine can limit swap.
    pub swap_limit: bool,
    /// Whether the kernel has IPv6 at all.
    pub ipv6: bool,
}

#[derive(Default)]
struct Comparison {
    mismatches: Vec<Mismatch>,
}

impl Comparison {
    fn equal<T: PartialEq + Debug>(&mut self, field: &str, expected: &T, found: &T) {
        if expected != found {
            let (expected, found) = (shown(expected), shown(found));
            self.mismatches.push(Mismatch { field: field.to_owned(), expected, found });
        }
    }

    fn empty<T: Debug>(&mut self, field: &str, found: Option<&[T]>) {
        let found = found.unwrap_or_default();
        if !found.is_empty() {
            self.mismatches.push(Mismatch {
                field: field.to_owned(),
                expected: "empty".to_owned(),
                found: shown(&found),
            });
        }
    }
}

/// A filter's text is thousands of characters long: no message needs all of it.
fn shown(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Returns every difference between the plan and what the engine made.
pub fn container(expected: &Expected<'_>, found: &ContainerInspectResponse) -> Vec<Mismatch> {
    let mut comparison = Comparison::default();
    let host = found.host_config.clone().unwrap_or_default();
    privileges(&mut comparison, expected, &host);
    namespaces(&mut comparison, expected, &host);
    limits(&mut comparison, expected, &host);
    process(&mut comparison, expected, found);
    comparison.empty("HostConfig.Binds", host.binds.as_deref());
    comparison.empty("HostConfig.VolumesFrom", host.volumes_from.as_deref());
    memory(&mut comparison, expected, &host);
    mounts(&mut comparison, expected, found.mounts.as_deref().unwrap_or_default());
    comparison.mismatches
}

fn privileges(comparison: &mut Comparison, expected: &Expected<'_>, host: &HostConfig) {
    let Container { cap_add, cap_drop, security_opt, sysctls, readonly_rootfs, .. } = expected.container;
    // Engines write capabilities with their prefix or without.
    let plain = |name: &String| name.strip_prefix("CAP_").unwrap_or(name).to_owned();
    let added: BTreeSet<String> = host.cap_add.iter().flatten().map(plain).collect();
    comparison.equal("HostConfig.CapAdd", &cap_add.iter().cloned().collect(), &added);
    comparison.equal("HostConfig.CapDrop", cap_drop, &host.cap_drop.clone().unwrap_or_default());
    let name = format!("seccomp={}", seccomp::NAME);
    let filter = format!("seccomp={}", seccomp::PROFILE);
    let options: Vec<&String> =
        security_opt.iter().map(|option| if *option == name { &filter } else { option }).collect();
    let found: Vec<&String> = host.security_opt.iter().flatten().collect();
    comparison.equal("HostConfig.SecurityOpt", &options, &found);
    comparison.equal("HostConfig.Privileged", &false, &host.privileged.unwrap_or(false));
    comparison.equal("HostConfig.ReadonlyRootfs", readonly_rootfs, &host.readonly_rootfs.unwrap_or(false));
    comparison.empty("HostConfig.Devices", host.devices.as_deref());
    comparison.empty("HostConfig.DeviceRequests", host.device_requests.as_deref());
    comparison.empty("HostConfig.DeviceCgroupRules", host.device_cgroup_rules.as_deref());
    comparison.empty("HostConfig.GroupAdd", host.group_add.as_deref());
    let found: BTreeMap<_, _> = host.sysctls.clone().unwrap_or_default().into_iter().collect();
    let has = |name: &str| expected.ipv6 || !name.starts_with("net.ipv6.");
    let asked: BTreeMap<_, _> = sysctls.clone().into_iter().filter(|(name, _)| has(name)).collect();
    comparison.equal("HostConfig.Sysctls", &asked, &found);
    if let Some(runtime) = expected.runtime {
        comparison.equal("HostConfig.Runtime", &runtime, &host.runtime.as_deref().unwrap_or(runtime));
    }
    let log = host.log_config.clone().unwrap_or_default();
    let (driver, options) = (log.typ.unwrap_or_default(), log.config.unwrap_or_default());
    comparison.equal("HostConfig.LogConfig", &expected.container.log_driver, &driver);
    let options: BTreeMap<_, _> = options.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    comparison.equal("HostConfig.LogConfig.Config", &BTreeMap::from(LOG_OPTIONS), &options);
    let restart = host.restart_policy.clone().and_then(|policy| policy.name);
    let restart = restart.map(|name| name.to_string()).filter(|name| !name.is_empty());
    comparison.equal(
        "HostConfig.RestartPolicy",
        &expected.container.restart,
        &restart.unwrap_or_else(|| "no".to_owned()),
    );
    // An engine masks paths such as /proc/kcore unless it is told not to; then the list is empty.
    let masked = host.masked_paths.as_ref().is_some_and(Vec::is_empty)
        || host.readonly_paths.as_ref().is_some_and(Vec::is_empty);
    comparison.equal("HostConfig.MaskedPaths", &false, &masked);
}

fn namespaces(comparison: &mut Comparison, expected: &Expected<'_>, host: &HostConfig) {
    comparison.equal("HostConfig.NetworkMode", &expected.network, &host.network_mode.as_deref().unwrap_or_default());
    comparison.equal("HostConfig.PidMode", &"", &host.pid_mode.as_deref().unwrap_or_default());
    comparison.equal("HostConfig.IpcMode", &"private", &host.ipc_mode.as_deref().unwrap_or_default());
    comparison.equal("HostConfig.UTSMode", &"", &host.uts_mode.as_deref().unwrap_or_default());
    comparison.equal("HostConfig.UsernsMode", &"", &host.userns_mode.as_deref().unwrap_or_default());
    comparison.equal("HostConfig.CgroupnsMode", &Some(HostConfigCgroupnsModeEnum::PRIVATE), &host.cgroupns_mode);
    comparison.equal("HostConfig.CgroupParent", &"", &host.cgroup_parent.as_deref().unwrap_or_default());
    comparison.equal("HostConfig.Init", &false, &host.init.unwrap_or(false));
    comparison.equal("HostConfig.PublishAllPorts", &false, &host.publish_all_ports.unwrap_or(false));
    let ports: Vec<_> = host.port_bindings.iter().flatten().collect();
    comparison.empty("HostConfig.PortBindings", Some(&ports));
    comparison.empty("HostConfig.Links", host.links.as_deref());
    comparison.equal("HostConfig.Dns", &expected.dns.to_vec(), &host.dns.clone().unwrap_or_default());
}

fn limits(comparison: &mut Comparison, expected: &Expected<'_>, host: &HostConfig) {
    let limits = &expected.container.limits;
    let number = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
    comparison.equal("HostConfig.PidsLimit", &Some(limits.pids), &number(host.pids_limit));
    comparison.equal("HostConfig.Memory", &Some(limits.memory_bytes), &number(host.memory));
    if expected.swap_limit {
        comparison.equal("HostConfig.MemorySwap", &Some(limits.memory_bytes), &number(host.memory_swap));
    }
    comparison.equal("HostConfig.ShmSize", &Some(limits.shm_bytes), &number(host.shm_size));
    let share = number(host.nano_cpus).filter(|cpus| *cpus > 0).unwrap_or(u64::MAX);
    // The engine has no words for more processors than there are; fewer than planned is fine.
    comparison.equal("HostConfig.NanoCpus within the limit", &true, &within(share, limits.cpus));
    let mut asked: BTreeMap<&str, [Option<u64>; 2]> =
        limits.ulimits.iter().map(|(name, values)| (name.as_str(), values.map(Some))).collect();
    asked.insert("core", [Some(0); 2]);
    asked.insert("nofile", [Some(limits.nofile); 2]);
    let found = host.ulimits.iter().flatten();
    let found: BTreeMap<_, _> = found
        .map(|limit| (limit.name.as_deref().unwrap_or_default(), [number(limit.soft), number(limit.hard)]))
        .collect();
    comparison.equal("HostConfig.Ulimits", &asked, &found);
}

#[expect(clippy::cast_precision_loss, reason = "a share of processors has nine digits")]
fn within(nano_cpus: u64, cpus: f64) -> bool {
    nano_cpus as f64 <= cpus * 1e9 + 1.0
}

fn process(comparison: &mut Comparison, expected: &Expected<'_>, found: &ContainerInspectResponse) {
    let config = found.config.clone().unwrap_or_default();
    comparison.equal("Config.User", &expected.container.user, &config.user.unwrap_or_default());
    comparison.equal("Config.Entrypoint", &expected.container.entrypoint, &config.entrypoint.unwrap_or_default());
    comparison.equal("Config.Cmd", &expected.command.to_vec(), &config.cmd.unwrap_or_default());
    comparison.equal("Config.OpenStdin", &false, &config.open_stdin.unwrap_or(false));
    let mut env: BTreeMap<String, String> = expected.image_env.clone();
    env.extend(expected.env.clone());
    let found = config.env.unwrap_or_default();
    let found: BTreeMap<String, String> = found
        .iter()
        .filter_map(|entry| entry.split_once('='))
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    if let Some(path) = found.get("PATH") {
        // Some engines write the PATH down that they give to images without one.
        env.entry("PATH".to_owned()).or_insert_with(|| path.clone());
    }
    // Names only: a value may be a token, and a message is no place for one.
    let differs = |name: &&String| env.get(*name) != found.get(*name);
    let names: BTreeSet<&String> = env.keys().chain(found.keys()).filter(differs).collect();
    comparison.empty("Config.Env", Some(&names.into_iter().collect::<Vec<_>>()));
}

/// Mounts of memory, by target and size.
fn memory(comparison: &mut Comparison, expected: &Expected<'_>, host: &HostConfig) {
    let size = |options: &str| options.split(',').find_map(|option| option.strip_prefix("size=")?.parse::<u64>().ok());
    let asked = expected.container.mounts.iter().filter(|mount| mount.kind == MountKind::Tmpfs);
    let asked: BTreeMap<&str, _> = asked.map(|mount| (mount.target.as_str(), mount.size_bytes)).collect();
    let found = host.tmpfs.iter().flatten();
    let found: BTreeMap<&str, _> = found.map(|(target, options)| (target.as_str(), size(options))).collect();
    comparison.equal("HostConfig.Tmpfs", &asked, &found);
}

fn mounts(comparison: &mut Comparison, expected: &Expected<'_>, found: &[MountPoint]) {
    let mut missing: BTreeSet<&str> = BTreeSet::new();
    for mount in expected.container.mounts.iter().filter(|mount| mount.kind != MountKind::Tmpfs) {
        let at = found.iter().find(|point| point.destination.as_deref() == Some(&mount.target));
        let Some(point) = at else {
            missing.insert(&mount.target);
            continue;
        };
        let field = |name: &str| format!("Mounts[{}].{name}", mount.target);
        comparison.equal(&field("RW"), &!mount.readonly, &point.rw.unwrap_or(true));
        let kind = if mount.kind == MountKind::Bind { "bind" } else { "volume" };
        comparison.equal(&field("Type"), &kind, &point.typ.as_deref().unwrap_or_default());
        if mount.kind == MountKind::Bind {
            let source = expected.sources.get(&mount.target).map_or("", String::as_str);
            comparison.equal(&field("Source"), &source, &point.source.as_deref().unwrap_or_default());
            comparison.equal(&field("Propagation"), &"rprivate", &point.propagation.as_deref().unwrap_or_default());
        } else {
            comparison.equal(&field("Name"), &mount.source.as_str(), &point.name.as_deref().unwrap_or_default());
            comparison.equal(&field("Driver"), &"local", &point.driver.as_deref().unwrap_or_default());
        }
    }
    comparison.empty("Mounts (missing)", Some(&missing.into_iter().collect::<Vec<_>>()));
    let planned: BTreeSet<&str> = expected.container.mounts.iter().map(|mount| mount.target.as_str()).collect();
    let added = found.iter().filter(|point| !planned.contains(point.destination.as_deref().unwrap_or_default()));
    let foreign: Vec<_> = added
        .filter(|point| !is_image_volume(point, expected.image_volumes))
        .filter_map(|point| point.destination.as_deref())
        .collect();
    comparison.empty("Mounts (not in the plan)", Some(&foreign));
}

/// `VOLUME` of an image cannot be declined: it is an empty volume with a random name, and harmless anywhere but on
/// what cloister mounts.
fn is_image_volume(point: &MountPoint, declared: &BTreeSet<String>) -> bool {
    let target = point.destination.as_deref().unwrap_or_default();
    let name = point.name.as_deref().unwrap_or_default();
    let reserved =
        [PROGRAMS_TARGET, FILES_TARGET].iter().any(|own| target == *own || target.starts_with(&format!("{own}/")));
    point.typ.as_deref() == Some("volume")
        && point.driver.as_deref() == Some("local")
        && name.len() == 64
        && name.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !reserved
        && declared.contains(target)
}

#[cfg(test)]
mod tests;
