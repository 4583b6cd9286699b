//! A container of a plan in the engine's words. Pure.
//!
//! Invariant: every field of the plan is taken apart by name, so that a new one does not compile until it is handled.

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;

use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, HostConfigCgroupnsModeEnum, HostConfigLogConfig, MountBindOptions,
    MountBindOptionsPropagationEnum, MountType, NetworkingConfig, ResourcesUlimits, RestartPolicy,
    RestartPolicyNameEnum,
};

use super::fill::{self, FillError, Values};
use super::{names, network};
use crate::plan::model::{Container, Limits, Mount, MountKind, Namespaces, SETUP_CAPABILITIES};

/// Mode of a tmpfs: everybody may write, nobody may remove another's files.
const TMPFS_MODE: &str = "1777";
/// Logs of a container: three files of this size.
const LOG_OPTIONS: [(&str, &str); 2] = [("max-size", "10m"), ("max-file", "3")];

/// Why a plan cannot be said in the engine's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// A placeholder stands where none belongs.
    #[error(transparent)]
    Fill(#[from] FillError),
    /// The plan asks for something that no sandbox gets.
    #[error("the plan asks for {what}, which no sandbox gets")]
    Forbidden {
        /// What it is.
        what: String,
    },
    /// A number is too large for the engine.
    #[error("the plan's {what} is too large")]
    TooLarge {
        /// What it is.
        what: &'static str,
    },
}

/// What a container needs besides the plan's own part.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Content id of the image.
    pub image: &'a str,
    /// What placeholders stand for.
    pub values: Values<'a>,
    /// Name of the sandbox's network.
    pub network: &'a str,
    /// Resolvers: one that never answers.
    pub dns: &'a [String],
    /// The sandbox's address.
    pub address: Ipv4Addr,
    /// Working directory.
    pub folder: &'a str,
    /// Digest of the plan.
    pub digest: &'a str,
    /// The state folder that it is made under.
    pub instance: &'a str,
    /// Processors that the engine has: it refuses a share of more than all of them.
    pub processors: u32,
    /// Whether the kernel has IPv6 at all; without it, there is nothing to switch off.
    pub ipv6: bool,
}

