//! What `/proc/self/mountinfo` says (proc_pid_mountinfo(5)): where an engine's socket may have been mounted.

use std::path::PathBuf;

/// Sockets that give whoever opens them the host, as they are named below `/run`.
const ENGINE_SOCKETS: [&str; 8] = [
    "docker.sock",
    "docker/docker.sock",
    "containerd/containerd.sock",
    "docker/containerd/containerd.sock",
    "podman/podman.sock",
    "crio/crio.sock",
    "buildkit/buildkitd.sock",
    "dbus/system_bus_socket",
];
/// Where `/run` may lie within a folder of the host that was mounted as a whole.
const FOLDERS: [&str; 4] = ["", "run", "var/run", "containerd"];

/// A mount: what of its file system is mounted, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    pub(super) root: String,
    pub(super) target: String,
}

/// The mounts of the file. A line that is not understood is left out; the kernel writes no such line.
pub(super) fn mounts(mountinfo: &str) -> Vec<Mount> {
    let mount = |line: &str| {
        let mut fields = line.split(' ').skip(3);
        Some(Mount { root: unescape(fields.next()?), target: unescape(fields.next()?) })
    };
    mountinfo.lines().filter_map(mount).collect()
}

/// The mounts whose source is an engine's socket, whatever they are called here.
pub(super) fn mounted_sockets(mounts: &[Mount]) -> Vec<PathBuf> {
    let is_socket = |root: &str| ENGINE_SOCKETS.iter().any(|name| root.ends_with(&format!("/{}", last(name))));
    mounts.iter().filter(|mount| is_socket(&mount.root)).map(|mount| PathBuf::from(&mount.target)).collect()
}

/// Paths at which an engine's socket would lie: at its usual place, or below any mount.
pub(super) fn candidates(mounts: &[Mount], uid: &str) -> Vec<PathBuf> {
    let user_run = format!("/run/user/{uid}");
    let usual = ["/run", "/var/run", user_run.as_str()].map(str::to_owned);
    let bases = usual.into_iter().chain(mounts.iter().map(|mount| mount.target.clone()));
    let mut paths: Vec<PathBuf> = bases
        .filter(|base| !base.starts_with("/proc") && !base.starts_with("/sys"))
        .flat_map(|base| FOLDERS.map(|folder| PathBuf::from(&base).join(folder)))
        .flat_map(|folder| ENGINE_SOCKETS.map(|name| folder.join(name)))
        .collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Undoes the kernel's octal escapes of space, tab, newline and backslash.
fn unescape(text: &str) -> String {
    let escapes = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    escapes.iter().fold(text.to_owned(), |text, (escape, plain)| text.replace(escape, plain))
}

#[cfg(test)]
mod tests;
