//! What depends on facts: accounts, owners, links. What depends on the file alone is in `tests/golden/cases`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::*;
use crate::config::model::{MountRequest, Text};
use crate::facts::{Entry, HostFacts, ImageFacts, Lacks, PathFact};
use crate::merge::{Parts, merge};
use crate::plan::model::{ConfigKind, HookStatus};
use crate::source::{Origin, Spanned};

fn facts() -> Facts {
    Facts {
        host: HostFacts {
            uid: 1000,
            home: "/home/dev".into(),
            runtime_dir: None,
            folder: "/home/dev/app".into(),
            mount_root: "/home/dev/app".into(),
            owner: (1000, 1000),
            has_config_above: false,
            lacks: Lacks::default(),
            paths: BTreeMap::new(),
            scripts: BTreeMap::new(),
            own: Vec::new(),
            entries: BTreeMap::new(),
        },
        image: None,
        engine: None,
    }
}

fn image(user: &str) -> ImageFacts {
    ImageFacts {
        user: user.into(),
        passwd: "root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/bash\ndaemon:x:1:1::/usr/sbin:/x\n"
            .into(),
        homes: BTreeMap::from([("/root".into(), 0), ("/home/node".into(), 1000)]),
        ..ImageFacts::default()
    }
}

fn text(value: &str) -> Spanned<Text> {
    Spanned::new(Text::plain(value), Origin::unplaced("/x"))
}

fn plan(config: DevContainer, policy: &Policy, facts: &Facts) -> Plan {
    harden(&merged(config), policy, facts)
}

fn merged(config: DevContainer) -> MergedConfig {
    let config = DevContainer { kind: Kind::Image(text("debian:12")), ..config };
    let summary = ConfigSummary { path: None, kind: ConfigKind::Image, digest: None, name: None };
    let parts =
        Parts { summary, config, label: Vec::new(), denied: Vec::new(), warnings: Vec::new(), dockerfile: None };
    merge(parts)
}

#[test]
fn the_account_has_the_owners_numbers_and_the_images_name_and_home() {
    // (remoteUser, image's USER, owner) → (user, name, home, a home of its own)
    let cases = [
        (None, "node", 1000, ("1000:1000", "node", "/home/node", false)),
        (None, "", 1000, ("1000:1000", "node", "/home/node", false)),
        (Some("node"), "", 1234, ("1234:1234", "node", "/home/node", true)),
        (Some("1000"), "", 1234, ("1234:1234", "node", "/home/node", true)),
        (None, "root", 1234, ("1234:1234", "agent", "/home/agent", true)),
        (Some("root"), "node", 1000, ("1000:1000", "node", "/home/node", false)),
        (Some("daemon"), "", 1000, ("1000:1000", "daemon", "/home/daemon", true)),
        (Some("nobody-here"), "", 1000, ("1000:1000", "nobody-here", "/home/nobody-here", true)),
    ];
    for (asked, image_user, owner, (user, name, home, own)) in cases {
        let mut facts = facts();
        facts.host.owner = (owner, owner);
        facts.image = Some(image(image_user));
        let config = DevContainer { remote_user: asked.map(text), ..DevContainer::default() };
        let plan = plan(config, &Policy::builtin(), &facts);
        let container = &plan.containers[0];
        let brings_home = container.mounts.iter().any(|mount| mount.source == HOME);
        assert_eq!(
            (container.user.as_str(), container.user_name.as_str(), container.home.as_str(), brings_home),
            (user, name, home, own),
            "{asked:?} in an image of {image_user:?} for {owner}"
        );
        let told = plan.findings.iter().any(|finding| finding.code == Code::UserSyntax && finding.requested == name);
        assert_eq!(told, name == "nobody-here", "{asked:?}");
    }
}

#[test]
fn a_folder_of_root_is_opened_by_nobody_unless_allowed() {
    let mut facts = facts();
    facts.host.owner = (0, 0);
    let mut policy = Policy::builtin();
    let held = plan(DevContainer::default(), &policy, &facts);
    assert_ne!(held.containers[0].user, "0:0");
    let finding = |plan: &Plan| plan.findings.iter().find(|finding| finding.code == Code::RootUser).cloned();
    assert_eq!(finding(&held).map(|finding| finding.action), Some(Action::NeedsApproval));
    policy.allow_root_workspace = true;
    let allowed = plan(DevContainer::default(), &policy, &facts);
    assert_eq!(allowed.containers[0].user, "0:0");
    let finding = finding(&allowed).expect("it is reported");
    assert_eq!((finding.action, finding.severity), (Action::Kept, Severity::Critical));
}

