//! What the engine says of itself. Its answers are read member by member: what is missing or of another kind is unknown.

use serde_json::Value;

use super::version::Version;
use super::{Answers, Check, Status};
use crate::ui::text::visible;

/// The engine that the tests run on.
const TESTED: &str = "26.1";
/// runc with the repairs of the races on masked paths: CVE-2025-31133, CVE-2025-52565, CVE-2025-52881.
const REPAIRED: [Version; 3] = [Version::new(1, 2, 8), Version::new(1, 3, 3), Version::new(1, 4, 0).candidate(3)];
const RACES: &[&str] = &["CVE-2025-31133", "CVE-2025-52565", "CVE-2025-52881"];

/// Checks everything that the engine's own account tells.
pub(super) fn checks(answers: &Answers, kernel: &str) -> Vec<Check> {
    let info = &answers.info;
    vec![
        engine(answers),
        endpoint(answers, kernel),
        runtime(info, &answers.components),
        the_kernel(info, kernel),
        user_namespaces(info),
        security_module(info),
        seccomp(info),
        control_groups(info),
        builds(answers),
    ]
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// Returns the names of security options: `seccomp` of `name=seccomp,profile=builtin`. `None` where the engine does not
/// say.
fn security_options<'a>(info: &'a Value) -> Option<Vec<&'a str>> {
    let options = info.get("SecurityOptions")?.as_array()?.iter().filter_map(Value::as_str);
    let first = |option: &'a str| option.split(',').next().unwrap_or(option);
    Some(options.map(|option| first(option).trim_start_matches("name=")).collect())
}

fn unknown(id: &'static str, consequence: &str) -> Check {
    Check::new(id, Status::Note, "the engine does not say", consequence)
}

fn engine(answers: &Answers) -> Check {
    let seen = format!("Docker Engine {}", visible(&answers.version));
    match text(&answers.info, "OSType") {
        Some(system) if system != "linux" => {
            let seen = format!("{seen}, for {}", visible(system));
            Check::new("engine", Status::Failure, seen, "it runs no Linux containers").hint("use an engine on Linux")
        }
        _ if Version::parse(&answers.version).is_some_and(|version| version.is_of(26, 1)) => {
            Check::new("engine", Status::Ok, seen, "the version that cloister's tests run on")
        }
        _ => Check::new(
            "engine",
            Status::Note,
            seen,
            format!("cloister's tests run on {TESTED}; what this one closes is measured, not taken from its version"),
        ),
    }
}

fn endpoint(answers: &Answers, kernel: &str) -> Check {
    let seen = visible(&answers.endpoint);
    let elsewhere = text(&answers.info, "KernelVersion").is_some_and(|engine| engine != kernel);
    if text(&answers.info, "OperatingSystem") == Some("Docker Desktop") || elsewhere {
        let consequence = "the engine is on another machine: it mounts folders of that one, and cloister's measures are \
                           about this one";
        return Check::new("endpoint", Status::Warning, seen, consequence)
            .hint("use an engine on this machine: `unset DOCKER_HOST`, `docker context use default`");
    }
    if answers.endpoint.starts_with("tcp://") {
        return Check::new(
            "endpoint",
            Status::Warning,
            seen,
            "every program that reaches this port is root on the machine",
        )
        .hint("have the engine listen on its socket alone")
        .cites(&["CIS 2.7"]);
    }
    let is_rootless = security_options(&answers.info).is_some_and(|options| options.contains(&"rootless"));
    let who = if is_rootless { "the user who runs the engine" } else { "root on the machine" };
    Check::new("endpoint", Status::Ok, seen, format!("whoever may use this socket is {who}; no sandbox gets it"))
        .cites(&["CIS 5.32"])
}

fn runtime(info: &Value, components: &Value) -> Check {
    let name = text(info, "DefaultRuntime").unwrap_or("runc");
    if name != "runc" {
        let consequence = "what it isolates is up to it; cloister measures, and is tested with runc";
        return Check::new("runtime", Status::Note, visible(name), consequence);
    }
    let is_runc = |component: &&Value| text(component, "Name") == Some("runc");
    let listed = components.get("Components").and_then(Value::as_array).into_iter().flatten().find(is_runc);
    let Some(written) = listed.and_then(|runc| text(runc, "Version")) else {
        return unknown("runtime", "nobody can tell whether it has the repairs of 2025 for masked paths");
    };
    let seen = format!("runc {}", visible(written));
    match Version::parse(written) {
        None => Check::new("runtime", Status::Note, seen, "nobody can tell whether it has the repairs of 2025"),
        Some(version) if is_open(version) => Check::new(
            "runtime",
            Status::Warning,
            seen,
            "an image or an agent that wins a race while a container starts can write files of the kernel that are masked",
        )
        .hint(
            "update runc to 1.2.8, 1.3.3 or 1.4.0, or look whether your distribution repaired this version: \
             `apt changelog runc`",
        )
        .cites(RACES),
        Some(_) => Check::new("runtime", Status::Ok, seen, "the races of 2025 on masked paths are repaired").cites(RACES),
    }
}

/// Tells whether a runc came before the repairs in its series.
fn is_open(runc: Version) -> bool {
    let [old, middle, new] = REPAIRED;
    if runc.is_of(1, 3) {
        runc < middle
    } else if runc.is_of(1, 4) {
        runc < new
    } else {
        runc < old
    }
}

