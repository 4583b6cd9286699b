//! What a host path would give away, by its text: every bind source is refused, this says how bad it would have been.

use std::path::{Component, Path, PathBuf};

use crate::config::model::Text;
use crate::facts::HostFacts;
use crate::plan::finding::{Code, Severity};

/// Why a bind source is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::harden) struct Danger {
    pub(in crate::harden) code: Code,
    pub(in crate::harden) severity: Severity,
    pub(in crate::harden) reason: &'static str,
}

/// Names of sockets through which a container engine obeys (CIS 5.32).
const ENGINE_SOCKETS: &[&str] = &[
    "docker.sock",
    "docker.sock.raw",
    "docker-cli.sock",
    "containerd.sock",
    "podman.sock",
    "crio.sock",
    "buildkitd.sock",
    "dockershim.sock",
    "balena-engine.sock",
];

/// Folders in which such a socket lies; a read-only mount of the folder still lets it be used.
const SOCKET_FOLDERS: &[&str] = &[
    "/run",
    "/var/run",
    "/run/docker",
    "/var/run/docker",
    "/run/containerd",
    "/var/run/containerd",
    "/run/podman",
    "/var/run/podman",
    "/run/crio",
    "/run/user",
    "/run/buildkit",
];

/// Names that hold credentials, wherever they are.
const CREDENTIALS: &[&str] = &[
    ".ssh",
    ".aws",
    ".azure",
    ".gnupg",
    ".kube",
    ".docker",
    ".config",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
    ".gitconfig",
    ".password-store",
    ".claude",
    ".claude.json",
    ".codex",
    ".gemini",
    ".oci",
    ".terraform.d",
    ".vault-token",
    ".mozilla",
    ".thunderbird",
    ".bash_history",
    ".zsh_history",
    ".local",
    ".gcloud",
    ".boto",
    ".s3cfg",
    ".m2",
    ".gradle",
    ".Xauthority",
    ".pgpass",
    ".my.cnf",
    ".databrickscfg",
    ".snowflake",
    ".sops",
    ".age",
    "keyrings",
    "gcloud",
    "gh",
];

/// Folders of the system.
const SYSTEM: &[&str] = &[
    "/etc", "/proc", "/sys", "/dev", "/boot", "/var", "/usr", "/lib", "/lib64", "/bin", "/sbin", "/root", "/opt",
    "/srv", "/mnt", "/media",
];

/// Returns why `source` is refused; `root` stands for the mounted folder.
pub(in crate::harden) fn classify(source: &Text, host: &HostFacts) -> Danger {
    let path = expand(source, host);
    if !path.is_absolute() {
        return danger(Code::MountHostPath, Severity::Medium, "not an absolute path");
    }
    let normal = normalise(&path);
    let fact = host.paths.get(&source.value);
    let through_link = fact.is_some_and(|fact| fact.through_link);
    let resolved = fact.and_then(|fact| fact.canonical.clone());
    let begins_inside = source.raw.starts_with("${localWorkspaceFolder}") || path.starts_with(&host.mount_root);
    let ends_inside = normal.starts_with(&host.mount_root) || normal.starts_with(&host.folder);
    // What lies in the workspace is judged by where it leads.
    let named = (!ends_inside || resolved.is_none()).then(|| normal.clone());
    let worst = [named, resolved]
        .into_iter()
        .flatten()
        .map(|path| by_path(&path, host))
        .max_by_key(|danger| danger.severity)
        .expect("one of the two is always there");
    if begins_inside && !ends_inside && worst.code == Code::MountHostPath {
        return danger(Code::MountOutsideWorkspace, Severity::Critical, "climbs out of the workspace");
    }
    if ends_inside && through_link {
        return danger(
            Code::MountSymlink,
            if worst.severity == Severity::Critical { Severity::Critical } else { Severity::High },
            "leads through a link that the repository can point anywhere",
        );
    }
    if ends_inside {
        return danger(
            Code::MountHostPath,
            Severity::Medium,
            "lies in the workspace, where the agent could put a link in its place before the next start",
        );
    }
    worst
}

fn by_path(path: &Path, host: &HostFacts) -> Danger {
    if path == Path::new("/") {
        return danger(Code::MountHostPath, Severity::Critical, "the whole machine");
    }
    if is_engine_socket(path, host) {
        return danger(
            Code::MountDockerSocket,
            Severity::Critical,
            "whoever holds the engine's socket is root on this machine",
        );
    }
    if path == host.home || host.home.starts_with(path) && path != Path::new("/home") {
        return danger(Code::MountCredentials, Severity::Critical, "your home folder, with every key in it");
    }
    let names_credentials = path
        .components()
        .any(|component| CREDENTIALS.iter().any(|name| component.as_os_str().eq_ignore_ascii_case(name)));
    if names_credentials {
        return danger(Code::MountCredentials, Severity::Critical, "holds keys or tokens");
    }
    if path == Path::new("/home") || SYSTEM.iter().any(|folder| path.starts_with(folder)) {
        return danger(Code::MountHostPath, Severity::Critical, "belongs to your machine's system");
    }
    danger(Code::MountHostPath, Severity::High, "a path of your machine outside the workspace")
}

fn is_engine_socket(path: &Path, host: &HostFacts) -> bool {
    let named =
        path.file_name().is_some_and(|name| ENGINE_SOCKETS.iter().any(|socket| name.eq_ignore_ascii_case(socket)));
    named
        || SOCKET_FOLDERS.iter().any(|folder| path == Path::new(folder))
        || path.starts_with("/run/user") && path.components().count() <= 4
        || host.runtime_dir.as_deref() == Some(path)
}

/// Puts the real home where the file asks for it, so that the danger is named for what it is.
fn expand(source: &Text, host: &HostFacts) -> PathBuf {
    const HOMES: &[&str] = &["${localEnv:HOME}", "${env:HOME}", "${localEnv:USERPROFILE}", "${env:USERPROFILE}", "~"];
    for variable in HOMES {
        if let Some(rest) = source.raw.strip_prefix(variable) {
            let rest = rest.replace("${localEnv:USERPROFILE}", "").replace("${env:USERPROFILE}", "");
            return PathBuf::from(format!("{}{rest}", host.home.display()));
        }
    }
    PathBuf::from(&source.value)
}

fn normalise(path: &Path) -> PathBuf {
    let mut normal = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::Normal(part) => normal.push(part),
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    normal
}

fn danger(code: Code, severity: Severity, reason: &'static str) -> Danger {
    Danger { code, severity, reason }
}
