//! A container of a plan for tests, as hardening makes it.

use std::collections::BTreeMap;

use crate::harden::{PROBE, seccomp};
use crate::plan::model::{Container, FILES, HOME, Limits, Mount, MountKind, Namespaces, PROGRAMS};
use crate::sandbox::protocol::{FILES_TARGET, INIT, PROGRAMS_TARGET};

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn bind(source: &str, target: &str, readonly: bool) -> Mount {
    Mount { kind: MountKind::Bind, source: source.to_owned(), target: target.to_owned(), readonly, size_bytes: None }
}

/// Returns a container with one mount of each kind.
pub(crate) fn container() -> Container {
    let volume = Mount { kind: MountKind::Volume, ..bind("cloister-0123456789ab-cache", "/cache", false) };
    let memory = Mount { kind: MountKind::Tmpfs, size_bytes: Some(1 << 20), ..bind("", "/scratch", false) };
    Container {
        name: "cloister-0123456789ab".to_owned(),
        image: Some("debian:bookworm".to_owned()),
        build: None,
        user: "1000:1000".to_owned(),
        user_name: "agent".to_owned(),
        home: "/home/agent".to_owned(),
        cap_drop: words(&["ALL"]),
        cap_add: Vec::new(),
        security_opt: vec!["no-new-privileges:true".to_owned(), format!("seccomp={}", seccomp::NAME)],
        privileged: false,
        init: false,
        readonly_rootfs: false,
        mounts: vec![
            bind(HOME, "/home/agent", false),
            bind("/home/a/web", "/workspaces/web", false),
            volume,
            memory,
            bind(PROGRAMS, PROGRAMS_TARGET, true),
            bind(FILES, FILES_TARGET, true),
        ],
        env: pairs(&[
            ("HOME", "/home/agent"),
            ("HTTP_PROXY", "http://cloister:${CLOISTER_TOKEN}@${CLOISTER_GUARDIAN}:3128"),
        ]),
        remote_env: BTreeMap::new(),
        ports: Vec::new(),
        devices: Vec::new(),
        sysctls: pairs(&[("net.ipv6.conf.all.disable_ipv6", "1")]),
        namespaces: Namespaces {
            pid: "private".to_owned(),
            ipc: "private".to_owned(),
            uts: "private".to_owned(),
            user: "engine".to_owned(),
            cgroup: "private".to_owned(),
        },
        limits: Limits {
            pids: 4096,
            memory_bytes: 1 << 30,
            cpus: 4.0,
            nofile: 16384,
            shm_bytes: 64 << 20,
            ulimits: BTreeMap::from([("core".to_owned(), [0, 0]), ("nproc".to_owned(), [100, 200])]),
        },
        entrypoint: words(&[INIT]),
        command: words(&["init", PROBE]),
        labels: pairs(&[("cloister.sandbox", "0123456789ab"), ("cloister.digest", "auto")]),
        hostname: "web".to_owned(),
        extra_hosts: BTreeMap::new(),
        stop_signal: None,
        log_driver: "json-file".to_owned(),
        restart: "no".to_owned(),
    }
}
