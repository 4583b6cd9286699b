//! Hardening: what was asked becomes what may run, with a finding for every difference.
//!
//! Invariant: pure and total. Refusal is a value, no input panics, and [`harden`] takes every property apart by name, so
//! that a new one does not compile until a rule has decided about it.

mod asked;
mod build;
mod clone;
mod compose;
mod customizations;
mod draft;
pub(crate) mod environment;
mod features;
pub mod image;
mod label;
mod lifecycle;
mod localenv;
mod mounts;
pub mod network;
mod not_yet;
mod ports;
mod privileges;
pub mod profile;
pub mod protect;
mod refusal;
mod requests;
pub mod run_args;
mod run_flags;
pub mod seccomp;
mod setup;
mod strict;
pub mod syntax;
mod unknown;
mod user;
mod workspace;

use std::collections::BTreeMap;

use self::draft::{Account, Context, Draft, Place};
use crate::config::model::{DevContainer, Kind};
use crate::facts::Facts;
use crate::ident::SandboxId;
use crate::merge::MergedConfig;
use crate::plan::canonical;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::plan::model::{
    AUTO, ConfigSummary, Container, FILES, FactsSummary, GIT_CONFIG, HOME, Mount, MountKind, Namespaces, PROGRAMS,
    Plan, Verdict, Workspace,
};
use crate::policy::Policy;
use crate::sandbox::protocol::{FILES_TARGET, INIT, PROGRAMS_TARGET};
use crate::trust::Request;
use crate::ui::text::visible;

pub(crate) use self::environment::{DEFAULT_PATH, is_unfilled_path};
pub use self::refusal::{refuse_choice, refuse_file};

/// Placeholder for the probe's instructions, an argument of the init.
pub const PROBE: &str = "${CLOISTER_PROBE}";
/// Version of the plan format.
pub const VERSION: u32 = 1;

/// Turns a merged configuration into a plan under a policy.
pub fn harden(merged: &MergedConfig, policy: &Policy, facts: &Facts) -> Plan {
    let id = SandboxId::derive(facts.host.uid, &facts.host.folder);
    let context = Context { policy, facts, id: &id };
    let mut draft = Draft::new(policy);
    let (place, account) = apply_rules(&mut draft, &context, merged);
    let mut plan = assemble(draft, &context, merged, place, account);
    plan.digest = canonical::digest(&plan);
    plan
}

/// Returns what the configuration asks for that the user can approve, approved or not.
pub fn requests(merged: &MergedConfig, policy: &Policy, facts: &Facts) -> Vec<Request> {
    let id = SandboxId::derive(facts.host.uid, &facts.host.folder);
    let mut draft = Draft::new(policy);
    apply_rules(&mut draft, &Context { policy, facts, id: &id }, merged);
    draft.requests
}

/// Runs every rule. The destructuring has no `..` on purpose.
fn apply_rules(draft: &mut Draft, context: &Context<'_>, merged: &MergedConfig) -> (Place, Account) {
    let DevContainer {
        name: _, // shown only: see `assemble`
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
        on_create_command: _, // moved to `MergedConfig::hooks`
        update_content_command: _,
        post_create_command: _,
        post_start_command: _,
        post_attach_command: _,
        wait_for,
        host_requirements,
        secrets,
        customizations,
        asked,
        unknown: _, // the reader's warnings say more
    } = &merged.config;

    match kind {
        Kind::Image(image) => image::take(draft, image),
        Kind::Dockerfile(asked) => {
            build::take(draft, context, asked, merged.summary.path.as_deref(), merged.dockerfile.as_ref());
        }
        Kind::Compose(compose) => compose::refuse(draft, compose),
        Kind::Default => image::take_default(draft, context, merged.summary.path.is_some()),
    }
    features::refuse(draft, features);
    privileges::privileged(draft, privileged.as_ref());
    privileges::capabilities(draft, Code::CapAdd, cap_add);
    privileges::security_options(draft, Code::SecurityOpt, security_opt);
    let mut account =
        user::decide(draft, context, container_user.as_ref(), remote_user.as_ref(), update_remote_user_uid.as_ref());
    let place = workspace::decide(draft, context, workspace_mount.as_ref(), workspace_folder.as_ref());
    protect::take(draft, context, &place);
    let in_protected = draft.protected.iter().any(|mount| syntax::path::is_within(&account.home, &mount.target));
    account.brings_home &= !place.has_project() || account.home != place.target && !in_protected;
    draft.targets.extend(account.brings_home.then(|| account.home.clone()));
    mounts::take(draft, context, mounts, &place);
    if let Some(image) = &context.facts.image {
        environment::image(draft, image);
    }
    environment::container(draft, container_env);
    environment::remote(draft, remote_env);
    ports::drop_published(draft, app_port);
    run_flags::take(draft, context, run_args, &place);
    strict::take(draft, context, &place, &mut account);
    environment::complete_path(draft, context.facts.image.as_ref());
    lifecycle::take(draft, context.policy, &merged.hooks, &account.user);
    lifecycle::take_initialize(draft, context, initialize_command.as_ref());
    image_command(draft, override_command.as_ref());
    init_request(draft, init.as_ref());
    not_yet::report(
        draft,
        &not_yet::Properties {
            forward_ports,
            ports_attributes: ports_attributes.as_ref(),
            other_ports_attributes: other_ports_attributes.as_ref(),
            host_requirements: host_requirements.as_ref(),
            secrets: secrets.as_ref(),
            wait_for: wait_for.as_ref(),
            user_env_probe: user_env_probe.as_ref(),
            shutdown_action: shutdown_action.as_ref(),
            override_feature_install_order,
        },
    );
    customizations::report(draft, customizations);
    requests::take(draft, context, (customizations, asked), &place);
    label::report(draft, &merged.label);
    localenv::report(draft, &merged.denied);
    unknown::report(draft, &merged.warnings, merged.config.name.as_ref());
    network::report_settings(draft, context);
    workspace::report_folder(draft, &place, workspace_folder.as_ref());
    clone::check(draft, context, &place, &account);
    (place, account)
}