/// Returns what the engine is asked for.
///
/// # Errors
/// The plan holds what no sandbox gets, or what the engine cannot be told.
pub fn body(container: &Container, place: &Place<'_>) -> Result<ContainerCreateBody, CreateError> {
    let Container {
        name: _,
        image: _,
        build: _,
        user,
        user_name: _,
        home: _,
        cap_drop,
        cap_add,
        security_opt,
        privileged,
        init,
        readonly_rootfs,
        mounts,
        env,
        remote_env: _,
        ports,
        devices,
        sysctls,
        namespaces,
        limits,
        entrypoint,
        command,
        labels,
        hostname,
        extra_hosts,
        stop_signal,
        log_driver,
        restart,
    } = container;
    forbid(*privileged, || "full privileges".to_owned())?;
    forbid(*init, || "another process 1".to_owned())?;
    let is_set_up = user == "0:0" && *cap_add == SETUP_CAPABILITIES;
    forbid(!cap_add.is_empty() && !is_set_up, || format!("capabilities ({})", cap_add.join(", ")))?;
    forbid(cap_drop != &["ALL"], || "capabilities".to_owned())?;
    forbid(!ports.is_empty(), || format!("published ports ({})", ports.join(", ")))?;
    forbid(!devices.is_empty(), || format!("devices ({})", devices.join(", ")))?;
    forbid(log_driver != "json-file", || format!("the log driver `{log_driver}`"))?;
    forbid(restart != "no", || format!("the restart policy `{restart}`"))?;
    check_namespaces(namespaces)?;
    let values = &place.values;
    let mut host = limited(limits, place.processors)?;
    host.cap_drop = Some(cap_drop.clone());
    host.cap_add = Some(cap_add.clone());
    host.security_opt = Some(security_opt.iter().map(|option| fill::security_option(option)).collect());
    host.privileged = Some(false);
    host.init = Some(false);
    host.readonly_rootfs = Some(*readonly_rootfs);
    host.mounts =
        Some(mounts.iter().filter_map(|mount| self::mount(mount, values).transpose()).collect::<Result<_, _>>()?);
    host.tmpfs =
        Some(mounts.iter().filter(|mount| mount.kind == MountKind::Tmpfs).map(|mount| memory(mount, user)).collect());
    host.sysctls = Some(known_sysctls(sysctls, place.ipv6).into_iter().collect());
    host.extra_hosts =
        Some(extra_hosts.iter().map(|(name, address)| format!("{name}:{}", values.text(address))).collect());
    host.network_mode = Some(place.network.to_owned());
    host.dns = Some(place.dns.to_vec());
    host.ipc_mode = Some("private".to_owned());
    host.cgroupns_mode = Some(HostConfigCgroupnsModeEnum::PRIVATE);
    host.restart_policy = Some(RestartPolicy { name: Some(RestartPolicyNameEnum::NO), maximum_retry_count: None });
    host.log_config = Some(log());
    let mut labels: HashMap<String, String> = labels.clone().into_iter().collect();
    labels.insert(names::DIGEST.to_owned(), place.digest.to_owned());
    labels.insert(names::INSTANCE.to_owned(), place.instance.to_owned());
    Ok(ContainerCreateBody {
        hostname: Some(hostname.clone()),
        user: Some(user.clone()),
        tty: Some(false),
        open_stdin: Some(false),
        env: Some(env.iter().map(|(name, value)| format!("{name}={}", values.text(value))).collect()),
        cmd: Some(command.iter().map(|argument| values.argument(argument)).collect()),
        entrypoint: Some(entrypoint.clone()),
        image: Some(place.image.to_owned()),
        working_dir: Some(place.folder.to_owned()),
        labels: Some(labels),
        stop_signal: stop_signal.clone(),
        // An image's health check is a command of the image's that the engine would run whenever it likes.
        healthcheck: Some(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..HealthConfig::default() }),
        networking_config: Some(NetworkingConfig {
            endpoints_config: Some([(place.network.to_owned(), network::endpoint(place.address))].into()),
        }),
        host_config: Some(host),
        ..ContainerCreateBody::default()
    })
}

