//! `mounts`, `-v`, `--mount` and `--tmpfs`: volumes become the sandbox's own, memory is kept, paths of the host stay out.

mod classify;

use std::collections::BTreeSet;

use super::draft::{Context, Draft, Place};
use super::profile;
use super::syntax::mount::{self, MountSpec, MountType};
use super::syntax::path::{is_within, normalise};
use crate::config::model::{MountRequest, Text};
use crate::ident::digest_prefix;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::plan::model::{CLONE, Mount, MountKind, PLACEHOLDER};
use crate::source::{Origin, Spanned};

pub(super) use self::classify::{Danger, classify};

/// Targets that cloister needs, or that a mount must not cover; their parents and children are taken as well.
const RESERVED: &[&str] = &[
    "/run/cloister",
    "/proc",
    "/sys",
    "/dev",
    "/etc/passwd",
    "/etc/group",
    "/etc/hosts",
    "/etc/hostname",
    "/etc/resolv.conf",
    profile::PROFILE,
];

/// Most bytes of one mount of memory; the container's memory limit counts it as well.
pub(super) const MEMORY_CAP: u64 = 1 << 30;

/// One mount as it was asked for.
pub(super) struct Request<'a> {
    pub(super) spec: &'a MountSpec,
    /// The text as the file has it, for the finding.
    pub(super) written: &'a str,
    /// The source before substitution, where it is known.
    pub(super) source: Option<Text>,
    pub(super) origin: &'a Origin,
    /// Set for what stands in `runArgs`, which has a code of its own.
    pub(super) code: Option<Code>,
}

/// Takes `mounts`.
pub(super) fn take(draft: &mut Draft, context: &Context<'_>, asked: &[Spanned<MountRequest>], place: &Place) {
    for request in asked {
        let (written, raw, parsed) = match &request.value {
            MountRequest::Text(text) => (text.value.clone(), text.raw.clone(), mount::text(&text.value)),
            MountRequest::Object(fields) => {
                let shown = |pick: fn(&Text) -> &String| {
                    let parts: Vec<String> = fields.iter().map(|(key, text)| format!("{key}={}", pick(text))).collect();
                    parts.join(",")
                };
                (shown(|text| &text.value), shown(|text| &text.raw), mount::object(fields))
            }
        };
        match parsed {
            Ok(spec) => {
                let raw = raw_source(&raw);
                let value = spec.source.clone().or_else(|| (!raw.is_empty()).then(String::new));
                let source = value.map(|value| Text { raw, value });
                let request = Request { spec: &spec, written: &written, source, origin: &request.origin, code: None };
                judge(draft, context, &request, place);
            }
            Err(error) => {
                let reason = error.to_string();
                draft.note(Code::MountHostPath, Severity::Medium, Action::Removed, &request.origin, written, reason);
            }
        }
    }
}

/// The text of the source before substitution.
fn raw_source(raw: &str) -> String {
    raw.split(',')
        .find_map(|field| field.trim().strip_prefix("source=").or_else(|| field.trim().strip_prefix("src=")))
        .unwrap_or_default()
        .trim_matches('"')
        .to_owned()
}

/// Decides about one mount.
pub(super) fn judge(draft: &mut Draft, context: &Context<'_>, request: &Request<'_>, place: &Place) {
    let spec = request.spec;
    let free = free_target(draft, place, &spec.target, spec.kind == MountType::Volume);
    let mut refuse = |code: Code, severity: Severity, reason: String, help: &str| {
        let special = matches!(code, Code::MountDockerSocket | Code::MountCredentials);
        if special || request.code.is_none() {
            draft.findings.push(
                Finding::new(code, severity, Action::Removed, request.origin, request.written, reason.clone())
                    .help(help),
            );
        }
        if let Some(code) = request.code {
            draft.findings.push(
                Finding::new(code, severity, Action::Removed, request.origin, request.written, reason).help(help),
            );
        }
    };
    if let MountType::Bind = spec.kind {
        let Danger { code, severity, reason } = match &request.source {
            Some(source) => classify(source, &context.facts.host),
            None => Danger { code: Code::MountHostPath, severity: Severity::Medium, reason: "names no source" },
        };
        let help = match code {
            Code::MountDockerSocket => "a sandbox has no use for the engine",
            Code::MountCredentials => "hand single variables over with env.pass in config.json5",
            _ => "copy what is needed into the workspace",
        };
        return refuse(code, severity, reason.to_owned(), help);
    }
    if let MountType::Other(kind) = &spec.kind {
        let reason = format!("a mount of type {kind:?} is not known to this version");
        return refuse(Code::MountHostPath, Severity::High, reason, "");
    }
    if let Some(mode) = spec.propagation.as_deref().filter(|mode| !matches!(*mode, "private" | "rprivate")) {
        let reason = format!("{mode}: mounts would travel between machine and sandbox");
        return refuse(Code::MountPropagation, Severity::High, reason, "");
    }
    if !spec.volume_options.is_empty() {
        let reason = "driver options make the host mount anything: a folder of its own, a share on the network";
        return refuse(Code::MountVolumeOpts, Severity::Critical, reason.to_owned(), "a plain volume is fine");
    }
    if let Some(driver) = spec.volume_driver.as_deref().filter(|driver| *driver != "local") {
        let reason = format!("the driver {driver:?} is a program of the host with a network of its own");
        return refuse(Code::MountVolumeOpts, Severity::High, reason, "a plain volume is fine");
    }
    if spec.volume_subpath.is_some() || !spec.unknown.is_empty() {
        let reason = "has options that this version does not know";
        return refuse(Code::MountVolumeOpts, Severity::Low, reason.to_owned(), "a plain volume is fine");
    }
    match free {
        Ok(target) => {
            draft.targets.insert(target.clone());
            keep(draft, context, request, target);
        }
        Err((severity, reason, help)) => refuse(Code::MountReservedTarget, severity, reason, help),
    }
}