fn the_kernel(info: &Value, kernel: &str) -> Check {
    let seen = text(info, "KernelVersion").unwrap_or(kernel);
    Check::new(
        "kernel",
        Status::Ok,
        format!("Linux {}", visible(seen)),
        "every sandbox shares it: a mistake in it is a way out, and updates are what closes that",
    )
}

fn user_namespaces(info: &Value) -> Check {
    let id = "user-namespaces";
    let Some(options) = security_options(info) else {
        return unknown(id, "cloister runs nothing as root beside a folder of the machine, with or without them");
    };
    let mapped = "the owner of a workspace is somebody else inside: what only that user may write cannot be written in a \
                  sandbox";
    if options.contains(&"rootless") {
        return Check::new(id, Status::Warning, "the engine runs without root", mapped)
            .hint("use an engine that runs as root, or a workspace that the sandbox's user may write");
    }
    if options.contains(&"userns") {
        return Check::new(id, Status::Warning, "the engine maps users (userns-remap)", mapped)
            .hint("use an engine without `userns-remap`, or a workspace that the sandbox's user may write")
            .cites(&["CIS 2.9"]);
    }
    let consequence =
        "a user inside is the same user outside; cloister runs nothing as root beside a folder of the machine";
    Check::new(id, Status::Ok, "not in use", consequence).cites(&["CIS 2.9"])
}

fn security_module(info: &Value) -> Check {
    let id = "security-module";
    let Some(options) = security_options(info) else {
        return unknown(id, "the filter of system calls and the lack of capabilities do not depend on one");
    };
    if options.contains(&"selinux") {
        let consequence = "cloister gives a workspace no label: where the policy is enforced, a sandbox cannot read it";
        return Check::new(id, Status::Warning, "SELinux", consequence)
            .hint("give the folder a label that containers may use: `chcon -Rt container_file_t FOLDER`")
            .cites(&["CIS 5.3"]);
    }
    if options.contains(&"apparmor") {
        let consequence = "the engine's profile is one more wall, besides the filter of system calls";
        return Check::new(id, Status::Ok, "AppArmor", consequence).cites(&["CIS 5.2"]);
    }
    let consequence = "the filter of system calls and the lack of capabilities stand without another wall behind them";
    Check::new(id, Status::Note, "none", consequence)
        .hint("enable AppArmor, and restart the engine")
        .cites(&["CIS 5.2", "CIS 5.3"])
}

fn seccomp(info: &Value) -> Check {
    let id = "seccomp";
    match security_options(info) {
        None => unknown(id, "an engine that cannot filter system calls starts no sandbox"),
        Some(options) if options.contains(&"seccomp") => {
            Check::new(id, Status::Ok, "there", "sandboxes get cloister's own filter, the same on every engine")
                .cites(&["CIS 5.22"])
        }
        Some(_) => {
            Check::new(id, Status::Failure, "missing", "the engine cannot filter system calls: no sandbox starts")
                .hint("use a kernel with CONFIG_SECCOMP_FILTER, and a runc that was built with seccomp")
                .cites(&["CIS 5.22"])
        }
    }
}

fn control_groups(info: &Value) -> Check {
    let id = "control-groups";
    let references: &[&str] = &["CIS 5.11", "CIS 5.12", "CIS 5.29"];
    let limits = [("PidsLimit", "processes"), ("MemoryLimit", "memory"), ("CpuCfsQuota", "processors")];
    let is_off = |key: &str| info.get(key).and_then(Value::as_bool) == Some(false);
    let missing: Vec<&str> = limits.iter().filter(|(key, _)| is_off(key)).map(|(_, what)| *what).collect();
    let version = text(info, "CgroupVersion");
    let seen = version.map_or_else(|| "the engine does not say".to_owned(), |version| format!("v{}", visible(version)));
    if !missing.is_empty() {
        let consequence = format!("no limit of {}: one sandbox can take all the machine has", missing.join(", "));
        return Check::new(id, Status::Warning, seen, consequence)
            .hint("boot with control groups v2 and every controller delegated to the engine")
            .cites(references);
    }
    if is_off("SwapLimit") {
        let consequence = "limits hold but for swap: a sandbox at its limit of memory can fill the machine's swap";
        return Check::new(id, Status::Warning, seen, consequence)
            .hint("boot with `swapaccount=1`, or without swap")
            .cites(references);
    }
    match version {
        Some("2") => {
            Check::new(id, Status::Ok, seen, "limits of processes, memory and processors hold").cites(references)
        }
        Some("1") => {
            Check::new(id, Status::Note, seen, "limits hold; the kernel keeps this version for old systems only")
                .hint("boot with control groups v2: `systemd.unified_cgroup_hierarchy=1`")
                .cites(references)
        }
        _ => Check::new(id, Status::Note, seen, "the limits that were asked for are read back at each start")
            .cites(references),
    }
}

fn builds(answers: &Answers) -> Check {
    let (seen, other) = if answers.builder.as_deref() == Some("2") {
        ("the classic builder, and BuildKit", "waits for your approval, since its steps cannot be sealed")
    } else {
        ("the classic builder alone", "cannot be built")
    };
    let consequence = format!(
        "images are built by the classic builder, in a sealed network; what only BuildKit knows of a Dockerfile {other}"
    );
    Check::new("builds", Status::Ok, seen, consequence)
}
