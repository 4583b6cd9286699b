//! What a container may do: capabilities, security options, user, namespaces, kernel parameters, process 1.

use super::{Check, Scope};
use crate::plan::model::Container;
use crate::policy::Policy;

/// The init, at the place where [`super::words::own_mount`] expects the programs.
const INIT: &str = "/run/cloister/bin/cloister-init";
/// What makes it probe before anything else.
const PROBE: [&str; 2] = ["init", "${CLOISTER_PROBE}"];

pub(super) fn check(container: &Container, policy: &Policy, report: &mut Scope<'_>) {
    let dropped = container.cap_drop == ["ALL"];
    report.require(dropped, Check::Capabilities, "/capDrop", &container.cap_drop);
    report.require(container.cap_add.is_empty(), Check::Capabilities, "/capAdd", &container.cap_add);
    report.require(!container.privileged, Check::Privileged, "/privileged", container.privileged);
    report.require(!container.init, Check::EngineInit, "/init", container.init);
    report.require(container.ports.is_empty(), Check::Ports, "/ports", &container.ports);
    report.require(container.devices.is_empty(), Check::Devices, "/devices", &container.devices);
    report.require(container.log_driver == "json-file", Check::Logging, "/logDriver", &container.log_driver);
    report.require(container.restart == "no", Check::Restart, "/restart", &container.restart);
    let writable = !container.readonly_rootfs;
    report.require(!(policy.strict && writable), Check::Strict, "/readonlyRootfs", container.readonly_rootfs);
    check_security_options(&container.security_opt, report);
    check_user(&container.user, policy, report);
    check_namespaces(container, report);
    check_sysctls(container, report);
    check_process(container, report);
}

fn check_security_options(options: &[String], report: &mut Scope<'_>) {
    let is_silent = |option: &&String| matches!(option.as_str(), "no-new-privileges" | "no-new-privileges:true");
    let profile = |option: &&String| {
        option.strip_prefix("seccomp=").is_some_and(|profile| !profile.is_empty() && !profile.contains("unconfined"))
    };
    let (silent, profiles) = (options.iter().filter(is_silent).count(), options.iter().filter(profile).count());
    let exact = silent == 1 && profiles == 1 && options.len() == 2;
    report.require(exact, Check::SecurityOptions, "/securityOpt", options);
}

fn check_user(user: &str, policy: &Policy, report: &mut Scope<'_>) {
    let numbers =
        user.split_once(':').and_then(|(uid, gid)| Some((super::words::number(uid)?, super::words::number(gid)?)));
    let allowed = numbers.is_some_and(|(uid, _)| uid != 0 || policy.allow_root_workspace);
    report.require(allowed, Check::User, "/user", user);
}

fn check_namespaces(container: &Container, report: &mut Scope<'_>) {
    let namespaces = &container.namespaces;
    let own =
        [("pid", &namespaces.pid), ("ipc", &namespaces.ipc), ("uts", &namespaces.uts), ("cgroup", &namespaces.cgroup)];
    for (name, value) in own {
        report.require(value == "private", Check::Namespaces, format!("/namespaces/{name}"), value);
    }
    let users = ["engine", "private"].contains(&namespaces.user.as_str());
    report.require(users, Check::Namespaces, "/namespaces/user", &namespaces.user);
}

fn check_sysctls(container: &Container, report: &mut Scope<'_>) {
    let expected = |name: &str| match name {
        "net.ipv6.conf.all.disable_ipv6" | "net.ipv6.conf.default.disable_ipv6" => Some("1"),
        "net.ipv6.conf.lo.disable_ipv6" => Some("0"),
        _ => None,
    };
    for (name, value) in &container.sysctls {
        report.require(expected(name) == Some(value), Check::Sysctls, format!("/sysctls/{name}"), value);
    }
    let off = container.sysctls.contains_key("net.ipv6.conf.all.disable_ipv6");
    report.require(off, Check::Sysctls, "/sysctls", &container.sysctls);
}

fn check_process(container: &Container, report: &mut Scope<'_>) {
    let mut words = container.entrypoint.iter().chain(&container.command).map(String::as_str);
    let first = words.next() == Some(INIT) && !container.entrypoint.is_empty();
    let probes = PROBE.iter().all(|word| words.next() == Some(word));
    let own = match words.next() {
        None => true,
        Some(separator) => separator == "--" && words.next().is_some(),
    };
    report.require(
        first && probes && own,
        Check::Entrypoint,
        "/entrypoint",
        (&container.entrypoint, &container.command),
    );
    let is_signal = |text: &String| {
        let name = text.strip_prefix("SIG").unwrap_or(text);
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"+-".contains(&byte);
        (1..=12).contains(&name.len()) && name.as_bytes()[0].is_ascii_alphanumeric() && name.bytes().all(plain)
    };
    report.require(
        container.stop_signal.as_ref().is_none_or(is_signal),
        Check::StopSignal,
        "/stopSignal",
        &container.stop_signal,
    );
}
