//! Plans made by hand, as hardening makes them.

use std::collections::BTreeMap;

use cloister::plan::model::*;
use cloister::plan::{Action, Code, Finding, Severity, canonical};
use cloister::source::{Origin, Source};

/// Name of the configuration in every plan here.
pub(crate) const CONFIG: &str = ".devcontainer/devcontainer.json";

/// A plan without findings, with everything that a usual project has.
pub(crate) fn clean() -> Plan {
    canonical::seal(Plan {
        version: 1,
        digest: String::new(),
        outcome: Verdict::Ready,
        facts: FactsSummary {
            known: BTreeMap::from([("image.id".into(), "sha256:41c9d2f0aa".into())]),
            unknown: Vec::new(),
        },
        config: ConfigSummary {
            path: Some(CONFIG.into()),
            kind: ConfigKind::Image,
            digest: Some(format!("sha256:{}", "0".repeat(64))),
            name: Some("Shop".into()),
        },
        workspace: Workspace {
            source: Some("/home/ada/shop-api".into()),
            target: "/workspaces/shop-api".into(),
            folder: "/workspaces/shop-api".into(),
            clone: None,
        },
        containers: vec![container()],
        setup: None,
        network: Some(Network {
            name: "cloister-0123456789ab".into(),
            internal: true,
            subnet: AUTO.into(),
            dns: vec!["127.0.0.1".into()],
        }),
        proxy: Some(Proxy {
            url: format!("http://cloister:{TOKEN}@{GUARDIAN}:3128"),
            presets: ["ai", "docs", "git-hosts", "packages"].map(Into::into).to_vec(),
            allow: (0..43).map(|number| format!("host-{number:02}.example.com:443")).collect(),
            asked: None,
            deny: Vec::new(),
        }),
        lifecycle: vec![
            hook("onCreate", "", &["/bin/sh", "-c", "npm ci"], HookStatus::Run),
            hook("postStart", "", &["npm", "run", "watch"], HookStatus::Run),
        ],
        passed_env: Vec::new(),
        findings: Vec::new(),
    })
}

/// The plan with these findings, sealed again.
pub(crate) fn with(plan: Plan, findings: Vec<Finding>) -> Plan {
    canonical::seal(Plan { findings, ..plan })
}

/// A plan that does not run.
pub(crate) fn refused(findings: Vec<Finding>) -> Plan {
    let plan = Plan {
        outcome: Verdict::Refused,
        containers: Vec::new(),
        setup: None,
        network: None,
        proxy: None,
        lifecycle: Vec::new(),
        ..clean()
    };
    with(plan, findings)
}

/// A lifecycle command.
pub(crate) fn hook(name: &str, part: &str, command: &[&str], status: HookStatus) -> Hook {
    Hook {
        hook: name.into(),
        name: part.into(),
        group: 0,
        command: command.iter().map(|argument| (*argument).to_owned()).collect(),
        user: "1000:1000".into(),
        place: if name == "initialize" { Place::Host } else { Place::Container },
        status,
        setup: false,
        script: None,
    }
}

/// A bind mount.
pub(crate) fn bind(source: &str, target: &str, readonly: bool) -> Mount {
    Mount { kind: MountKind::Bind, source: source.into(), target: target.into(), readonly, size_bytes: None }
}

fn container() -> Container {
    let own = "private".to_owned();
    let workspace = "/workspaces/shop-api";
    Container {
        name: "cloister-0123456789ab".into(),
        image: Some("registry.example.com/base:bookworm".into()),
        build: None,
        user: "1000:1000".into(),
        user_name: "vscode".into(),
        home: "/home/vscode".into(),
        cap_drop: vec!["ALL".into()],
        cap_add: Vec::new(),
        security_opt: vec!["no-new-privileges:true".into(), "seccomp=cloister/2".into()],
        privileged: false,
        init: false,
        readonly_rootfs: false,
        mounts: vec![
            bind("/home/ada/shop-api", workspace, false),
            bind("/home/ada/shop-api/.git/hooks", "/workspaces/shop-api/.git/hooks", true),
            bind("/home/ada/shop-api/.devcontainer", "/workspaces/shop-api/.devcontainer", true),
            bind(PROGRAMS, "/run/cloister/bin", true),
            bind("${CLOISTER_FILES}/passwd", "/etc/passwd", true),
        ],
        env: BTreeMap::from([("HTTP_PROXY".into(), format!("http://cloister:{TOKEN}@{GUARDIAN}:3128"))]),
        remote_env: BTreeMap::from([("EDITOR".into(), Some("vim".into())), ("PAGER".into(), None)]),
        ports: Vec::new(),
        devices: Vec::new(),
        sysctls: BTreeMap::new(),
        namespaces: Namespaces {
            pid: own.clone(),
            ipc: own.clone(),
            uts: own.clone(),
            user: "engine".into(),
            cgroup: own,
        },
        limits: Limits {
            pids: 4096,
            memory_bytes: 8 << 30,
            cpus: 4.0,
            nofile: 16384,
            shm_bytes: 1 << 30,
            ulimits: BTreeMap::from([("core".into(), [0, 0])]),
        },
        entrypoint: vec!["/run/cloister/bin/cloister-init".into()],
        command: vec!["init".into(), "${CLOISTER_PROBE}".into()],
        labels: BTreeMap::from([("cloister.sandbox".into(), "0123456789ab".into())]),
        hostname: "shop-api".into(),
        extra_hosts: BTreeMap::new(),
        stop_signal: None,
        log_driver: "json-file".into(),
        restart: "no".into(),
    }
}

