mod good;

use std::collections::BTreeMap;

use self::good::{bind, build, finding, hook, plan, policy, refused, words};
use super::Check::{self, *};
use super::audit;
use crate::plan::Plan;
use crate::plan::finding::Action;
use crate::plan::model::{
    AUTO, Build, BuildNetwork, Cloned, Container, FILES, HOME, Hook, HookStatus, Mount, MountKind, PROGRAMS, Place,
    SETUP_CAPABILITIES,
};
use crate::policy::Policy;
use crate::policy::rule::Rule;
use crate::trust::{AskedBuild, Request};

#[test]
fn good_plans_have_no_violation() {
    let none = |change: fn(&mut Plan)| {
        let mut plan = plan();
        change(&mut plan);
        assert_eq!(audit(&plan, &policy()), []);
    };
    none(|_| {});
    none(|plan| {
        plan.containers[0].image = None;
        plan.containers[0].build = Some(build());
    });
    none(|plan| plan.containers[0].command.extend(words(&["--", "/entrypoint.sh"])));
    none(|plan| {
        plan.workspace.source = None;
        plan.containers[0].mounts.drain(..13);
    });
    none(|plan| {
        plan.containers[0].home = AUTO.into();
        plan.containers[0].mounts[15].target = AUTO.into();
    });
    none(|plan| *plan = refused());
}

/// The good plan with a clone in the place of the folder.
fn cloned() -> Plan {
    let mut plan = plan();
    let volume = format!("{}-workspace-clone", plan.containers[0].name);
    plan.workspace.source = None;
    plan.workspace.clone = Some(Cloned { repository: "/home/me/app".into(), volume: volume.clone() });
    let mounts = &mut plan.containers[0].mounts;
    mounts.drain(..13);
    let target = plan.workspace.target.clone();
    mounts.push(Mount { kind: MountKind::Volume, source: volume, target, readonly: false, size_bytes: None });
    plan
}

