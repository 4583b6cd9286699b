//! Both readings in one form: ours written as JSON again, the reference's with its shorthands written out.

use std::collections::BTreeSet;

use cloister::config::model::{Build, Command, Compose, DevContainer, Kind, MountRequest, Text, Variable};
use cloister::diagnostic::{self, Diagnostic};
use cloister::source::Spanned;
use serde_json::{Map, Value, json};

/// One value that differs.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) pointer: String,
    pub(super) ours: String,
    pub(super) theirs: String,
}

/// Properties of which the reference keeps one that has no effect; we say so instead.
pub(super) fn passed_over(diagnostics: &[Diagnostic]) -> BTreeSet<String> {
    let unused = diagnostics.iter().filter(|one| one.kind == diagnostic::Kind::UnusedProperty);
    unused.map(|one| one.pointer.trim_start_matches('/').to_owned()).collect()
}

/// Writes a model as the reference writes a configuration.
pub(super) fn of_config(config: &DevContainer) -> Value {
    // Without `..`: a property that this test does not know must not compile.
    let DevContainer {
        name,
        kind,
        features,
        override_feature_install_order,
        app_port,
        forward_ports,
        ports_attributes,
        other_ports_attributes,
        run_args,
        workspace_mount,
        workspace_folder,
        mounts,
        container_env,
        remote_env,
        container_user,
        remote_user,
        update_remote_user_uid,
        user_env_probe,
        override_command,
        shutdown_action,
        init,
        privileged,
        cap_add,
        security_opt,
        initialize_command,
        on_create_command,
        update_content_command,
        post_create_command,
        post_start_command,
        post_attach_command,
        wait_for,
        host_requirements,
        secrets,
        customizations,
        unknown,
        asked: _, // places alone
    } = config;
    let mut view = Map::new();
    let mut put = |key: &str, value: Value| {
        let says_nothing = value.is_null() || value == json!([]) || value == json!({});
        if !says_nothing {
            view.insert(key.to_owned(), value);
        }
    };
    put("name", optional(name));
    match kind {
        Kind::Image(image) => put("image", text(image)),
        Kind::Dockerfile(build) => put("build", of_build(build)),
        Kind::Compose(compose) => of_compose(compose, &mut put),
        Kind::Default => {}
    }
    let features = features.iter().map(|one| (one.value.id.clone(), one.value.options.clone()));
    put("features", Value::Object(features.collect()));
    put("overrideFeatureInstallOrder", list(override_feature_install_order));
    put("appPort", list(app_port));
    put("forwardPorts", list(forward_ports));
    put("portsAttributes", opaque(ports_attributes));
    put("otherPortsAttributes", opaque(other_ports_attributes));
    put("runArgs", list(run_args));
    put("workspaceMount", optional(workspace_mount));
    put("workspaceFolder", optional(workspace_folder));
    put("mounts", mounts.iter().map(of_mount).collect());
    put("containerEnv", environment(container_env));
    put("remoteEnv", environment(remote_env));
    put("containerUser", optional(container_user));
    put("remoteUser", optional(remote_user));
    put("updateRemoteUserUID", simple(update_remote_user_uid));
    put("userEnvProbe", simple(user_env_probe));
    put("overrideCommand", simple(override_command));
    put("shutdownAction", simple(shutdown_action));
    put("init", simple(init));
    put("privileged", simple(privileged));
    put("capAdd", list(cap_add));
    put("securityOpt", list(security_opt));
    put("initializeCommand", hook(initialize_command));
    put("onCreateCommand", hook(on_create_command));
    put("updateContentCommand", hook(update_content_command));
    put("postCreateCommand", hook(post_create_command));
    put("postStartCommand", hook(post_start_command));
    put("postAttachCommand", hook(post_attach_command));
    put("waitFor", simple(wait_for));
    put("hostRequirements", opaque(host_requirements));
    put("secrets", opaque(secrets));
    let customizations = customizations.iter().map(|(tool, value)| (tool.clone(), value.value.clone()));
    put("customizations", Value::Object(customizations.collect()));
    unknown.iter().for_each(|one| put(&one.value, json!("(unknown)")));
    Value::Object(view)
}

/// Writes out the shorthands of the reference's reading, and takes away what says nothing.
pub(super) fn expected(reference: &Value, passed_over: &BTreeSet<String>) -> Value {
    let mut view = Map::new();
    let mut build = reference.get("build").and_then(Value::as_object).cloned().unwrap_or_default();
    for (key, value) in reference.as_object().expect("a configuration is an object") {
        let value = match key.as_str() {
            "configFilePath" | "$schema" | "build" => continue,
            _ if passed_over.contains(key) => continue,
            "dockerFile" => {
                build.insert("dockerfile".into(), value.clone());
                continue;
            }
            "context" => {
                build.insert("context".into(), value.clone());
                continue;
            }
            "appPort" | "forwardPorts" | "dockerComposeFile" => texts(value),
            "mounts" => value.as_array().expect("mounts are a list").iter().map(fields_as_text).collect(),
            _ if !KNOWN.contains(&key.as_str()) => json!("(unknown)"),
            _ => value.clone(),
        };
        view.insert(key.clone(), value);
    }
    if !passed_over.contains("build") {
        build.entry("cacheFrom").and_modify(|value| *value = texts(value));
        view.insert("build".into(), Value::Object(build));
    }
    view.retain(|_, value| *value != json!([]) && *value != json!({}));
    Value::Object(view)
}