#[test]
fn a_link_in_the_workspace_is_no_source() {
    let asked = |source: &str| {
        let mount = MountRequest::Text(Text::plain(format!("source={source},target=/data,type=bind")));
        DevContainer { mounts: vec![Spanned::new(mount, Origin::unplaced("/mounts/0"))], ..DevContainer::default() }
    };
    let lead = |target: &str| PathFact {
        canonical: Some(PathBuf::from(target)),
        through_link: true,
        entry: Some(Entry::Folder),
    };
    let cases = [
        ("/data/other", Severity::High),
        ("/home/dev/.ssh", Severity::Critical),
        ("/run/docker.sock", Severity::Critical),
    ];
    for (target, severity) in cases {
        let mut facts = facts();
        facts.host.paths.insert("/home/dev/app/link".into(), lead(target));
        let plan = plan(asked("/home/dev/app/link"), &Policy::builtin(), &facts);
        let finding = plan.findings.iter().find(|finding| finding.pointer == "/mounts/0").expect("it is reported");
        assert_eq!((finding.code, finding.severity), (Code::MountSymlink, severity), "{target}");
        assert!(plan.containers[0].mounts.iter().all(|mount| mount.target != "/data"));
    }
}

#[test]
fn a_workspace_below_the_mounted_folder_is_where_work_begins() {
    let mut facts = facts();
    facts.host.folder = "/home/dev/app/services/web".into();
    let plan = plan(DevContainer::default(), &Policy::builtin(), &facts);
    assert_eq!(plan.workspace.source.as_deref(), Some("/home/dev/app"));
    assert_eq!(plan.workspace.target, "/workspaces/app");
    assert_eq!(plan.workspace.folder, "/workspaces/app/services/web");
}

#[test]
fn a_working_folder_that_nothing_is_mounted_at_is_told() {
    let cases = [
        (None, "/code", true),
        (None, "/workspaces/app", false),
        (None, "/workspaces/app/api", false),
        (None, "/workspaces/other", true),
        (None, "/workspaces", false),
        (None, "/", false),
        (None, "/cache/x", false),
        (Some("source=/home/dev/app,target=/code,type=bind"), "/code/api", false),
        (Some(""), "/opt/tool", false),
    ];
    for (mount, folder, told) in cases {
        let cache = MountRequest::Text(Text::plain("type=volume,source=cache,target=/cache"));
        let config = DevContainer {
            workspace_mount: mount.map(text),
            workspace_folder: Some(text(folder)),
            mounts: vec![Spanned::new(cache, Origin::unplaced("/mounts/0"))],
            ..DevContainer::default()
        };
        let plan = plan(config, &Policy::builtin(), &facts());
        let finding = plan.findings.iter().find(|finding| finding.code == Code::WorkspaceFolder);
        assert_eq!(finding.map(|finding| finding.severity), told.then_some(Severity::Low), "{mount:?} {folder}");
        assert_eq!(plan.workspace.folder, folder);
    }
}

#[test]
fn a_home_folder_is_no_workspace() {
    for (folder, refused) in [
        ("/home/dev", true),
        ("/home", true),
        ("/", true),
        ("/etc", true),
        ("/home/dev/app", false),
        ("/srv/new\nline", true),
    ] {
        let mut facts = facts();
        facts.host.folder = folder.into();
        facts.host.mount_root = folder.into();
        let plan = plan(DevContainer::default(), &Policy::builtin(), &facts);
        assert_eq!(plan.outcome == Verdict::Refused, refused, "{folder}");
    }
}

#[test]
fn the_images_command_runs_behind_the_init() {
    let mut facts = facts();
    facts.image = Some(ImageFacts { entrypoint: vec!["/e".into()], command: vec!["c".into()], ..image("") });
    let config = DevContainer {
        override_command: Some(Spanned::new(false, Origin::unplaced("/overrideCommand"))),
        ..DevContainer::default()
    };
    let plan = plan(config, &Policy::builtin(), &facts);
    assert_eq!(plan.containers[0].entrypoint, [INIT]);
    assert_eq!(plan.containers[0].command, ["init", PROBE, "--", "/e", "c"]);
}