fn image_command(draft: &mut Draft, asked: Option<&crate::source::Spanned<bool>>) {
    if let Some(asked) = asked.filter(|asked| !asked.value) {
        draft.keeps_image_command = true;
        let reason = "the image's own command starts once the sandbox has proved to be sealed";
        draft.note(
            Code::OverrideCommand,
            Severity::Info,
            Action::Kept,
            &asked.origin,
            "overrideCommand: false",
            reason,
        );
    }
}

fn init_request(draft: &mut Draft, asked: Option<&crate::source::Spanned<bool>>) {
    if let Some(asked) = asked.filter(|asked| asked.value) {
        let reason = "process 1 is cloister's own init, which reaps as well";
        draft.note(Code::OverrideCommand, Severity::Info, Action::Replaced, &asked.origin, "init: true", reason);
    }
}

fn assemble(mut draft: Draft, context: &Context<'_>, merged: &MergedConfig, place: Place, account: Account) -> Plan {
    let refused = draft.findings.iter().any(Finding::stops);
    draft.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let Place { source, clone, target, folder } = place.clone();
    let workspace = Workspace { source, target, folder, clone };
    let hooks = if refused { Vec::new() } else { std::mem::take(&mut draft.hooks) };
    let findings = std::mem::take(&mut draft.findings);
    let config = ConfigSummary {
        name: merged.config.name.as_ref().map(|name| visible(&name.value.value)),
        ..merged.summary.clone()
    };
    let containers = if refused { Vec::new() } else { vec![container(draft, context, &place, account)] };
    let is_set_up = hooks.iter().any(|hook| hook.setup);
    let setup = containers.first().filter(|_| is_set_up).map(|sandbox| setup::container(sandbox, &workspace));
    Plan {
        version: VERSION,
        digest: String::new(),
        outcome: if refused { Verdict::Refused } else { Verdict::Ready },
        facts: summarise(context.facts),
        config,
        workspace,
        containers,
        setup,
        network: (!refused).then(|| network::network(context)),
        proxy: (!refused).then(|| network::proxy(context)),
        lifecycle: hooks,
        passed_env: context.policy.env.pass.iter().cloned().collect(),
        findings,
    }
}