/// A configuration and the findings about it.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) source: Source,
    pub(crate) findings: Vec<Finding>,
}

impl Case {
    pub(crate) fn new(text: &str) -> Self {
        Self { source: Source::new(CONFIG, text), findings: Vec::new() }
    }

    /// Adds a finding about the first occurrence of `needle`: what was asked, what runs, why, help.
    pub(crate) fn find(
        mut self,
        needle: &str,
        what: (Code, Severity, Action),
        [requested, effective, reason, help]: [&str; 4],
    ) -> Self {
        let start = self.source.text.find(needle).unwrap_or_else(|| panic!("{needle} is not in the text"));
        let location = self.source.locate(start..start + needle.len());
        let origin = Origin { pointer: "/somewhere".into(), location: Some(location) };
        let (code, severity, action) = what;
        self.findings
            .push(Finding::new(code, severity, action, &origin, requested, reason).effective(effective).help(help));
        self
    }
}

/// The configuration that asks for too much.
pub(crate) fn hostile() -> Case {
    use Action::{Kept, NeedsApproval, Removed, Replaced};
    use Severity::{Critical, High, Info};
    let text = r#"{
  // everything at once
  "name": "Shop",
  "image": "registry.example.com/base:bookworm",

  "forwardPorts": [3000],
  "privileged": true,
  "remoteUser": "vscode",
  "initializeCommand": "aws sso login",
  "onCreateCommand": "npm ci",
  "mounts": [
    "source=/var/run/docker.sock,target=/var/run/docker.sock,type=bind",
    { "source": "/home/ada/.ssh", "target": "/home/vscode/.ssh", "type": "bind" }
  ],
  "runArgs": ["--network=host", "--pid=host", "--init"]
}
"#;
    Case::new(text)
        .find(
            "\"--network=host\"",
            (Code::RunArg, High, Replaced),
            ["--network=host", "internal network", "would share every interface of this machine", ""],
        )
        .find(
            "\"--pid=host\"",
            (Code::RunArg, High, Removed),
            ["--pid=host", "processes of its own", "would see and signal every process of this machine", ""],
        )
        .find(
            "true",
            (Code::Privileged, Critical, Removed),
            ["privileged", "the container runs without it", "every capability, every device, no seccomp", ""],
        )
        .find(
            "\"source=/var/run/docker.sock,target=/var/run/docker.sock,type=bind\"",
            (Code::MountDockerSocket, Critical, Removed),
            [
                "/var/run/docker.sock",
                "",
                "whoever holds the engine's socket is root on this machine",
                "for commands that need the engine, ask the user to run them on the host",
            ],
        )
        .find(
            "{ \"source\": \"/home/ada/.ssh\", \"target\": \"/home/vscode/.ssh\", \"type\": \"bind\" }",
            (Code::MountCredentials, Critical, Removed),
            [
                "/home/ada/.ssh",
                "",
                "a folder of credentials",
                "name single variables under `env.pass` in config.json5 instead",
            ],
        )
        .find(
            "\"aws sso login\"",
            (Code::InitializeCommand, High, NeedsApproval),
            [
                "aws sso login",
                "not run",
                "would run outside the sandbox, before anything else",
                "run it yourself if you trust it",
            ],
        )
        .find("[3000]", (Code::ForwardPorts, Info, Kept), ["forwardPorts: 3000", "", "ports are not forwarded yet", ""])
}

/// Thirty findings of all severities.
pub(crate) fn thirty() -> Case {
    let severities = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];
    let actions = [Action::Removed, Action::Replaced, Action::Added, Action::Kept, Action::NeedsApproval];
    let lines: Vec<_> = (0..30).map(|number| format!("    \"--flag-{number:02}=value\"")).collect();
    let text = format!("{{\n  \"runArgs\": [\n{}\n  ]\n}}\n", lines.join(",\n"));
    (0..30).fold(Case::new(&text), |case, number| {
        let flag = format!("--flag-{number:02}=value");
        let needle = format!("\"{flag}\"");
        case.find(
            &needle,
            (Code::RunArg, severities[number % 5], actions[number % 5]),
            [&flag, "left out", "nobody knows this flag", "remove it, or ask for it by its property"],
        )
    })
}
