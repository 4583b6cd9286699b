//! A plan written back as the configuration that would ask for exactly what it gives.

use std::collections::BTreeMap;

use cloister::plan::model::{AUTO, Container, HookStatus, Limits, Mount, MountKind, Plan};
use serde_json::{Map, Value, json};

/// Variables that cloister sets in every sandbox; a configuration has no business with them.
fn is_own_variable(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name.ends_with("_PROXY")
        || name.starts_with("CLOISTER_")
        || ["NODE_USE_ENV_PROXY", "HOME", "USER", "GIT_CONFIG_SYSTEM"].contains(&name.as_str())
}

/// Returns the configuration.
pub(super) fn configuration(plan: &Plan) -> Value {
    let container = &plan.containers[0];
    let mut object = Map::new();
    let mut set = |name: &str, value: Value| object.insert(name.to_owned(), value);
    set("image", json!(container.image));
    set("containerEnv", json!(own_env(container)));
    set("remoteEnv", json!(container.remote_env));
    set("mounts", asked_mounts(plan).iter().map(|mount| mount_value(mount)).collect());
    set("runArgs", json!(run_args(container)));
    if container.user_name != AUTO {
        set("remoteUser", json!(container.user_name));
    }
    set("workspaceFolder", json!(plan.workspace.folder));
    set("workspaceMount", json!(workspace_mount(plan)));
    set("overrideCommand", json!(!container.command.contains(&"--".to_owned())));
    for (hook, value) in hooks(plan) {
        set(&format!("{hook}Command"), value);
    }
    Value::Object(object)
}

/// What must come out the same.
pub(super) fn shape(plan: &Plan) -> impl PartialEq + std::fmt::Debug + use<> {
    let container = &plan.containers[0];
    let mounts: Vec<_> = asked_mounts(plan)
        .iter()
        .map(|mount| (mount.kind, mount.target.clone(), mount.readonly, mount.size_bytes))
        .collect();
    let hooks: Vec<_> = plan
        .lifecycle
        .iter()
        .filter(|hook| hook.status == HookStatus::Run)
        .map(|hook| (hook.hook.clone(), hook.command.clone()))
        .collect();
    let identity =
        (container.image.clone(), container.hostname.clone(), container.extra_hosts.clone(), container.user.clone());
    (
        (plan.workspace.clone(), mounts, hooks, identity),
        (
            container.env.clone(),
            container.remote_env.clone(),
            container.limits.clone(),
            container.command.clone(),
            container.readonly_rootfs,
        ),
    )
}

fn own_env(container: &Container) -> BTreeMap<&String, &String> {
    container.env.iter().filter(|(name, _)| !is_own_variable(name)).collect()
}

fn asked_mounts(plan: &Plan) -> Vec<&Mount> {
    plan.containers[0].mounts.iter().filter(|mount| mount.kind != MountKind::Bind).collect()
}

fn mount_value(mount: &Mount) -> Value {
    let kind = if mount.kind == MountKind::Volume { "type=volume" } else { "type=tmpfs" };
    let source = Some(format!("source={}", mount.source)).filter(|_| !mount.source.is_empty());
    let size = mount.size_bytes.map(|size| format!("tmpfs-size={size}"));
    let readonly = mount.readonly.then(|| "readonly".to_owned());
    let target = Some(format!("target={}", mount.target));
    let fields = [Some(kind.to_owned()), source, target, size, readonly].into_iter().flatten();
    fields.map(|field| quoted(&field)).collect::<Vec<_>>().join(",").into()
}

fn quoted(field: &str) -> String {
    format!("\"{}\"", field.replace('"', "\"\""))
}

fn workspace_mount(plan: &Plan) -> String {
    let workspace = &plan.workspace;
    match &workspace.source {
        None => String::new(),
        Some(source) => {
            ["type=bind", &format!("source={source}"), &format!("target={}", workspace.target)].map(quoted).join(",")
        }
    }
}

fn run_args(container: &Container) -> Vec<String> {
    let Limits { pids, memory_bytes, cpus, nofile, shm_bytes, ulimits } = &container.limits;
    let mut arguments = vec![
        format!("--pids-limit={pids}"),
        format!("--memory={memory_bytes}"),
        format!("--cpus={cpus}"),
        format!("--ulimit=nofile={nofile}"),
        format!("--shm-size={shm_bytes}"),
        format!("--hostname={}", container.hostname),
        "--cap-drop=ALL".to_owned(),
        "--security-opt=no-new-privileges".to_owned(),
        "--restart=no".to_owned(),
    ];
    let further = ulimits.iter().filter(|(name, _)| *name != "core");
    arguments.extend(further.map(|(name, [soft, hard])| format!("--ulimit={name}={soft}:{hard}")));
    arguments.extend(container.extra_hosts.iter().map(|(name, address)| format!("--add-host={name}={address}")));
    arguments.extend(container.readonly_rootfs.then(|| "--read-only".to_owned()));
    arguments
}

/// Hooks that run, one property each; several commands of one property are an object.
fn hooks(plan: &Plan) -> Vec<(String, Value)> {
    let mut hooks: BTreeMap<String, Vec<&Vec<String>>> = BTreeMap::new();
    for hook in plan.lifecycle.iter().filter(|hook| hook.status == HookStatus::Run) {
        hooks.entry(hook.hook.clone()).or_default().push(&hook.command);
    }
    let value = |commands: Vec<&Vec<String>>| match commands.as_slice() {
        [command] => json!(command),
        commands => (0..)
            .zip(commands)
            .map(|(index, command): (usize, _)| (format!("{index:04}"), json!(command)))
            .collect::<Map<_, _>>()
            .into(),
    };
    hooks.into_iter().map(|(hook, commands)| (hook, value(commands))).collect()
}