#[test]
fn a_clone_is_in_one_place_and_nothing_of_the_folder_beside_it() {
    type Tamper = fn(&mut Plan);
    assert_eq!(audit(&cloned(), &policy()), []);
    let cases: [(Tamper, &[Check]); 7] = [
        (|plan| plan.workspace.source = Some("/home/me/app".into()), &[WorkspaceMount]),
        (|plan| plan.workspace.clone = None, &[WorkspaceMount]),
        (|plan| plan.containers[0].mounts.last_mut().unwrap().readonly = true, &[WorkspaceMount]),
        (|plan| plan.containers[0].mounts.last_mut().unwrap().target = "/else".into(), &[WorkspaceMount]),
        (|plan| plan.workspace.clone.as_mut().unwrap().volume.push('x'), &[WorkspaceMount]),
        (|plan| plan.containers[0].mounts.push(bind("/home/me/app", "/data", false)), &[MountSource]),
        (|plan| plan.containers[0].mounts.push(bind("/home/me/app", "/workspaces/app/x", true)), &[MountTarget]),
    ];
    for (index, (tamper, expected)) in cases.into_iter().enumerate() {
        let mut plan = cloned();
        tamper(&mut plan);
        let found: Vec<_> = audit(&plan, &policy()).into_iter().map(|violation| violation.check).collect();
        assert!(expected.iter().all(|check| found.contains(check)), "{index}: {found:?}");
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

#[test]
fn a_strict_policy_wants_a_read_only_root() {
    let strict = Policy { strict: true, ..policy() };
    let found: Vec<_> = audit(&plan(), &strict).into_iter().map(|violation| violation.check).collect();
    assert_eq!(found, [Strict]);
    let mut tight = plan();
    tight.containers[0].readonly_rootfs = true;
    assert_eq!(audit(&tight, &strict), []);
    assert_eq!(audit(&tight, &policy()), [], "more than was asked is fine");
}

/// The good plan with a command that was approved to run as root.
fn set_up() -> (Plan, Policy) {
    let mut plan = plan();
    let hook = plan.lifecycle.iter_mut().find(|hook| hook.place == Place::Container).expect("there is one");
    (hook.setup, hook.user) = (true, "0:0".into());
    let request = Request::root_setup(&hook.hook, &hook.name, &hook.command);
    let mut policy = policy();
    policy.approvals.add(request);
    let sandbox = plan.containers[0].clone();
    let own = sandbox.mounts.iter().filter(|mount| mount.source == PROGRAMS || mount.source == FILES);
    let workspace = bind(plan.workspace.source.as_deref().expect("there is one"), &plan.workspace.target, true);
    plan.setup = Some(Container {
        user: "0:0".into(),
        cap_add: SETUP_CAPABILITIES.map(str::to_owned).into(),
        mounts: own.cloned().chain([workspace]).collect(),
        remote_env: sandbox.env.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect(),
        env: BTreeMap::new(),
        ..sandbox
    });
    (plan, policy)
}

#[test]
fn the_set_up_phase_is_root_with_five_capabilities_and_no_more() {
    type Tamper = fn(&mut Container);
    let (good, policy) = set_up();
    assert_eq!(audit(&good, &policy), []);
    let outside = bind("/home/dev/other", "/other", true);
    let cases: [(Tamper, Check, &str); 9] = [
        (|setup| setup.cap_add.push("SYS_ADMIN".into()), Setup, "/setup/capAdd"),
        (|setup| setup.user = "1000:1000".into(), Setup, "/setup/user"),
        (|setup| setup.cap_drop.clear(), Capabilities, "/setup/capDrop"),
        (|setup| setup.security_opt.truncate(1), SecurityOptions, "/setup/securityOpt"),
        (|setup| setup.mounts[1].readonly = false, Setup, "/setup/mounts/1"),
        (|setup| setup.privileged = true, Privileged, "/setup/privileged"),
        (|setup| setup.command.extend(words(&["--", "/entry"])), Setup, "/setup/command"),
        (|setup| _ = setup.env.insert("A".into(), "b".into()), Setup, "/setup/env"),
        (|setup| setup.image = Some("other".into()), Setup, "/setup/image"),
    ];
    for (tamper, check, place) in cases {
        let mut broken = good.clone();
        tamper(broken.setup.as_mut().expect("there is one"));
        let found = audit(&broken, &policy);
        let seen: Vec<_> = found.iter().map(|violation| (violation.check, violation.place.as_str())).collect();
        assert_eq!(seen, [(check, place)], "{found:#?}");
    }
    let mut broken = good.clone();
    broken.setup.as_mut().expect("there is one").mounts.push(outside);
    assert_eq!(audit(&broken, &policy).len(), 1);
}

#[test]
fn nothing_runs_as_root_but_what_was_approved() {
    let (good, approving) = set_up();
    let checks = |plan: &Plan, policy: &Policy| -> Vec<Check> {
        audit(plan, policy).into_iter().map(|violation| violation.check).collect()
    };
    assert_eq!(checks(&good, &policy()), [Approval]);
    let mut changed = good.clone();
    let hook = changed.lifecycle.iter_mut().find(|hook| hook.setup).expect("there is one");
    hook.command.push("more".into());
    assert_eq!(checks(&changed, &approving), [Approval]);
    let mut gone = good.clone();
    gone.setup = None;
    assert_eq!(checks(&gone, &approving), [Setup]);
    let mut idle = good.clone();
    idle.lifecycle.retain(|hook| !hook.setup);
    assert_eq!(checks(&idle, &approving), [Setup], "nothing is there that needs it");
    let mut agent = good;
    agent.lifecycle.iter_mut().for_each(|hook| hook.setup = false);
    agent.setup = None;
    assert_eq!(checks(&agent, &approving), [Hook], "root in the sandbox itself");
}

/// A policy that approves this build, and nothing of it done otherwise.
fn approving(build: &Build) -> Policy {
    let Build { digest, args, target, network, .. } = build;
    let buildkit = build.buildkit.then_some(*network);
    let asked = AskedBuild { dockerfile: digest, args, target: target.as_deref(), buildkit };
    let mut policy = policy();
    policy.approvals.add(Request::build("Dockerfile", "", asked, Vec::new()));
    policy
}

fn building(build: &Build) -> Plan {
    let mut plan = plan();
    plan.containers[0].image = None;
    plan.containers[0].build = Some(build.clone());
    plan
}

fn checked(plan: &Plan, policy: &Policy) -> Vec<Check> {
    audit(plan, policy).into_iter().map(|violation| violation.check).collect()
}

#[test]
fn a_build_is_let_past_the_policy_only_where_it_was_approved() {
    let asked = Build { approved: true, ..build() };
    assert_eq!(checked(&building(&asked), &policy()), [Approval]);
    let approving = approving(&asked);
    assert_eq!(checked(&building(&asked), &approving), []);
    let other = Build { args: [("MORE".into(), "1".into())].into(), ..asked };
    assert_eq!(checked(&building(&other), &approving), [Approval]);
}

#[test]
fn a_build_is_past_the_guardian_only_where_that_was_approved() {
    let open = |network, buildkit, approved| Build { network, buildkit, approved, ..build() };
    for network in [BuildNetwork::Engine, BuildNetwork::Host] {
        let asked = open(network, true, true);
        assert_eq!(checked(&building(&asked), &approving(&asked)), []);
        assert_eq!(checked(&building(&asked), &policy()), [Approval, Image]);
        assert_eq!(checked(&building(&open(network, true, false)), &approving(&asked)), [Approval, Image]);
        assert_eq!(checked(&building(&open(network, false, false)), &approving(&asked)), [Image]);
        let sealed = open(BuildNetwork::None, true, true);
        assert_eq!(
            checked(&building(&asked), &approving(&sealed)),
            [Approval, Image],
            "it was approved without a network"
        );
    }
    assert_eq!(checked(&building(&open(BuildNetwork::None, false, false)), &policy()), []);
    assert_eq!(checked(&building(&open(BuildNetwork::None, true, false)), &policy()), [Approval]);
    let unclear = open(BuildNetwork::Guardian, true, true);
    assert_eq!(checked(&building(&unclear), &approving(&unclear)), [Image], "BuildKit has no guardian");
    let steered =
        Build { args: [("buildkit_syntax".into(), "evil".into())].into(), ..open(BuildNetwork::Engine, true, true) };
    assert_eq!(checked(&building(&steered), &approving(&steered)), [Image]);
}

#[test]
fn the_policy_bounds_what_may_be_reached() {
    let rule = |text: &str| Rule::parse(text).expect(text);
    let mut wide = policy();
    wide.egress.allow.extend([rule("a.example.com"), rule("b.example.com")]);
    wide.egress.deny.insert(rule("c.example.com"));
    for (allow, deny, kept) in [
        (vec!["a.example.com", "b.example.com"], vec!["c.example.com"], true),
        (vec!["b.example.com"], vec!["c.example.com", "d.example.com"], true),
        (vec![], vec!["c.example.com"], true),
        (vec!["a.example.com"], vec![], false),
        (vec!["a.example.com:22"], vec!["c.example.com"], false),
        (vec!["**.example.com"], vec!["c.example.com"], false),
        (vec!["b.example.com", "a.example.com"], vec!["c.example.com"], false),
        (vec!["a.example.com", "a.example.com"], vec!["c.example.com"], false),
    ] {
        let mut plan = plan();
        let proxy = plan.proxy.as_mut().expect("the good plan has one");
        (proxy.allow, proxy.deny) = (words(&allow), words(&deny));
        let found: Vec<_> = audit(&plan, &wide).into_iter().map(|violation| violation.check).collect();
        assert_eq!(found, if kept { vec![] } else { vec![Allowlist] }, "{allow:?} {deny:?}");
    }
}

/// Breaks one thing in the good plan and expects exactly one violation.
fn found(tamper: impl FnOnce(&mut Plan), check: Check, place: &str) {
    let mut broken = plan();
    tamper(&mut broken);
    let found = audit(&broken, &policy());
    let seen: Vec<_> = found.iter().map(|violation| (violation.check, violation.place.as_str())).collect();
    assert_eq!(seen, [(check, place)], "{found:#?}");
}

macro_rules! container_cases {
    ($($field:ident$(.$inner:ident)* = $value:expr => $check:ident, $place:literal;)+) => {
        $(found(|plan| plan.containers[0].$field$(.$inner)* = $value, $check, concat!("/containers/0", $place));)+
    };
}

#[test]
fn every_field_of_a_container_is_guarded() {
    container_cases! {
        cap_drop = vec![] => Capabilities, "/capDrop";
        cap_drop = words(&["NET_RAW"]) => Capabilities, "/capDrop";
        cap_drop = words(&["ALL", "ALL"]) => Capabilities, "/capDrop";
        cap_add = words(&["SYS_ADMIN"]) => Capabilities, "/capAdd";
        privileged = true => Privileged, "/privileged";
        init = true => EngineInit, "/init";
        security_opt = vec![] => SecurityOptions, "/securityOpt";
        security_opt = words(&["no-new-privileges"]) => SecurityOptions, "/securityOpt";
        security_opt = words(&["seccomp=cloister"]) => SecurityOptions, "/securityOpt";
        security_opt = words(&["no-new-privileges", "seccomp=unconfined"]) => SecurityOptions, "/securityOpt";
        security_opt = words(&["no-new-privileges", "seccomp="]) => SecurityOptions, "/securityOpt";
        security_opt = words(&["no-new-privileges:false", "seccomp=x"]) => SecurityOptions, "/securityOpt";
        security_opt = words(&["no-new-privileges", "no-new-privileges=false", "seccomp=x"]) => SecurityOptions, "/securityOpt";
        security_opt = words(&["no-new-privileges", "seccomp=x", "seccomp=y"]) => SecurityOptions, "/securityOpt";
        security_opt = words(&["no-new-privileges", "seccomp=x", "apparmor=unconfined"]) => SecurityOptions, "/securityOpt";
        security_opt = words(&["no-new-privileges", "seccomp=x", "label=disable"]) => SecurityOptions, "/securityOpt";
        ports = words(&["8080"]) => Ports, "/ports";
        devices = words(&["/dev/kvm"]) => Devices, "/devices";
        namespaces.pid = "host".into() => Namespaces, "/namespaces/pid";
        namespaces.ipc = "shareable".into() => Namespaces, "/namespaces/ipc";
        namespaces.uts = "host".into() => Namespaces, "/namespaces/uts";
        namespaces.cgroup = String::new() => Namespaces, "/namespaces/cgroup";
        namespaces.user = "host".into() => Namespaces, "/namespaces/user";
        sysctls = BTreeMap::new() => Sysctls, "/sysctls";
        log_driver = "syslog".into() => Logging, "/logDriver";
        restart = "always".into() => Restart, "/restart";
        stop_signal = Some("-9; rm".into()) => StopSignal, "/stopSignal";
        stop_signal = Some(String::new()) => StopSignal, "/stopSignal";
    }
    for (name, value) in
        [("net.ipv4.ip_forward", "1"), ("net.ipv6.conf.all.disable_ipv6", "0"), ("kernel.shm_rmid_forced", "1")]
    {
        let place = format!("/containers/0/sysctls/{name}");
        found(|plan| _ = plan.containers[0].sysctls.insert(name.into(), value.into()), Sysctls, &place);
    }
}

#[test]
fn process_one_is_the_init_and_probes_first() {
    for (entrypoint, command) in [
        (&[][..], &["/run/cloister/bin/cloister-init", "init", "${CLOISTER_PROBE}"][..]),
        (&["/bin/sh"], &["init", "${CLOISTER_PROBE}"]),
        (&["/run/cloister/bin/cloister-init"], &[]),
        (&["/run/cloister/bin/cloister-init"], &["init"]),
        (&["/run/cloister/bin/cloister-init"], &["init", "{}"]),
        (&["/run/cloister/bin/cloister-init"], &["signal", "1", "KILL"]),
        (&["/run/cloister/bin/cloister-init"], &["init", "${CLOISTER_PROBE}", "/bin/sh"]),
        (&["/run/cloister/bin/cloister-init"], &["init", "${CLOISTER_PROBE}", "--"]),
        (&["/run/cloister/bin/cloister-init", "x"], &["init", "${CLOISTER_PROBE}"]),
    ] {
        let tamper = |plan: &mut Plan| {
            plan.containers[0].entrypoint = words(entrypoint);
            plan.containers[0].command = words(command);
        };
        found(tamper, Entrypoint, "/containers/0/entrypoint");
    }
}

#[test]
fn users_are_numbers_and_not_root() {
    for user in [
        "0:0",
        "0:1000",
        "00:0",
        "1000",
        "node",
        "node:node",
        "1000:",
        ":1000",
        "+1:1",
        "01000:1000",
        "1:1:1",
        "",
        "4294967296:0",
    ] {
        let tamper = |plan: &mut Plan| {
            plan.containers[0].user = user.into();
            plan.lifecycle.iter_mut().for_each(|hook| hook.user = user.into());
        };
        found(tamper, User, "/containers/0/user");
    }
    container_cases! {
        user_name = "a:0:0".into() => Account, "/userName";
        user_name = "node\nroot".into() => Account, "/userName";
        user_name = "-x".into() => Account, "/userName";
        user_name = String::new() => Account, "/userName";
    }
}

#[test]
fn names_are_this_sandboxs_own() {
    container_cases! {
        hostname = "Cloister-guardian-1".into() => HostName, "/hostname";
        hostname = "host.docker.internal".into() => HostName, "/hostname";
        hostname = "localhost".into() => HostName, "/hostname";
        hostname = "two words".into() => HostName, "/hostname";
        hostname = String::new() => HostName, "/hostname";
        image = None => Image, "/image";
        image = Some(String::new()) => Image, "/image";
        image = Some("--privileged".into()) => Image, "/image";
        image = Some("debian bookworm".into()) => Image, "/image";
        image = Some("${CLOISTER_TOKEN}".into()) => Placeholder, "/image";
        build = Some(build()) => Image, "/image";
    }
    for (name, address) in [
        ("host.docker.internal", "127.0.0.1"),
        ("cloister-guardian", "192.0.2.1"),
        ("localhost", "192.0.2.1"),
        ("db", "host-gateway"),
        ("db", ""),
        ("two words", "127.0.0.1"),
    ] {
        let place = format!("/containers/0/extraHosts/{name}");
        found(|plan| _ = plan.containers[0].extra_hosts.insert(name.into(), address.into()), HostName, &place);
    }
    for (name, value, check) in [
        ("com.docker.compose.project", "x", Labels),
        ("devcontainer.other", "x", Labels),
        ("cloister.sandbox", "ffffffffffff", Labels),
        ("cloister.workspace", "${CLOISTER_HOME}", Placeholder),
    ] {
        let place = format!("/containers/0/labels/{name}");
        found(|plan| _ = plan.containers[0].labels.insert(name.into(), value.into()), check, &place);
    }
    found(|plan| plan.network.as_mut().unwrap().name = "cloister-ffffffffffff".into(), Name, "/containers/0/name");
}

#[test]
fn builds_stay_inside_and_behind_the_guardian() {
    let with = |change: fn(&mut crate::plan::model::Build)| {
        move |plan: &mut Plan| {
            let mut build = build();
            change(&mut build);
            plan.containers[0].image = None;
            plan.containers[0].build = Some(build);
        }
    };
    found(with(|build| build.network = BuildNetwork::Host), Image, "/containers/0/build/network");
    found(with(|build| build.context = "..".into()), Image, "/containers/0/build/context");
    found(with(|build| build.context = "/".into()), Image, "/containers/0/build/context");
    found(with(|build| build.context = "https://example.com/a.git".into()), Image, "/containers/0/build/context");
    found(with(|build| build.dockerfile = "a/../../Dockerfile".into()), Image, "/containers/0/build/dockerfile");
    found(with(|build| build.dockerfile = "-".into()), Image, "/containers/0/build/dockerfile");
    found(with(|build| build.target = Some(HOME.into())), Placeholder, "/containers/0/build");
}

#[test]
fn mounts_come_from_where_they_may_and_go_where_they_may() {
    let volume = |source: &str, target: &str| crate::plan::model::Mount {
        kind: MountKind::Volume,
        ..bind(source, target, false)
    };
    let memory = |target: &str| crate::plan::model::Mount { kind: MountKind::Tmpfs, ..bind("", target, false) };
    for (mount, check, field) in [
        (bind("/", "/host", true), MountSource, "source"),
        (bind("/var/run/docker.sock", "/x", true), MountSource, "source"),
        (bind("/home/me/app/sub", "/x", false), MountSource, "source"),
        (bind("/home/me/app/../.ssh", "/x", false), MountSource, "source"),
        (bind("${CLOISTER_HOME}/../x", "/x", false), MountSource, "source"),
        (bind("${CLOISTER_FILES}/../x", "/x", true), MountSource, "source"),
        (bind(HOME, "/elsewhere", false), MountSource, "source"),
        (volume("cache", "/x"), MountSource, "source"),
        (volume("cloister-ffffffffffff-cache", "/x"), MountSource, "source"),
        (volume("cloister-0123456789ab-", "/x"), MountSource, "source"),
        (volume("cloister-0123456789ab-a/b", "/x"), MountSource, "source"),
        (volume("", "/x"), MountSource, "source"),
        (memory("relative"), MountTarget, "target"),
        (memory("/a/../b"), MountTarget, "target"),
        (memory("/a//b"), MountTarget, "target"),
        (memory("/a/"), MountTarget, "target"),
        (memory("/a\n"), MountTarget, "target"),
        (memory("/"), MountTarget, "target"),
        (memory("/proc"), MountTarget, "target"),
        (memory("/cache/deep/er"), MountTarget, "target"),
        (memory("/proc/sys"), MountTarget, "target"),
        (memory("/dev/shm"), MountTarget, "target"),
        (memory("/etc"), MountTarget, "target"),
        (memory("/etc/group"), MountTarget, "target"),
        (memory("/run"), MountTarget, "target"),
        (memory("/run/cloister/bin/x"), MountTarget, "target"),
        (memory("/tmp"), MountTarget, "target"),
        (memory("/${CLOISTER_TOKEN}"), MountTarget, "target"),
        (memory(AUTO), MountTarget, "target"),
        (bind(PROGRAMS, "/run/cloister/bin2", true), MountTarget, "target"),
        (bind(FILES, "/run/cloister/files", false), MountReadOnly, "readonly"),
        (volume(FILES, "/run/cloister/files"), MountSource, "type"),
    ] {
        let mount = crate::plan::model::Mount { readonly: mount.readonly || field == "type", ..mount };
        let place = format!("/containers/0/mounts/18/{field}");
        found(|plan| plan.containers[0].mounts.push(mount), check, &place);
    }
    let sized = crate::plan::model::Mount { size_bytes: Some(0), ..memory("/x") };
    found(|plan| plan.containers[0].mounts.push(sized), MountSource, "/containers/0/mounts/18/sizeBytes");
    found(|plan| _ = plan.containers[0].mounts.remove(0), WorkspaceMount, "/containers/0/mounts");
    found(|plan| plan.workspace.folder = "src".into(), WorkspacePath, "/workspace/folder");
    found(|plan| plan.workspace.folder = "/${CLOISTER_TOKEN}".into(), Placeholder, "/workspace/folder");
}

#[test]
fn what_host_tools_trust_is_out_of_reach() {
    let mounts = |plan: &mut Plan, change: &dyn Fn(&mut Vec<crate::plan::model::Mount>)| {
        change(&mut plan.containers[0].mounts);
    };
    let at = |mounts: &[crate::plan::model::Mount], name: &str| {
        mounts.iter().position(|mount| mount.target == format!("/workspaces/app/{name}")).unwrap()
    };
    for name in [".vscode", ".devcontainer", ".git/hooks", ".git/config", ".git/config.worktree", ".git/commondir"] {
        let gone = |all: &mut Vec<_>| _ = all.remove(at(all, name));
        found(|plan| mounts(plan, &gone), Protection, &format!("/containers/0/mounts/{name}"));
        let mut writable = plan();
        let position = at(&writable.containers[0].mounts, name);
        writable.containers[0].mounts[position].readonly = false;
        let checks: Vec<_> = audit(&writable, &policy()).into_iter().map(|violation| violation.check).collect();
        assert!(checks.contains(&Protection), "{name}: {checks:?}");
    }
    let mut planted = plan();
    planted.containers[0].mounts[12].source = "/home/me/app/.git/hooks".into();
    assert!(audit(&planted, &policy()).iter().any(|violation| violation.check == MountSource));
    for target in [".vscode/in", ".git/hooks/in", ".git/refs"] {
        let over = bind("", &format!("/workspaces/app/{target}"), false);
        let over = crate::plan::model::Mount { kind: MountKind::Tmpfs, ..over };
        found(|plan| mounts(plan, &|all| all.push(over.clone())), Protection, "/containers/0/mounts/18/target");
    }
}

#[test]
fn limits_are_set_and_capped() {
    container_cases! {
        limits.pids = 0 => Limits, "/limits/pids";
        limits.pids = 4097 => Limits, "/limits/pids";
        limits.memory_bytes = 0 => Limits, "/limits/memoryBytes";
        limits.memory_bytes = (8 << 30) + 1 => Limits, "/limits/memoryBytes";
        limits.cpus = 0.0 => Limits, "/limits/cpus";
        limits.cpus = -1.0 => Limits, "/limits/cpus";
        limits.cpus = 4.5 => Limits, "/limits/cpus";
        limits.cpus = f64::NAN => Limits, "/limits/cpus";
        limits.cpus = f64::INFINITY => Limits, "/limits/cpus";
        limits.nofile = 16385 => Limits, "/limits/nofile";
        limits.shm_bytes = 1 << 40 => Limits, "/limits/shmBytes";
        limits.ulimits = BTreeMap::new() => Limits, "/limits/ulimits/core";
        limits.ulimits = BTreeMap::from([("core".into(), [0, 1])]) => Limits, "/limits/ulimits/core";
    }
    for (name, limit) in [("nofile", [1, 1]), ("bogus", [1, 1]), ("nproc", [2, 1])] {
        let place = format!("/containers/0/limits/ulimits/{name}");
        found(|plan| _ = plan.containers[0].limits.ulimits.insert(name.into(), limit), Limits, &place);
    }
}

#[test]
fn the_environment_leads_to_the_guardian() {
    for (name, value, check) in [
        ("HTTP_PROXY", "", ProxyEnvironment),
        ("https_proxy", "http://192.0.2.1:3128", ProxyEnvironment),
        ("all_proxy", "socks5://192.0.2.1", ProxyEnvironment),
        ("No_Proxy", "*", ProxyEnvironment),
        ("NO_PROXY", "localhost,example.com", ProxyEnvironment),
        ("no_proxy", "", ProxyEnvironment),
        ("A=B", "c", EnvironmentName),
        ("A\nB", "c", EnvironmentName),
        ("", "c", EnvironmentName),
        ("A", "c\0", EnvironmentName),
        ("A", HOME, Placeholder),
        ("A", "x${CLOISTER_PROBE}", Placeholder),
    ] {
        let place = format!("/containers/0/env/{name}");
        found(|plan| _ = plan.containers[0].env.insert(name.into(), value.into()), check, &place);
    }
    found(|plan| _ = plan.containers[0].env.remove("https_proxy"), ProxyEnvironment, "/containers/0/env/https_proxy");
    for (name, value, check) in [
        ("HTTP_PROXY", None, ProxyEnvironment),
        ("no_proxy", Some("*"), ProxyEnvironment),
        ("A=B", None, EnvironmentName),
        ("A", Some(PROGRAMS), Placeholder),
    ] {
        let place = format!("/containers/0/remoteEnv/{name}");
        let value = value.map(str::to_owned);
        found(|plan| _ = plan.containers[0].remote_env.insert(name.into(), value), check, &place);
    }
    for name in ["SECRET", "HTTPS_PROXY", ""] {
        found(|plan| plan.passed_env.push(name.into()), PassedVariable, "/passedEnv/1");
    }
}

#[test]
fn network_and_proxy_are_cloisters_own() {
    found(|plan| plan.network.as_mut().unwrap().internal = false, Network, "/network/internal");
    found(|plan| plan.network.as_mut().unwrap().subnet = "192.0.2.0/24".into(), Network, "/network/subnet");
    found(|plan| plan.network.as_mut().unwrap().dns = words(&["192.0.2.1"]), Network, "/network/dns");
    found(|plan| plan.network.as_mut().unwrap().dns.clear(), Network, "/network/dns");
    for url in [
        "http://192.0.2.1:3128",
        "http://x:${CLOISTER_TOKEN}@192.0.2.1:1",
        "http://${CLOISTER_GUARDIAN}:1",
        "",
        "http://x:${CLOISTER_TOKEN}@${CLOISTER_GUARDIAN}:0",
    ] {
        let tamper = |plan: &mut Plan| {
            plan.proxy.as_mut().unwrap().url = url.into();
            let proxies = plan.containers[0].env.iter_mut().filter(|(name, _)| name.to_lowercase().starts_with("http"));
            proxies.for_each(|(_, value)| *value = url.into());
        };
        found(tamper, Proxy, "/proxy/url");
    }
    found(|plan| plan.proxy.as_mut().unwrap().allow = words(&["example.com"]), Allowlist, "/proxy/allow/0");
}

#[test]
fn nothing_runs_on_the_host_or_as_somebody_else() {
    let run = HookStatus::Run;
    found(|plan| plan.lifecycle.push(hook("initialize", Place::Host, run)), HostHook, "/lifecycle/2");
    found(|plan| plan.lifecycle.push(hook("initialize", Place::Container, run)), HostHook, "/lifecycle/2");
    found(|plan| plan.lifecycle.push(hook("postCreate", Place::Host, run)), HostHook, "/lifecycle/2");
    found(|plan| plan.lifecycle.push(hook("other", Place::Container, run)), Hook, "/lifecycle/2/hook");
    found(|plan| plan.lifecycle[1].user = "0:0".into(), Hook, "/lifecycle/1/user");
    found(|plan| plan.lifecycle[1].command.clear(), Hook, "/lifecycle/1/command");
    found(|plan| plan.lifecycle[1].command.push("\0".into()), Hook, "/lifecycle/1/command");
}

#[test]
fn what_was_approved_word_for_word_may_run_on_the_host() {
    let mut policy = policy();
    policy.approvals.add(Request::initialize("", &words(&["npm", "ci"]), None));
    let mut plan = plan();
    plan.lifecycle.push(hook("initialize", Place::Host, HookStatus::Run));
    assert_eq!(audit(&plan, &policy), []);
    let cases: [fn(&mut Hook); 4] = [
        |hook| hook.command.push("--force".into()),
        |hook| hook.name = "other".into(),
        |hook| hook.script = Some("sha256:0".into()),
        |hook| hook.place = Place::Container,
    ];
    for change in cases {
        let mut plan = plan.clone();
        change(plan.lifecycle.last_mut().unwrap());
        assert_eq!(audit(&plan, &policy)[0].check, HostHook, "{:?}", plan.lifecycle.last());
    }
    let mut denied = policy.clone();
    denied.approvals.deny(Request::initialize("", &words(&["npm", "ci"]), None));
    assert_eq!(audit(&plan, &denied)[0].check, HostHook);
}

#[test]
fn what_was_approved_may_be_read_and_some_of_it_never() {
    let mounted = |source: &str, readonly: bool, approved: &str| {
        let mut policy = policy();
        policy.approvals.add(Request::mount(approved, "/mnt/x"));
        let mut plan = plan();
        plan.containers[0].mounts.push(bind(source, "/mnt/x", readonly));
        audit(&plan, &policy).into_iter().map(|violation| violation.check).collect::<Vec<_>>()
    };
    assert_eq!(mounted("/data/x", true, "/data/x"), []);
    assert_eq!(mounted("/data/x", false, "/data/x"), [MountSource], "it is read-only");
    assert_eq!(mounted("/data/y", true, "/data/x"), [MountSource], "it is exactly that");
    for never in [
        "/",
        "/etc",
        "/run/docker.sock",
        "/data/x.sock",
        "/home/me/.ssh",
        "/home/me",
        "/home/me/app/sub",
        "/data/../etc",
    ] {
        assert!(mounted(never, true, never).contains(&MountSource), "{never}");
    }
    let mut plan = plan();
    plan.proxy.as_mut().unwrap().asked = Some("sha256:0".into());
    assert_eq!(audit(&plan, &policy())[0].check, Allowlist);
}

#[test]
fn outcome_findings_and_shape_agree() {
    type Case = (Plan, fn(&mut Plan), Check, &'static str);
    let cases: [Case; 6] = [
        (plan(), |plan| plan.findings.push(finding(Action::Refused)), Check::Verdict, "/outcome"),
        (plan(), |plan| plan.containers.clear(), ReadyIsComplete, "/containers"),
        (refused(), |plan| plan.findings.clear(), Check::Verdict, "/outcome"),
        (refused(), |plan| plan.network = good::plan().network, RefusedRunsNothing, "/containers"),
        (refused(), |plan| plan.proxy = good::plan().proxy, RefusedRunsNothing, "/containers"),
        (
            refused(),
            |plan| plan.lifecycle.push(hook("postCreate", Place::Container, HookStatus::Run)),
            RefusedRunsNothing,
            "/lifecycle",
        ),
    ];
    for (index, (mut plan, tamper, check, place)) in cases.into_iter().enumerate() {
        tamper(&mut plan);
        let seen: Vec<_> =
            audit(&plan, &policy()).into_iter().map(|violation| (violation.check, violation.place)).collect();
        assert_eq!(seen, [(check, place.to_owned())], "case {index}");
    }
}
