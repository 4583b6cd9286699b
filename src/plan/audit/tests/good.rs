//! A plan that keeps every promise, for the tests to break.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::plan::model::*;
use crate::policy::Policy;
use crate::policy::model::{Egress, EnvironmentPolicy, LimitCaps, NetworkPolicy};
use crate::source::Origin;
use crate::trust::Approvals;

pub(super) const NAME: &str = "cloister-0123456789ab";
pub(super) const URL: &str = "http://sandbox:${CLOISTER_TOKEN}@${CLOISTER_GUARDIAN}:3128";

pub(super) fn policy() -> Policy {
    Policy {
        egress: Egress::default(),
        env: EnvironmentPolicy { pass: BTreeSet::from(["API_KEY".to_owned()]), local: BTreeSet::new() },
        network: NetworkPolicy {
            pool: "10.222.0.0/16".parse().unwrap(),
            permit_addresses: BTreeSet::new(),
            hosts: BTreeMap::new(),
            ca_bundle: None,
        },
        limits: LimitCaps::default(),
        allow_root_workspace: false,
        hold: 60,
        strict: false,
        works_on_clone: false,
        hostexec: crate::policy::hostexec::Hostexec::default(),
        approvals: Approvals::default(),
    }
}

pub(super) fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

pub(super) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

pub(super) fn bind(source: &str, target: &str, readonly: bool) -> Mount {
    Mount { kind: MountKind::Bind, source: source.into(), target: target.into(), readonly, size_bytes: None }
}

pub(super) fn hook(name: &str, place: Place, status: HookStatus) -> Hook {
    Hook {
        hook: name.into(),
        name: String::new(),
        group: 0,
        command: words(&["npm", "ci"]),
        user: "1000:1000".into(),
        place,
        status,
        setup: false,
        script: None,
    }
}

pub(super) fn finding(action: Action) -> Finding {
    Finding::new(
        Code::Privileged,
        Severity::Critical,
        action,
        &Origin::unplaced("/privileged"),
        "true",
        "it ends the sandbox",
    )
}

pub(super) fn container() -> Container {
    Container {
        name: NAME.into(),
        image: Some("debian:bookworm".into()),
        build: None,
        user: "1000:1000".into(),
        user_name: "node".into(),
        home: "/home/node".into(),
        cap_drop: words(&["ALL"]),
        cap_add: vec![],
        security_opt: words(&["no-new-privileges:true", "seccomp=cloister"]),
        privileged: false,
        init: false,
        readonly_rootfs: false,
        mounts: vec![
            bind("/home/me/app", "/workspaces/app", false),
            bind("/home/me/app/.claude", "/workspaces/app/.claude", true),
            bind("/home/me/app/.cursor", "/workspaces/app/.cursor", true),
            bind("/home/me/app/.devcontainer", "/workspaces/app/.devcontainer", true),
            bind("/home/me/app/.husky", "/workspaces/app/.husky", true),
            bind("/home/me/app/.idea", "/workspaces/app/.idea", true),
            bind("/home/me/app/.vscode", "/workspaces/app/.vscode", true),
            bind("/home/me/app/.mcp.json", "/workspaces/app/.mcp.json", true),
            bind("/home/me/app/.git", "/workspaces/app/.git", false),
            bind(&format!("{FILES}/git/commondir"), "/workspaces/app/.git/commondir", true),
            bind(&format!("{FILES}/git/config"), "/workspaces/app/.git/config", true),
            bind(&format!("{FILES}/git/config.worktree"), "/workspaces/app/.git/config.worktree", true),
            bind(&format!("{FILES}/git/hooks"), "/workspaces/app/.git/hooks", true),
            bind(PROGRAMS, "/run/cloister/bin", true),
            bind(&format!("{FILES}/passwd"), "/etc/passwd", true),
            bind(HOME, "/home/node", false),
            Mount { kind: MountKind::Volume, ..bind(&format!("{NAME}-cache"), "/cache", false) },
            Mount { size_bytes: Some(1 << 20), kind: MountKind::Tmpfs, ..bind("", "/tmp", false) },
        ],
        env: map(&[
            ("HTTP_PROXY", URL),
            ("HTTPS_PROXY", URL),
            ("NO_PROXY", "localhost,127.0.0.1,::1"),
            ("http_proxy", URL),
            ("https_proxy", URL),
            ("no_proxy", "localhost,127.0.0.1,::1"),
        ]),
        remote_env: BTreeMap::from([("EDITOR".to_owned(), None)]),
        ports: vec![],
        devices: vec![],
        sysctls: map(&[("net.ipv6.conf.all.disable_ipv6", "1"), ("net.ipv6.conf.lo.disable_ipv6", "0")]),
        namespaces: Namespaces {
            pid: "private".into(),
            ipc: "private".into(),
            uts: "private".into(),
            user: "engine".into(),
            cgroup: "private".into(),
        },
        limits: Limits {
            pids: 4096,
            memory_bytes: 8 << 30,
            cpus: 4.0,
            nofile: 16384,
            shm_bytes: 64 << 20,
            ulimits: BTreeMap::from([("core".to_owned(), [0, 0])]),
        },
        entrypoint: words(&["/run/cloister/bin/cloister-init"]),
        command: words(&["init", "${CLOISTER_PROBE}"]),
        labels: map(&[("cloister.sandbox", "0123456789ab"), ("devcontainer.local_folder", "/home/me/app")]),
        hostname: "app".into(),
        extra_hosts: map(&[("guardian", GUARDIAN), ("db", "127.0.0.1")]),
        stop_signal: Some("SIGTERM".into()),
        log_driver: "json-file".into(),
        restart: "no".into(),
    }
}

pub(super) fn plan() -> Plan {
    Plan {
        version: 1,
        digest: String::new(),
        outcome: Verdict::Ready,
        facts: FactsSummary::default(),
        config: ConfigSummary { path: None, kind: ConfigKind::Image, digest: None, name: None },
        workspace: Workspace {
            clone: None,
            source: Some("/home/me/app".into()),
            target: "/workspaces/app".into(),
            folder: "/workspaces/app/src".into(),
        },
        containers: vec![container()],
        setup: None,
        network: Some(Network { name: NAME.into(), internal: true, subnet: AUTO.into(), dns: words(&["127.0.0.1"]) }),
        proxy: Some(Proxy { url: URL.into(), presets: vec![], allow: vec![], asked: None, deny: vec![] }),
        lifecycle: vec![
            hook("initialize", Place::Host, HookStatus::NeedsApproval),
            hook("postCreate", Place::Container, HookStatus::Run),
        ],
        passed_env: words(&["API_KEY"]),
        findings: vec![finding(Action::Removed)],
    }
}

pub(super) fn build() -> Build {
    Build {
        digest: format!("sha256:{}", "0".repeat(64)),
        dockerfile: ".devcontainer/Dockerfile".into(),
        context: ".devcontainer".into(),
        args: BTreeMap::new(),
        target: None,
        cache_from: vec![],
        network: BuildNetwork::Guardian,
        buildkit: false,
        approved: false,
    }
}

pub(super) fn refused() -> Plan {
    let findings = vec![finding(Action::Refused)];
    Plan {
        outcome: Verdict::Refused,
        containers: vec![],
        setup: None,
        network: None,
        proxy: None,
        lifecycle: vec![],
        findings,
        ..plan()
    }
}
