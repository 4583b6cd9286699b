use std::collections::{BTreeMap, BTreeSet};

use super::Check::{self, *};
use super::audit;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::plan::model::*;
use crate::policy::Policy;
use crate::policy::model::{Egress, EnvironmentPolicy, LimitCaps, NetworkPolicy};
use crate::source::Origin;

const NAME: &str = "cloister-0123456789ab";
const URL: &str = "http://sandbox:${CLOISTER_TOKEN}@${CLOISTER_GUARDIAN}:3128";

fn policy() -> Policy {
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
    }
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn bind(source: &str, target: &str, readonly: bool) -> Mount {
    Mount { kind: MountKind::Bind, source: source.into(), target: target.into(), readonly, size_bytes: None }
}

fn hook(name: &str, place: Place, status: HookStatus) -> Hook {
    Hook {
        hook: name.into(),
        name: String::new(),
        group: 0,
        command: words(&["npm", "ci"]),
        user: "1000:1000".into(),
        place,
        status,
    }
}

fn finding(action: Action) -> Finding {
    Finding::new(
        Code::Privileged,
        Severity::Critical,
        action,
        &Origin::unplaced("/privileged"),
        "true",
        "it ends the sandbox",
    )
}

fn container() -> Container {
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

fn plan() -> Plan {
    Plan {
        version: 1,
        digest: String::new(),
        outcome: Verdict::Ready,
        facts: FactsSummary::default(),
        config: ConfigSummary { path: None, kind: ConfigKind::Image, digest: None, name: None },
        workspace: Workspace {
            source: Some("/home/me/app".into()),
            target: "/workspaces/app".into(),
            folder: "/workspaces/app/src".into(),
        },
        containers: vec![container()],
        network: Some(Network { name: NAME.into(), internal: true, subnet: AUTO.into(), dns: words(&["127.0.0.1"]) }),
        proxy: Some(Proxy { url: URL.into(), allow: vec![], deny: vec![] }),
        lifecycle: vec![
            hook("initialize", Place::Host, HookStatus::NeedsApproval),
            hook("postCreate", Place::Container, HookStatus::Run),
        ],
        passed_env: words(&["API_KEY"]),
        findings: vec![finding(Action::Removed)],
    }
}

fn build() -> Build {
    Build {
        dockerfile: ".devcontainer/Dockerfile".into(),
        context: ".devcontainer".into(),
        args: BTreeMap::new(),
        target: None,
        cache_from: vec![],
        network: "guardian".into(),
    }
}

#[test]
fn good_plans_have_no_violation() {
    let none = |plan: &Plan| assert_eq!(audit(plan, &policy()), []);
    none(&plan());
    let mut built = plan();
    built.containers[0].image = None;
    built.containers[0].build = Some(build());
    none(&built);
    let mut own_command = plan();
    own_command.containers[0].command.extend(words(&["--", "/entrypoint.sh"]));
    none(&own_command);
    let mut bare = plan();
    bare.workspace.source = None;
    bare.containers[0].mounts.remove(0);
    none(&bare);
    none(&refused());
}

fn refused() -> Plan {
    let findings = vec![finding(Action::Refused)];
    Plan {
        outcome: Verdict::Refused,
        containers: vec![],
        network: None,
        proxy: None,
        lifecycle: vec![],
        findings,
        ..plan()
    }
}

#[test]
fn root_is_allowed_only_by_the_policy() {
    let mut root = plan();
    root.containers[0].user = "0:0".into();
    root.lifecycle.iter_mut().for_each(|hook| hook.user = "0:0".into());
    let found: Vec<_> = audit(&root, &policy()).into_iter().map(|violation| violation.check).collect();
    assert_eq!(found, [User]);
    assert_eq!(audit(&root, &Policy { allow_root_workspace: true, ..policy() }), []);
}

/// A broken promise, the violation that must be found, and where; `/c` stands for `/containers/0`.
type Case = (fn(&mut Plan), Check, &'static str);

/// Breaks one thing in the good plan and expects exactly one violation.
fn each_is_found(cases: &[Case]) {
    for (index, (tamper, check, place)) in cases.iter().enumerate() {
        let mut broken = plan();
        tamper(&mut broken);
        let found = audit(&broken, &policy());
        let place = place.replacen("/c/", "/containers/0/", 1);
        let seen: Vec<_> = found.iter().map(|violation| (violation.check, violation.place.as_str())).collect();
        assert_eq!(seen, [(*check, place.as_str())], "case {index}");
    }
}

macro_rules! cases {
    ($(|$plan:ident| $tamper:expr => $check:ident at $place:literal,)+) => {
        [$((|$plan: &mut Plan| { $tamper; }, $check, $place),)+]
    };
    ($($field:ident = $value:expr => $check:ident at $place:literal,)+) => {
        [$((|plan: &mut Plan| plan.containers[0].$field = $value, $check, $place),)+]
    };
}

#[test]
fn every_field_of_a_container_is_guarded() {
    each_is_found(
        &cases! {
            cap_drop = vec![] => Capabilities at "/c/capDrop",
            cap_drop = words(&["NET_RAW"]) => Capabilities at "/c/capDrop",
            cap_drop = words(&["ALL", "ALL"]) => Capabilities at "/c/capDrop",
            cap_add = words(&["SYS_ADMIN"]) => Capabilities at "/c/capAdd",
            privileged = true => Privileged at "/c/privileged",
            init = true => EngineInit at "/c/init",
            ports = words(&["8080"]) => Ports at "/c/ports",
            devices = words(&["/dev/kvm"]) => Devices at "/c/devices",
            log_driver = "syslog".into() => Logging at "/c/logDriver",
            restart = "always".into() => Restart at "/c/restart",
            stop_signal = Some("-9; rm".into()) => StopSignal at "/c/stopSignal",
            stop_signal = Some(String::new()) => StopSignal at "/c/stopSignal",
            name = "guardian".into() => Name at "/c/name",
            image = None => Image at "/c/image",
            image = Some(String::new()) => Image at "/c/image",
            image = Some("--privileged".into()) => Image at "/c/image",
            image = Some("debian bookworm".into()) => Image at "/c/image",
            image = Some("${CLOISTER_TOKEN}".into()) => Placeholder at "/c/image",
            build = Some(build()) => Image at "/c/image",
            user_name = "a:0:0".into() => Account at "/c/userName",
            user_name = "node\nroot".into() => Account at "/c/userName",
            user_name = String::new() => Account at "/c/userName",
            hostname = "guardian".into() => HostName at "/c/hostname",
            hostname = "Cloister-guardian".into() => HostName at "/c/hostname",
            hostname = "host.docker.internal".into() => HostName at "/c/hostname",
            hostname = "localhost".into() => HostName at "/c/hostname",
            hostname = "two words".into() => HostName at "/c/hostname",
            hostname = String::new() => HostName at "/c/hostname",
        }[..22],
    );
    each_is_found(&cases! {
        hostname = "guardian".into() => HostName at "/c/hostname",
        hostname = "Cloister-guardian".into() => HostName at "/c/hostname",
        hostname = "host.docker.internal".into() => HostName at "/c/hostname",
        hostname = "localhost".into() => HostName at "/c/hostname",
        hostname = "two words".into() => HostName at "/c/hostname",
        hostname = String::new() => HostName at "/c/hostname",
    });
}
