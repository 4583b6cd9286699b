use bollard::models::{
    ContainerConfig, HostConfigLogConfig, MountPoint, ResourcesUlimits, RestartPolicy, RestartPolicyNameEnum,
};

use super::*;
use crate::engine::fixture;

const NETWORK: &str = "cloister-0123456789ab";

fn point(typ: &str, source: &str, target: &str, rw: bool) -> MountPoint {
    MountPoint {
        typ: Some(typ.to_owned()),
        source: Some(source.to_owned()),
        destination: Some(target.to_owned()),
        rw: Some(rw),
        propagation: Some("rprivate".to_owned()),
        driver: Some("local".to_owned()),
        ..MountPoint::default()
    }
}

fn limit(name: &str, soft: i64, hard: i64) -> ResourcesUlimits {
    ResourcesUlimits { name: Some(name.to_owned()), soft: Some(soft), hard: Some(hard) }
}

fn log_options() -> Option<std::collections::HashMap<String, String>> {
    Some(LOG_OPTIONS.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
}

/// What an engine says of the fixture's container when it did what it was asked.
fn inspected() -> ContainerInspectResponse {
    let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    let host = HostConfig {
        cap_drop: words(&["ALL"]),
        security_opt: Some(vec!["no-new-privileges:true".to_owned(), format!("seccomp={}", seccomp::PROFILE)]),
        sysctls: Some([("net.ipv6.conf.all.disable_ipv6".to_owned(), "1".to_owned())].into()),
        log_config: Some(HostConfigLogConfig { typ: Some("json-file".to_owned()), config: log_options() }),
        restart_policy: Some(RestartPolicy { name: Some(RestartPolicyNameEnum::NO), maximum_retry_count: Some(0) }),
        network_mode: Some(NETWORK.to_owned()),
        ipc_mode: Some("private".to_owned()),
        cgroupns_mode: Some(HostConfigCgroupnsModeEnum::PRIVATE),
        runtime: Some("runc".to_owned()),
        dns: words(&["127.0.0.1"]),
        pids_limit: Some(4096),
        memory: Some(1 << 30),
        memory_swap: Some(1 << 30),
        shm_size: Some(64 << 20),
        nano_cpus: Some(2_000_000_000),
        ulimits: Some(vec![limit("core", 0, 0), limit("nofile", 16384, 16384), limit("nproc", 100, 200)]),
        tmpfs: Some(
            [("/scratch".to_owned(), "rw,exec,nosuid,nodev,mode=1777,uid=1000,gid=1000,size=1048576".to_owned())]
                .into(),
        ),
        masked_paths: words(&["/proc/kcore"]),
        readonly_paths: words(&["/proc/sys"]),
        ..HostConfig::default()
    };
    let config = ContainerConfig {
        user: Some("1000:1000".to_owned()),
        entrypoint: words(&["/run/cloister/bin/cloister-init"]),
        cmd: words(&["init", "{}"]),
        env: words(&["HOME=/home/agent", "HTTP_PROXY=filled", "LANG=C", "PATH=/bin"]),
        ..ContainerConfig::default()
    };
    let volume = MountPoint {
        name: Some("cloister-0123456789ab-cache".to_owned()),
        ..point("volume", "/var/lib/docker/volumes/0/_data", "/cache", true)
    };
    ContainerInspectResponse {
        host_config: Some(host),
        config: Some(config),
        mounts: Some(vec![
            point("bind", "/data/homes/0", "/home/agent", true),
            point("bind", "/home/a/web", "/workspaces/web", true),
            volume,
            point("bind", "/data/programs/0", "/run/cloister/bin", false),
            point("bind", "/state/files", "/run/cloister/files", false),
        ]),
        ..ContainerInspectResponse::default()
    }
}

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn mismatches(found: &ContainerInspectResponse) -> Vec<String> {
    let container = fixture::container();
    let expected = Expected {
        container: &container,
        command: &["init".to_owned(), "{}".to_owned()],
        env: &pairs(&[("HOME", "/home/agent"), ("HTTP_PROXY", "filled")]),
        image_env: &pairs(&[("LANG", "C")]),
        image_volumes: &["/var/lib/data", "/run/cloister/bin/x", "/run/cloister/files/x"].map(str::to_owned).into(),
        sources: &pairs(&[
            ("/home/agent", "/data/homes/0"),
            ("/workspaces/web", "/home/a/web"),
            ("/run/cloister/bin", "/data/programs/0"),
            ("/run/cloister/files", "/state/files"),
        ]),
        network: NETWORK,
        dns: &["127.0.0.1".to_owned()],
        runtime: Some("runc"),
        swap_limit: true,
        ipv6: true,
    };
    super::container(&expected, found).into_iter().map(|mismatch| mismatch.field).collect()
}

#[test]
fn a_container_as_planned_has_no_mismatch() {
    assert_eq!(mismatches(&inspected()), Vec::<String>::new());
}

#[test]
fn every_field_that_an_engine_could_get_wrong_is_noticed() {
    type Change = fn(&mut HostConfig);
    let changes: [(&str, Change); 30] = [
        ("CapAdd", |host| host.cap_add = Some(vec!["NET_RAW".to_owned()])),
        ("CapDrop", |host| host.cap_drop = None),
        ("SecurityOpt", |host| host.security_opt = Some(vec!["no-new-privileges:true".to_owned()])),
        ("Privileged", |host| host.privileged = Some(true)),
        ("ReadonlyRootfs", |host| host.readonly_rootfs = Some(true)),
        ("Devices", |host| host.devices = Some(vec![bollard::models::DeviceMapping::default()])),
        ("DeviceRequests", |host| host.device_requests = Some(vec![bollard::models::DeviceRequest::default()])),
        ("GroupAdd", |host| host.group_add = Some(vec!["docker".to_owned()])),
        ("Sysctls", |host| host.sysctls = None),
        ("Runtime", |host| host.runtime = Some("other".to_owned())),
        ("LogConfig", |host| host.log_config.as_mut().unwrap().typ = Some("syslog".to_owned())),
        ("LogConfig.Config", |host| host.log_config.as_mut().unwrap().config = None),
        ("Memory", |host| host.memory = Some(0)),
        ("ShmSize", |host| host.shm_size = Some(1 << 40)),
        ("RestartPolicy", |host| host.restart_policy.as_mut().unwrap().name = Some(RestartPolicyNameEnum::ALWAYS)),
        ("MaskedPaths", |host| host.masked_paths = Some(Vec::new())),
        ("NetworkMode", |host| host.network_mode = Some("host".to_owned())),
        ("PidMode", |host| host.pid_mode = Some("host".to_owned())),
        ("IpcMode", |host| host.ipc_mode = Some("host".to_owned())),
        ("UTSMode", |host| host.uts_mode = Some("host".to_owned())),
        ("UsernsMode", |host| host.userns_mode = Some("host".to_owned())),
        ("CgroupnsMode", |host| host.cgroupns_mode = Some(HostConfigCgroupnsModeEnum::HOST)),
        ("Init", |host| host.init = Some(true)),
        ("PortBindings", |host| host.port_bindings = Some([("80/tcp".to_owned(), None)].into())),
        ("Dns", |host| host.dns = None),
        ("PidsLimit", |host| host.pids_limit = Some(0)),
        ("MemorySwap", |host| host.memory_swap = Some(-1)),
        ("Tmpfs", |host| host.tmpfs = Some([("/etc".to_owned(), String::new())].into())),
        ("NanoCpus within the limit", |host| host.nano_cpus = None),
        ("Ulimits", |host| host.ulimits = None),
    ];
    for (field, change) in changes {
        let mut found = inspected();
        change(found.host_config.as_mut().unwrap());
        assert_eq!(mismatches(&found), [format!("HostConfig.{field}")]);
    }
    let mut found = inspected();
    found.host_config.as_mut().unwrap().binds = Some(vec!["/:/host".to_owned()]);
    assert_eq!(mismatches(&found), ["HostConfig.Binds"]);
}

#[test]
fn process_and_environment() {
    type Change = fn(&mut ContainerConfig);
    let changes: [(&str, Change); 6] = [
        ("Config.Cmd", |config| config.cmd.as_mut().unwrap()[1] = "{\"forbidden\":[]}".to_owned()),
        ("Config.User", |config| config.user = Some("0:0".to_owned())),
        ("Config.Entrypoint", |config| config.entrypoint = None),
        ("Config.OpenStdin", |config| config.open_stdin = Some(true)),
        ("Config.Env", |config| config.env.as_mut().unwrap().push("LD_PRELOAD=/x".to_owned())),
        ("Config.Env", |config| config.env.as_mut().unwrap()[1] = "HTTP_PROXY=http://other".to_owned()),
    ];
    for (field, change) in changes {
        let mut found = inspected();
        change(found.config.as_mut().unwrap());
        assert_eq!(mismatches(&found), [field]);
    }
}

#[test]
fn mounts_are_those_of_the_plan() {
    type Change = fn(&mut Vec<MountPoint>);
    let changes: [(&str, Change); 6] = [
        ("Mounts[/workspaces/web].Source", |mounts| mounts[1].source = Some("/home/a/other".to_owned())),
        ("Mounts[/workspaces/web].Propagation", |mounts| mounts[1].propagation = Some("rshared".to_owned())),
        ("Mounts[/run/cloister/bin].RW", |mounts| mounts[3].rw = Some(true)),
        ("Mounts[/cache].Name", |mounts| mounts[2].name = Some("other".to_owned())),
        ("Mounts (missing)", |mounts| drop(mounts.remove(1))),
        ("Mounts (not in the plan)", |mounts| mounts.push(point("bind", "/", "/host", true))),
    ];
    for (field, change) in changes {
        let mut found = inspected();
        change(found.mounts.as_mut().unwrap());
        assert_eq!(mismatches(&found), [field]);
    }
}

#[test]
fn an_images_own_volume_is_fine_but_not_over_cloisters_programs() {
    let cases = [
        ("/var/lib/data", true),
        ("/var/lib/undeclared", false),
        ("/run/cloister/bin/x", false),
        ("/run/cloister/files/x", false),
    ];
    for (target, fine) in cases {
        let volume = MountPoint { name: Some("a".repeat(64)), ..point("volume", "/var/lib/docker/x", target, true) };
        let mut found = inspected();
        found.mounts.as_mut().unwrap().push(volume);
        assert_eq!(mismatches(&found).is_empty(), fine, "{target}");
    }
}
