//! `build`: what may go into an image build, and what its Dockerfile would fetch behind the guardian's back.

mod inspect;
mod way;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use self::way::Way;
use super::draft::{Context, Draft};
use super::syntax::{env, image};
use crate::config::dockerfile::{Builder, Dockerfile};
use crate::config::model::{self, Text, Variable};
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::plan::model::{Build, BuildNetwork, PLACEHOLDER};
use crate::source::Spanned;
use crate::trust::{AskedBuild, Request};

/// Takes the build, with its Dockerfile where that could be read.
pub(super) fn take(
    draft: &mut Draft,
    context: &Context<'_>,
    asked: &model::Build,
    config_path: Option<&str>,
    dockerfile: Option<&Dockerfile>,
) {
    let folder = config_folder(context, config_path);
    let file = inside(draft, context, &asked.dockerfile, &folder, Code::BuildPath, Severity::High);
    let default_context = file.as_ref().and_then(|file| file.parent().map(Path::to_path_buf));
    let tree = match &asked.context {
        Some(asked) => inside(draft, context, asked, &folder, Code::BuildContext, Severity::Critical),
        None => default_context,
    };
    let cache_from = cache_sources(draft, &asked.cache_from);
    let args = arguments(draft, &asked.args);
    asked.options.iter().for_each(|option| drop_option(draft, option));
    let target = asked.target.as_ref().and_then(|target| stage(draft, target));
    let (Some(file), Some(tree)) = (file, tree) else { return };
    let Some(dockerfile) = dockerfile else {
        let reason = "the Dockerfile is no file below the opened folder that can be read";
        let text = asked.dockerfile.value.value.as_str();
        draft.findings.push(
            Finding::new(Code::BuildPath, Severity::Medium, Action::Refused, &asked.dockerfile.origin, text, reason)
                .help("put a file in its place that you can read, and to which no link leads from outside"),
        );
        return;
    };
    let way = Way::of(dockerfile);
    let buildkit = (way.builder == Builder::BuildKit).then_some(way.network);
    let whole = AskedBuild { dockerfile: &dockerfile.digest, args: &args, target: target.as_deref(), buildkit };
    let approved = context.policy.approvals.contains(&whole.digest());
    let origin = &asked.dockerfile.origin;
    let opens = inspect::report(draft, context, inspect::Judged { origin, dockerfile, args: &args, way, approved });
    let approved = approved && !opens.is_empty();
    draft.requests.extend((!opens.is_empty()).then(|| Request::build(&shown(&file), &dockerfile.text, whole, opens)));
    // What is not approved is not even planned.
    let buildkit = buildkit.filter(|_| approved);
    let network =
        if way.builder == Builder::Classic { way.network } else { buildkit.unwrap_or(BuildNetwork::Guardian) };
    draft.build = Some(Build {
        dockerfile: shown(&file),
        digest: dockerfile.digest.clone(),
        context: shown(&tree),
        args,
        target,
        cache_from,
        network,
        buildkit: buildkit.is_some(),
        approved,
    });
}

/// The folder of the configuration file relative to the mounted folder.
fn config_folder(context: &Context<'_>, config_path: Option<&str>) -> PathBuf {
    let host = &context.facts.host;
    let opened = host.folder.strip_prefix(&host.mount_root).unwrap_or_else(|_| Path::new("")).to_path_buf();
    match config_path.map(Path::new).and_then(Path::parent) {
        Some(parent) if parent.is_absolute() => parent.strip_prefix(&host.mount_root).map_or(opened, Path::to_path_buf),
        Some(parent) => opened.join(parent),
        None => opened,
    }
}

/// Returns the path relative to the mounted folder, or refuses the plan when it leads outside.
fn inside(
    draft: &mut Draft,
    context: &Context<'_>,
    asked: &Spanned<Text>,
    folder: &Path,
    code: Code,
    severity: Severity,
) -> Option<PathBuf> {
    let text = asked.value.value.as_str();
    let root = &context.facts.host.mount_root;
    let relative = lexically(&folder.join(text), root);
    let real = relative.as_ref().and_then(|relative| {
        let path = root.join(relative);
        context.facts.host.paths.get(&path.to_string_lossy().into_owned())
    });
    if real.is_some_and(|fact| fact.canonical.is_none()) {
        let reason = format!("{} is not there", subject(code));
        draft.findings.push(
            Finding::new(code, Severity::Medium, Action::Refused, &asked.origin, text, reason)
                .help("write it, or correct the path, which begins at the folder of the configuration"),
        );
        return None;
    }
    let escapes = real.and_then(|fact| fact.canonical.as_ref()).is_some_and(|path| !path.starts_with(root));
    let possible = |path: &PathBuf| {
        let is_folder = code == Code::BuildPath && path.as_os_str().is_empty();
        !escapes && !is_folder && !text.contains(char::is_control)
    };
    if let Some(relative) = relative.filter(possible) {
        return Some(relative);
    }
    let what = subject(code);
    draft.findings.push(
        Finding::new(
            code,
            severity,
            Action::Refused,
            &asked.origin,
            text,
            format!("{what} is no path in the workspace: files of your machine would go into the build"),
        )
        .help("keep it inside the folder that is opened"),
    );
    None
}