/// Each argument compared with each other one, or a bundle read for each of its letters, would take hours.
#[test]
fn arguments_without_end_are_read_in_one_pass() {
    const COUNT: usize = 50_000;
    let argument = |number: usize| Spanned::new(Text::plain("--label=a=b"), Origin::unplaced(format!("/{number}")));
    let mut run_args: Vec<_> = (0..COUNT).map(argument).collect();
    run_args.push(text(&format!("-{}", "i".repeat(COUNT))));
    let plan = plan(DevContainer { run_args, ..DevContainer::default() }, &Policy::builtin(), &facts());
    assert!(plan.findings.len() >= 2 * COUNT);
}

#[test]
fn the_images_own_variables_do_not_lead_past_the_guardian() {
    let mut facts = facts();
    let pairs = [
        ("FTP_PROXY", "http://192.0.2.1"),
        ("Http_Proxy", "http://192.0.2.1"),
        ("HTTPS_PROXY", "http://192.0.2.1"),
        ("No_Proxy", "*"),
        ("LD_PRELOAD", "/x.so"),
        ("LANG", "C"),
    ];
    let env = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    facts.image = Some(ImageFacts { env, ..image("") });
    let plan = plan(DevContainer::default(), &Policy::builtin(), &facts);
    assert_eq!(crate::plan::audit::audit(&plan, &Policy::builtin()), []);
    let env = &plan.containers[0].env;
    let url = plan.proxy.as_ref().map(|proxy| proxy.url.clone());
    for name in ["FTP_PROXY", "Http_Proxy", "HTTPS_PROXY"] {
        assert_eq!(env.get(name), url.as_ref(), "{name}");
    }
    assert_eq!((env["No_Proxy"].as_str(), env["LD_PRELOAD"].as_str()), ("localhost,127.0.0.1,::1", ""));
    assert!(!env.contains_key("LANG"));
    let told: Vec<_> = plan.findings.iter().map(|finding| finding.pointer.as_str()).collect();
    for name in ["FTP_PROXY", "Http_Proxy", "HTTPS_PROXY", "No_Proxy", "LD_PRELOAD"] {
        assert!(told.contains(&format!("image:/Env/{name}").as_str()), "{name}: {told:?}");
    }
}

#[test]
fn cloisters_programs_are_last_on_the_path() {
    let variable = |value: &str| crate::config::model::Variable {
        name: "PATH".to_owned(),
        value: Some(Text::plain(value)),
        origin: Origin::default(),
    };
    // (image's PATH, containerEnv, remoteEnv) → (container's, remote)
    let cases = [
        (Some("/a:/b"), None, None, Some("/a:/b:/run/cloister/bin"), None),
        (Some(""), None, None, Some("/run/cloister/bin"), None),
        (Some("/a:"), None, None, Some("/a:/run/cloister/bin"), None),
        (Some("/a"), Some("/b"), Some("/c"), Some("/b:/run/cloister/bin"), Some("/c:/run/cloister/bin")),
        (Some("/run/cloister/bin:/a"), None, None, Some("/run/cloister/bin:/a"), None),
        (None, None, None, None, None),
        (None, Some("/b"), None, Some("/b:/run/cloister/bin"), None),
    ];
    for (image_path, container, remote, expected, expected_remote) in cases {
        let mut facts = facts();
        let env = |path: &str| BTreeMap::from([("PATH".to_owned(), path.to_owned())]);
        facts.image = image_path.map(|path| ImageFacts { env: env(path), ..image("") });
        let container_env = container.map(variable).into_iter().collect();
        let remote_env = remote.map(variable).into_iter().collect();
        let plan =
            plan(DevContainer { container_env, remote_env, ..DevContainer::default() }, &Policy::builtin(), &facts);
        let found = &plan.containers[0];
        assert_eq!(found.env.get("PATH").map(String::as_str), expected, "{image_path:?} {container:?}");
        assert_eq!(found.remote_env.get("PATH").and_then(Option::as_deref), expected_remote);
    }
}

