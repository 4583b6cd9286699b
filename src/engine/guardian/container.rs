//! The guardian's jail: no capability, no disk, no shell, no route through it.

use bollard::models::{
    ContainerCreateBody, HostConfig, HostConfigCgroupnsModeEnum, HostConfigLogConfig, ResourcesUlimits, RestartPolicy,
    RestartPolicyNameEnum,
};
use bollard::query_parameters::CreateContainerOptionsBuilder;

use super::super::connect::{CallError, Engine, Operation};
use super::super::facts;
use super::super::names;
use super::super::state::StateFolder;
use super::image;
use crate::guardian::limits::MEMORY;
use crate::harden::seccomp;

/// Processes and threads.
const PIDS: i64 = 64;
/// Open files: two for each tunnel.
const NOFILE: u64 = 65536;

/// Creates the container; it is not started.
pub(super) async fn create(
    engine: &Engine,
    state: &StateFolder,
    image: &str,
    program: (&str, &str),
    egress: &str,
) -> Result<String, CallError> {
    let nofile = facts::engine(engine).await.nofile_hard.min(NOFILE);
    let mut labels = names::guardian_labels(&state.instance(), state.uid());
    let (digest, stamp) = program;
    labels.insert(names::DIGEST.to_owned(), digest.to_owned());
    labels.insert(names::STAMP.to_owned(), stamp.to_owned());
    let body = ContainerCreateBody {
        hostname: Some("guardian".to_owned()),
        user: Some("65534:65534".to_owned()),
        image: Some(image.to_owned()),
        entrypoint: Some(vec![image::PROGRAM.to_owned()]),
        cmd: Some(Vec::new()),
        // The channel: many clients one after the other, bytes as they are.
        open_stdin: Some(true),
        stdin_once: Some(false),
        tty: Some(false),
        labels: Some(labels.into_iter().collect()),
        host_config: Some(jail(egress, i64::try_from(nofile).unwrap_or(i64::MAX))),
        ..ContainerCreateBody::default()
    };
    let options = CreateContainerOptionsBuilder::default().name(&names::guardian(&state.instance())).build();
    let created = engine.docker.create_container(Some(options), body).await;
    Ok(created.operation(|| "create the guardian".to_owned())?.id)
}

fn jail(egress: &str, nofile: i64) -> HostConfig {
    let ulimit =
        |name: &str, value| ResourcesUlimits { name: Some(name.to_owned()), soft: Some(value), hard: Some(value) };
    let sysctls = [
        ("net.ipv4.ip_forward", "0"),
        ("net.ipv6.conf.all.disable_ipv6", "1"),
        ("net.ipv6.conf.default.disable_ipv6", "1"),
    ];
    // Swap included.
    let memory = Some(i64::try_from(MEMORY).expect("a constant that fits"));
    HostConfig {
        network_mode: Some(egress.to_owned()),
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(vec!["no-new-privileges".to_owned(), format!("seccomp={}", seccomp::PROFILE)]),
        readonly_rootfs: Some(true),
        sysctls: Some(sysctls.map(|(name, value)| (name.to_owned(), value.to_owned())).into()),
        memory,
        memory_swap: memory,
        pids_limit: Some(PIDS),
        ulimits: Some(vec![ulimit("core", 0), ulimit("nofile", nofile)]),
        ipc_mode: Some("none".to_owned()),
        cgroupns_mode: Some(HostConfigCgroupnsModeEnum::PRIVATE),
        init: Some(false),
        log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
        restart_policy: Some(RestartPolicy { name: Some(RestartPolicyNameEnum::NO), maximum_retry_count: None }),
        ..HostConfig::default()
    }
}