fn subject(code: Code) -> &'static str {
    if code == Code::BuildPath { "the Dockerfile" } else { "the build context" }
}

/// Resolves `.` and `..` without touching the file system; `None` when the path leaves `root`.
fn lexically(path: &Path, root: &Path) -> Option<PathBuf> {
    let path = if path.is_absolute() { path.strip_prefix(root).ok()?.to_path_buf() } else { path.to_path_buf() };
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part),
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.iter().collect())
}

fn shown(path: &Path) -> String {
    if path.as_os_str().is_empty() { ".".to_owned() } else { path.to_string_lossy().into_owned() }
}

/// Returns the stage if it can be one; building another one instead would surprise.
fn stage(draft: &mut Draft, asked: &Spanned<Text>) -> Option<String> {
    let text = asked.value.value.as_str();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let possible = text.bytes().all(plain) && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if !possible {
        let reason = "not the name of a build stage";
        draft.note(Code::BuildOption, Severity::Medium, Action::Refused, &asked.origin, text, reason);
    }
    possible.then(|| text.to_owned())
}

fn cache_sources(draft: &mut Draft, asked: &[Spanned<Text>]) -> Vec<String> {
    let mut sources = Vec::new();
    for source in asked {
        let text = source.value.value.as_str();
        if image::parse(text).is_ok() {
            sources.push(text.to_owned());
        } else {
            let reason = "not an image reference; other cache sources read files of the host";
            draft.note(Code::BuildOption, Severity::High, Action::Removed, &source.origin, text, reason);
        }
    }
    sources
}

fn arguments(draft: &mut Draft, asked: &[Variable]) -> BTreeMap<String, String> {
    let mut arguments = BTreeMap::new();
    for variable in asked {
        if env::name(&variable.name).is_err() {
            let reason = "not the name of a variable";
            draft.note(Code::EnvName, Severity::Medium, Action::Refused, &variable.origin, &variable.name, reason);
        } else if is_proxy_argument(&variable.name) {
            let reason = "the proxy of a build is the guardian";
            draft.note(Code::ReservedEnv, Severity::High, Action::Replaced, &variable.origin, &variable.name, reason);
        } else if variable.value.as_ref().is_some_and(|value| value.value.contains(PLACEHOLDER)) {
            let reason = "placeholders of this form are filled in by cloister";
            draft.note(Code::ReservedEnv, Severity::Medium, Action::Removed, &variable.origin, &variable.name, reason);
        } else if let Some(value) = &variable.value {
            arguments.insert(variable.name.clone(), value.value.clone());
        }
    }
    arguments
}

fn is_proxy_argument(name: &str) -> bool {
    super::environment::is_proxy_variable(name) || name.starts_with("BUILDKIT_")
}

fn drop_option(draft: &mut Draft, option: &Spanned<Text>) {
    let text = option.value.value.as_str();
    let flag = text.split(['=', ' ']).next().unwrap_or(text);
    let (code, severity, reason) = match flag {
        "--network" | "--net" => (Code::BuildNetwork, Severity::High, "build steps run behind the guardian"),
        "--secret" | "--ssh" => {
            (Code::BuildOption, Severity::Critical, "would hand secrets of your machine to the build")
        }
        "--build-context" | "-f" | "--file" => {
            (Code::BuildOption, Severity::Critical, "would read files outside the build context")
        }
        "--allow" | "--privileged" | "--security-opt" | "--cap-add" | "--device" | "--entitlement" => {
            (Code::BuildOption, Severity::Critical, "would give build steps privileges")
        }
        "--output" | "-o" | "--iidfile" | "--cidfile" | "--metadata-file" | "--cache-to" | "--push" => {
            (Code::BuildOption, Severity::High, "would write outside the build")
        }
        "--add-host" | "--cgroup-parent" | "--builder" => {
            (Code::BuildOption, Severity::High, "would change what the build steps can reach")
        }
        _ => (Code::BuildOption, Severity::Low, "options of docker build are not passed through"),
    };
    draft.note(code, severity, Action::Removed, &option.origin, text, reason);
}