#[test]
fn a_folder_with_a_placeholder_in_its_name_is_refused() {
    let mut facts = facts();
    (facts.host.folder, facts.host.mount_root) =
        ("/home/dev/${CLOISTER_HOME}".into(), "/home/dev/${CLOISTER_HOME}".into());
    assert_eq!(plan(DevContainer::default(), &Policy::builtin(), &facts).outcome, Verdict::Refused);
}

/// Asks cloister for something, on a machine that has some paths.
fn asking(asked: serde_json::Value, paths: &[(&str, &str, Entry)]) -> (DevContainer, Facts) {
    let value = Spanned::new(asked, Origin::unplaced("/customizations/cloister"));
    let mut facts = facts();
    for (path, canonical, entry) in paths {
        let fact = PathFact { canonical: Some(canonical.into()), through_link: false, entry: Some(*entry) };
        facts.host.paths.insert((*path).to_owned(), fact);
    }
    (DevContainer { customizations: vec![("cloister".to_owned(), value)], ..DevContainer::default() }, facts)
}

#[test]
fn no_approval_opens_what_a_sandbox_must_never_see() {
    let never = [
        ("/", "/", Entry::Folder),
        ("/home/dev", "/home/dev", Entry::Folder),
        ("/home", "/home", Entry::Folder),
        ("/home/dev/.ssh", "/home/dev/.ssh", Entry::Folder),
        ("/home/dev/.aws/credentials", "/home/dev/.aws/credentials", Entry::File),
        ("/home/dev/data", "/home/dev/.ssh", Entry::Folder),
        ("/home/dev/../dev/data", "/home/dev/data", Entry::Folder),
        ("/home/dev//data", "/home/dev/data", Entry::Folder),
        ("/home/dev/data/", "/home/dev/data", Entry::Folder),
        ("/srv/../home/dev/.ssh", "/home/dev/.ssh", Entry::Folder),
        ("/var/run/docker.sock", "/run/docker.sock", Entry::Other),
        ("/run/docker.sock", "/run/docker.sock", Entry::Other),
        ("/run/user/1000/bus", "/run/user/1000/bus", Entry::Other),
        ("/run/app", "/run/app", Entry::Folder),
        ("/home/dev/agent.sock", "/home/dev/agent.sock", Entry::Other),
        ("/data/pipe", "/data/pipe", Entry::Other),
        ("/etc", "/etc", Entry::Folder),
        ("/proc/1/root", "/proc/1/root", Entry::Folder),
        ("/tmp", "/tmp", Entry::Folder),
        ("/tmp/ssh-abc", "/tmp/ssh-abc", Entry::Folder),
        ("/tmp/.X11-unix", "/tmp/.X11-unix", Entry::Folder),
        ("/home/dev/app", "/home/dev/app", Entry::Folder),
        ("/home/dev/app/sub", "/home/dev/app/sub", Entry::Folder),
        ("/data/cloister", "/data/cloister", Entry::Folder),
        ("/data", "/data", Entry::Folder),
        ("/data/${CLOISTER_TOKEN}", "/data/${CLOISTER_TOKEN}", Entry::Folder),
        ("relative/data", "/relative/data", Entry::Folder),
        ("${localWorkspaceFolder}/../x", "/home/dev/x", Entry::Folder),
    ];
    for path in never {
        let asked = serde_json::json!({ "mounts": [{ "source": path.0, "target": "/mnt/x" }] });
        let (config, mut facts) = asking(asked, &[path]);
        facts.host.own = vec!["/data/cloister".into()];
        let found = requests(&merged(config.clone()), &Policy::builtin(), &facts);
        assert_eq!(found, [], "{path:?}");
        let mut policy = Policy::builtin();
        policy.approvals.add(Request::mount(path.0, "/mnt/x"));
        policy.approvals.add(Request::mount(path.1, "/mnt/x"));
        let plan = plan(config, &policy, &facts);
        assert!(plan.containers[0].mounts.iter().all(|mount| mount.target != "/mnt/x"), "{path:?}");
        let finding = plan.findings.iter().find(|one| one.pointer == "/customizations/cloister/mounts/0");
        assert_eq!(finding.map(|finding| finding.action), Some(Action::Removed), "{path:?}");
    }
}