/// Returns a target in its canonical form, or why nothing can be mounted there, and what helps.
pub(super) fn free_target(
    draft: &Draft,
    place: &Place,
    asked: &str,
    is_volume: bool,
) -> Result<String, (Severity, String, &'static str)> {
    let taken = |severity, reason: &str| Err((severity, reason.to_owned(), "choose another target"));
    let target = normalise(asked).map_err(|error| (Severity::Medium, error.to_string(), ""))?;
    if is_reserved(&target) || place.has_project() && is_within(&place.target, &target) {
        return taken(Severity::High, "would cover what the sandbox itself needs");
    }
    if draft.protected.iter().any(|mount| is_within(&target, &mount.target)) {
        return taken(Severity::High, "would lie over what is kept read-only for the tools of your machine");
    }
    if is_nested((&draft.targets, &draft.volumes), &target, is_volume) {
        let reason =
            "lies in a volume or around a mount: an agent could leave a link in the volume, and the mount follows it";
        return taken(Severity::Medium, reason);
    }
    if draft.targets.contains(&target) {
        return Err((Severity::Low, "another mount has this target already".to_owned(), ""));
    }
    Ok(target)
}

fn keep(draft: &mut Draft, context: &Context<'_>, request: &Request<'_>, target: String) {
    let spec = request.spec;
    if spec.kind == MountType::Tmpfs {
        let size = spec.tmpfs_size.filter(|size| *size > 0).unwrap_or(MEMORY_CAP).min(MEMORY_CAP);
        draft.mounts.push(Mount {
            kind: MountKind::Tmpfs,
            source: String::new(),
            target,
            readonly: spec.readonly,
            size_bytes: Some(size),
        });
        return;
    }
    let name = match spec.source.as_deref() {
        Some(name) => {
            let own = context.id.volume_name(&volume_label(name));
            draft.findings.push(
                Finding::new(
                    request.code.unwrap_or(Code::MountForeignVolume),
                    Severity::Info,
                    Action::Replaced,
                    request.origin,
                    request.written,
                    "a volume by that name may belong to another project",
                )
                .effective(format!("volume {own} → {target}, this sandbox's own")),
            );
            own
        }
        None => context.id.volume_name(&format!("anonymous-{}", digest_prefix(&target, 8))),
    };
    draft.volumes.insert(target.clone());
    draft.mounts.push(Mount {
        kind: MountKind::Volume,
        source: name,
        target,
        readonly: spec.readonly,
        size_bytes: None,
    });
}

/// Whether a target lies in a volume, or is one that something else lies in.
fn is_nested((targets, volumes): (&BTreeSet<String>, &BTreeSet<String>), target: &str, is_volume: bool) -> bool {
    let mut above = target.match_indices('/').map(|(end, _)| &target[..end]);
    let below = format!("{target}/");
    let mut following = targets.range(below.clone()..);
    above.any(|folder| volumes.contains(folder))
        || is_volume && following.next().is_some_and(|other| other.starts_with(&below))
}

/// A volume's own part of the name: as it is where that is safe and short, else its digest.
fn volume_label(name: &str) -> String {
    let plain = name.len() <= 64
        && name != CLONE
        && name.chars().all(|character| character.is_ascii_alphanumeric() || "_.-".contains(character));
    if plain { name.to_owned() } else { digest_prefix(name, 16) }
}

/// Whether a mount at this target would cover something that the sandbox needs.
pub(super) fn is_reserved(target: &str) -> bool {
    target.contains(PLACEHOLDER)
        || target == "/"
        || RESERVED.iter().any(|reserved| is_within(target, reserved) || is_within(reserved, target))
}