/// Returns the parameters that the kernel has: those of IPv6 are missing where it was built or booted without.
fn known_sysctls(sysctls: &BTreeMap<String, String>, ipv6: bool) -> BTreeMap<String, String> {
    sysctls
        .iter()
        .filter(|(name, _)| ipv6 || !name.starts_with("net.ipv6."))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn forbid(asked: bool, what: impl FnOnce() -> String) -> Result<(), CreateError> {
    if asked { Err(CreateError::Forbidden { what: what() }) } else { Ok(()) }
}

fn check_namespaces(namespaces: &Namespaces) -> Result<(), CreateError> {
    let Namespaces { pid, ipc, uts, user, cgroup } = namespaces;
    for (name, value) in [("process", pid), ("ipc", ipc), ("host name", uts), ("control group", cgroup)] {
        forbid(value != "private", || format!("the {name} namespace `{value}`"))?;
    }
    forbid(user != "engine", || format!("the user namespace `{user}`"))
}

fn limited(limits: &Limits, processors: u32) -> Result<HostConfig, CreateError> {
    let Limits { pids, memory_bytes, cpus, nofile, shm_bytes, ulimits } = limits;
    let memory = number(*memory_bytes, "memory limit")?;
    let mut resources = vec![ulimit("core", [0, 0])?, ulimit("nofile", [*nofile, *nofile])?];
    for (name, values) in ulimits.iter().filter(|(name, _)| !matches!(name.as_str(), "core" | "nofile")) {
        resources.push(ulimit(name, *values)?);
    }
    Ok(HostConfig {
        pids_limit: Some(number(*pids, "limit of processes")?),
        memory: Some(memory),
        memory_swap: Some(memory),
        nano_cpus: Some(nano_cpus(cpus.min(f64::from(processors)))?),
        shm_size: Some(number(*shm_bytes, "size of /dev/shm")?),
        ulimits: Some(resources),
        ..HostConfig::default()
    })
}

/// Billionths of a processor, as the engine counts.
#[expect(clippy::cast_possible_truncation, reason = "checked to lie within the range of the target")]
fn nano_cpus(cpus: f64) -> Result<i64, CreateError> {
    let nano = (cpus * 1e9).round();
    if (1.0..9e18).contains(&nano) {
        Ok(nano as i64)
    } else {
        Err(CreateError::TooLarge { what: "share of processors" })
    }
}

fn number(value: u64, what: &'static str) -> Result<i64, CreateError> {
    i64::try_from(value).map_err(|_error| CreateError::TooLarge { what })
}

fn ulimit(name: &str, [soft, hard]: [u64; 2]) -> Result<ResourcesUlimits, CreateError> {
    Ok(ResourcesUlimits {
        name: Some(name.to_owned()),
        soft: Some(number(soft, "resource limit")?),
        hard: Some(number(hard, "resource limit")?),
    })
}

fn log() -> HostConfigLogConfig {
    HostConfigLogConfig {
        typ: Some("json-file".to_owned()),
        config: Some(LOG_OPTIONS.map(|(name, value)| (name.to_owned(), value.to_owned())).into()),
    }
}

/// Returns the labels of a container's volumes: they outlive the plan that first named them.
pub fn volume_labels(container: &Container, instance: &str) -> HashMap<String, String> {
    let kept = container.labels.clone().into_iter().filter(|(name, _)| name != names::DIGEST);
    kept.chain([(names::INSTANCE.to_owned(), instance.to_owned())]).collect()
}

/// Target and options of a mount of memory. Engines add `noexec` where nobody says otherwise, which breaks builds in
/// `/tmp` and stops nobody who can write elsewhere. It belongs to the sandbox's user: over a folder of the image, runtimes give it
/// that folder's mode instead of its own.
fn memory(Mount { target, readonly, size_bytes, .. }: &Mount, user: &str) -> (String, String) {
    let (uid, gid) = user.split_once(':').unwrap_or((user, user));
    let access = if *readonly { "ro" } else { "rw" };
    let size = size_bytes.map(|size| format!(",size={size}")).unwrap_or_default();
    (target.clone(), format!("{access},exec,nosuid,nodev,mode={TMPFS_MODE},uid={uid},gid={gid}{size}"))
}

/// Returns a mount; `None` for memory, whose owner can be said elsewhere only.
fn mount(mount: &Mount, values: &Values<'_>) -> Result<Option<bollard::models::Mount>, CreateError> {
    let Mount { kind, source, target, readonly, size_bytes: _ } = mount;
    let base = bollard::models::Mount {
        target: Some(target.clone()),
        read_only: Some(*readonly),
        ..bollard::models::Mount::default()
    };
    Ok(Some(match kind {
        MountKind::Bind => bollard::models::Mount {
            source: Some(values.source(source)?),
            typ: Some(MountType::BIND),
            bind_options: Some(MountBindOptions {
                propagation: Some(MountBindOptionsPropagationEnum::RPRIVATE),
                // On kernels before 5.12, mounts below a read-only one stay writable (SEC-60): none is there at
                // the start, and what comes later stays out.
                non_recursive: Some(*readonly),
                ..MountBindOptions::default()
            }),
            ..base
        },
        // It was made before, with its labels.
        MountKind::Volume => {
            bollard::models::Mount { source: Some(source.clone()), typ: Some(MountType::VOLUME), ..base }
        }
        MountKind::Tmpfs => return Ok(None),
    }))
}

#[cfg(test)]
mod tests;