#[test]
fn an_approved_mount_is_read_only_and_covers_nothing() {
    let path = ("/home/dev/data", "/home/dev/data", Entry::Folder);
    let mounted = |target: &str| {
        let asked = serde_json::json!({ "mounts": [{ "source": path.0, "target": target }] });
        let (config, facts) = asking(asked, &[path]);
        let mut policy = Policy::builtin();
        for request in requests(&merged(config.clone()), &policy, &facts) {
            policy.approvals.add(request);
        }
        let plan = plan(config, &policy, &facts);
        assert_eq!(crate::plan::audit::audit(&plan, &policy), [], "{target}");
        plan.containers[0].mounts.iter().filter(|mount| mount.source == path.0).cloned().collect::<Vec<_>>()
    };
    let one = mounted("/mnt/data");
    assert!(one.len() == 1 && one[0].readonly && one[0].target == "/mnt/data", "{one:?}");
    for target in [
        "/",
        "/etc/passwd",
        "/etc",
        "/proc/x",
        "/run/cloister/bin",
        "/workspaces/app",
        "/workspaces",
        "/workspaces/app/x",
        "/workspaces/app/.git/hooks",
        "x",
    ] {
        assert_eq!(mounted(target), [], "{target}");
    }
}

#[test]
fn a_flood_of_requests_is_one_finding() {
    let hosts: Vec<String> = (0..10_000).map(|number| format!("h{number}.example.com")).collect();
    let mounts = vec![serde_json::json!({ "source": "/data/x", "target": "/x" }); 10_000];
    let (config, facts) = asking(serde_json::json!({ "allow": hosts, "mounts": mounts }), &[]);
    assert_eq!(requests(&merged(config.clone()), &Policy::builtin(), &facts), []);
    let plan = plan(config, &Policy::builtin(), &facts);
    let found = plan.findings.iter().filter(|one| one.pointer.starts_with("/customizations"));
    assert_eq!(found.count(), 2);
}

#[test]
fn a_command_for_the_host_runs_for_its_exact_words_and_script_only() {
    use crate::config::model::Command;
    use crate::facts::Script;
    let argv = |words: &[&str]| Command::Argv(words.iter().map(|word| Text::plain(*word)).collect());
    let config = |command| DevContainer {
        initialize_command: Some(Spanned::new(command, Origin::unplaced("/initializeCommand"))),
        ..DevContainer::default()
    };
    let script = |text: &str| Script { digest: format!("sha256:{text}"), text: Some(text.to_owned()) };
    let facts_with = |text: &str| {
        let mut facts = facts();
        facts.host.scripts.insert("./setup.sh".to_owned(), script(text));
        facts
    };
    let mut policy = Policy::builtin();
    let asked = requests(&merged(config(argv(&["./setup.sh", "x"]))), &policy, &facts_with("one"));
    asked.into_iter().for_each(|request| policy.approvals.add(request));
    let status = |command, facts: &Facts| {
        let plan = plan(config(command), &policy, facts);
        assert_eq!(crate::plan::audit::audit(&plan, &policy), []);
        plan.lifecycle[0].status
    };
    let (run, waits) = (HookStatus::Run, HookStatus::NeedsApproval);
    assert_eq!(status(argv(&["./setup.sh", "x"]), &facts_with("one")), run);
    assert_eq!(status(argv(&["./setup.sh", "x"]), &facts_with("two")), waits, "the script changed");
    assert_eq!(status(argv(&["./setup.sh", "x"]), &facts()), waits, "the script is gone");
    assert_eq!(status(argv(&["./setup.sh", "y"]), &facts_with("one")), waits);
    assert_eq!(status(argv(&["./setup.sh"]), &facts_with("one")), waits);
    assert_eq!(status(Command::Shell(Text::plain("./setup.sh x")), &facts_with("one")), waits, "a shell is another");
    let named = Command::Parallel(vec![("a".to_owned(), argv(&["./setup.sh", "x"]))]);
    assert_eq!(status(named, &facts_with("one")), waits);
    assert_eq!(status(argv(&["./setup.sh", "x\0"]), &facts_with("one")), HookStatus::Dropped);
}