fn container(draft: Draft, context: &Context<'_>, place: &Place, account: Account) -> Container {
    let mut env = draft.env;
    env.extend(network::variables(context));
    env.insert("GIT_CONFIG_SYSTEM".to_owned(), format!("{FILES_TARGET}/{GIT_CONFIG}"));
    env.insert("HOME".to_owned(), account.home.clone());
    env.insert("USER".to_owned(), account.name.clone());
    let mut command = vec!["init".to_owned(), PROBE.to_owned()];
    if draft.keeps_image_command {
        let own = match &context.facts.image {
            Some(image) => image.entrypoint.iter().chain(&image.command).cloned().collect(),
            None => vec![AUTO.to_owned()],
        };
        // An image without a command has nothing to start: the init stays alone.
        command.extend((!own.is_empty()).then(|| "--".to_owned()).into_iter().chain(own));
    }
    Container {
        name: context.id.engine_name(),
        image: draft.image,
        build: draft.build,
        user: account.user.clone(),
        user_name: account.name.clone(),
        home: account.home.clone(),
        cap_drop: vec!["ALL".to_owned()],
        cap_add: Vec::new(),
        security_opt: vec!["no-new-privileges:true".to_owned(), format!("seccomp={}", seccomp::NAME)],
        privileged: false,
        init: false,
        readonly_rootfs: draft.readonly_rootfs,
        mounts: all_mounts(draft.protected, draft.mounts, place, &account, context.facts),
        env,
        remote_env: draft.remote_env,
        ports: Vec::new(),
        devices: Vec::new(),
        sysctls: sysctls(),
        namespaces: Namespaces {
            pid: "private".to_owned(),
            ipc: "private".to_owned(),
            uts: "private".to_owned(),
            user: "engine".to_owned(),
            cgroup: "private".to_owned(),
        },
        limits: draft.limits,
        entrypoint: vec![INIT.to_owned()],
        command,
        labels: labels(context),
        hostname: draft.hostname.unwrap_or_else(|| run_flags::default_hostname(&context.facts.host.folder)),
        extra_hosts: draft.extra_hosts,
        stop_signal: None,
        log_driver: "json-file".to_owned(),
        restart: "no".to_owned(),
    }
}

fn all_mounts(protected: Vec<Mount>, asked: Vec<Mount>, place: &Place, account: &Account, facts: &Facts) -> Vec<Mount> {
    let bind = |source: &str, target: &str, readonly| Mount {
        kind: MountKind::Bind,
        source: source.to_owned(),
        target: target.to_owned(),
        readonly,
        size_bytes: None,
    };
    let mut mounts = Vec::new();
    if account.brings_home {
        mounts.push(bind(HOME, &account.home, false));
    }
    mounts.extend(place.source.as_deref().map(|source| bind(source, &place.target, false)));
    mounts.extend(place.clone.as_ref().map(|clone| clone::mount(clone, place)));
    mounts.extend(protected);
    mounts.extend(asked);
    mounts.push(bind(PROGRAMS, PROGRAMS_TARGET, true));
    mounts.push(bind(FILES, FILES_TARGET, true));
    mounts.push(bind(&format!("{FILES}/passwd"), "/etc/passwd", true));
    mounts.push(bind(&format!("{FILES}/group"), "/etc/group", true));
    let kept = facts.image.as_ref().and_then(|image| profile::that_keeps_path(&image.profile));
    mounts.extend(kept.map(|_| bind(&format!("{FILES}/profile"), profile::PROFILE, true)));
    mounts
}

/// IPv6 off but for loopback: the host's own link-local address answers otherwise (SEC-87).
fn sysctls() -> BTreeMap<String, String> {
    [("all", "1"), ("default", "1"), ("lo", "0")]
        .into_iter()
        .map(|(interface, off)| (format!("net.ipv6.conf.{interface}.disable_ipv6"), off.to_owned()))
        .collect()
}

fn labels(context: &Context<'_>) -> BTreeMap<String, String> {
    let host = &context.facts.host;
    [
        ("cloister.sandbox", context.id.as_str().to_owned()),
        ("cloister.workspace", host.folder.display().to_string()),
        ("cloister.digest", AUTO.to_owned()),
        ("cloister.user", host.uid.to_string()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

fn summarise(facts: &Facts) -> FactsSummary {
    let mut summary = FactsSummary::default();
    let mut know = |name: &str, value: String| summary.known.insert(name.to_owned(), value);
    know("workspace.owner", format!("{}:{}", facts.host.owner.0, facts.host.owner.1));
    if let Some(engine) = &facts.engine {
        know("engine.version", engine.version.clone());
    }
    if let Some(image) = &facts.image {
        know("image.id", image.id.clone());
        know("image.user", image.user.clone());
    }
    let unknown = [("engine.version", facts.engine.is_none()), ("image.id", facts.image.is_none())];
    summary.unknown.extend(unknown.iter().filter(|(_, unknown)| *unknown).map(|(name, _)| (*name).to_owned()));
    if facts.image.is_none() {
        summary.unknown.extend(["image.home", "image.metadata", "image.user"].map(str::to_owned));
    }
    summary
}

#[cfg(test)]
mod tests;