/// Returns the deepest values that differ.
pub(super) fn compare(ours: &Value, theirs: &Value) -> Vec<Difference> {
    let mut differences = Vec::new();
    descend(Some(ours), Some(theirs), String::new(), &mut differences);
    differences
}

fn descend(ours: Option<&Value>, theirs: Option<&Value>, pointer: String, differences: &mut Vec<Difference>) {
    match (ours, theirs) {
        (Some(Value::Object(ours)), Some(Value::Object(theirs))) => {
            for key in ours.keys().chain(theirs.keys().filter(|key| !ours.contains_key(*key))) {
                let segment = key.replace('~', "~0").replace('/', "~1");
                descend(ours.get(key), theirs.get(key), format!("{pointer}/{segment}"), differences);
            }
        }
        (Some(Value::Array(ours)), Some(Value::Array(theirs))) => {
            for index in 0..ours.len().max(theirs.len()) {
                descend(ours.get(index), theirs.get(index), format!("{pointer}/{index}"), differences);
            }
        }
        (ours, theirs) if ours == theirs => {}
        (ours, theirs) => {
            let told = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
            differences.push(Difference { pointer, ours: told(ours), theirs: told(theirs) });
        }
    }
}

/// Properties of the specification, in the form that both readings have here.
const KNOWN: &[&str] = &[
    "name",
    "image",
    "dockerComposeFile",
    "service",
    "runServices",
    "features",
    "overrideFeatureInstallOrder",
    "appPort",
    "forwardPorts",
    "portsAttributes",
    "otherPortsAttributes",
    "runArgs",
    "workspaceMount",
    "workspaceFolder",
    "mounts",
    "containerEnv",
    "remoteEnv",
    "containerUser",
    "remoteUser",
    "updateRemoteUserUID",
    "userEnvProbe",
    "overrideCommand",
    "shutdownAction",
    "init",
    "privileged",
    "capAdd",
    "securityOpt",
    "initializeCommand",
    "onCreateCommand",
    "updateContentCommand",
    "postCreateCommand",
    "postStartCommand",
    "postAttachCommand",
    "waitFor",
    "hostRequirements",
    "secrets",
    "customizations",
];

fn of_build(build: &Build) -> Value {
    let Build { dockerfile, context, args, target, cache_from, options } = build;
    let parts = [
        ("dockerfile", text(dockerfile)),
        ("context", optional(context)),
        ("args", environment(args)),
        ("target", optional(target)),
        ("cacheFrom", list(cache_from)),
        ("options", list(options)),
    ];
    let said = parts.into_iter().filter(|(_, value)| !value.is_null() && *value != json!([]) && *value != json!({}));
    said.map(|(key, value)| (key.to_owned(), value)).collect()
}

fn of_compose(compose: &Compose, put: &mut impl FnMut(&str, Value)) {
    let Compose { files, service, run_services } = compose;
    put("dockerComposeFile", list(files));
    put("service", optional(service));
    put("runServices", run_services.as_ref().map_or(Value::Null, |services| list(services)));
}

fn of_mount(mount: &Spanned<MountRequest>) -> Value {
    match &mount.value {
        MountRequest::Text(text) => json!(text.value),
        MountRequest::Object(fields) => fields.iter().map(|(key, text)| (key.clone(), json!(text.value))).collect(),
    }
}

fn hook(command: &Option<Spanned<Command>>) -> Value {
    command.as_ref().map_or(Value::Null, |command| of_command(&command.value))
}

fn of_command(command: &Command) -> Value {
    match command {
        Command::Shell(text) => json!(text.value),
        Command::Argv(argv) => argv.iter().map(|text| json!(text.value)).collect(),
        Command::Parallel(named) => named.iter().map(|(name, command)| (name.clone(), of_command(command))).collect(),
    }
}

fn environment(variables: &[Variable]) -> Value {
    let value = |variable: &Variable| variable.value.as_ref().map_or(Value::Null, |text| json!(text.value));
    variables.iter().map(|variable| (variable.name.clone(), value(variable))).collect()
}

fn list(items: &[Spanned<Text>]) -> Value {
    items.iter().map(text).collect()
}

fn text(text: &Spanned<Text>) -> Value {
    json!(text.value.value)
}

fn optional(value: &Option<Spanned<Text>>) -> Value {
    value.as_ref().map_or(Value::Null, text)
}

fn simple<T: Clone + Into<Value>>(value: &Option<Spanned<T>>) -> Value {
    value.as_ref().map_or(Value::Null, |one| one.value.clone().into())
}

fn opaque(value: &Option<Spanned<Value>>) -> Value {
    value.as_ref().map_or(Value::Null, |one| one.value.clone())
}

/// A value alone is a list of one, and numbers are written as text.
fn texts(value: &Value) -> Value {
    let items = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    items.iter().map(as_text).collect()
}

fn as_text(value: &Value) -> Value {
    value.as_str().map_or_else(|| json!(value.to_string()), |text| json!(text))
}

fn fields_as_text(mount: &Value) -> Value {
    match mount.as_object() {
        Some(fields) => fields.iter().map(|(key, value)| (key.clone(), as_text(value))).collect(),
        None => mount.clone(),
    }
}
