#![expect(clippy::disallowed_methods, reason = "adapter: reads /proc, /sys and /dev of the sandbox")]
//! What the sandbox's own file system gives away: routes, IPv6, resolver, devices, sockets, kernel settings.

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, StatVfsMountFlags, access, statfs, statvfs};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use super::{attempt, facts, mounts, status};
use crate::sandbox::protocol::{Attempt, ExpectedMount, PROGRAMS_TARGET};

/// Devices that every container has; any other opens something of the host.
const DEVICES: [&str; 9] = ["console", "full", "null", "ptmx", "random", "tty", "urandom", "zero", "core"];
/// Folders below `/dev` that the engine mounts for terminals and shared memory.
const DEVICE_FOLDERS: [&str; 3] = ["pts", "shm", "mqueue"];
/// Files of the kernel that engines hide behind a device, and that show the host when they are not hidden.
const MASKED: [&str; 5] = ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/proc/latency_stats"];

/// `TMPFS_MAGIC` of statfs(2).
const TMPFS: u64 = 0x0102_1994;

/// Everything that can be read without asking the network. `user` is the expected `uid:gid`.
pub(super) fn attempts(user: &str, capabilities: u64) -> Vec<Attempt> {
    let mut list = status::attempts(&read("/proc/self/status"), user, capabilities);
    list.extend([default_route(), ipv6_off(), ipv6_addresses(), dns_upstream()]);
    list.extend([engine_sockets(user), devices(), cgroup(), kernel_settings(), masked_paths()]);
    // Root may move what is root's, in every image: see docs/threat-model.md.
    list.extend((!rustix::process::geteuid().is_root()).then(own_programs));
    list
}

/// Whether the engine mounted what was opened on the host, and nothing that took its place in between (SEC-52).
pub(super) fn mount(expected: &ExpectedMount) -> Attempt {
    let ExpectedMount { target, device, inode } = expected;
    let (closed, seen) = match rustix::fs::stat(target.as_str()) {
        Ok(found) if (found.st_dev, found.st_ino) == (*device, *inode) => {
            (true, "what was opened on the host".to_owned())
        }
        Ok(_) => (false, "another file or folder than was opened on the host".to_owned()),
        Err(error) => (false, error.to_string()),
    };
    attempt("mount-source", target, closed, seen)
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// What is absent says nothing and is fine; what cannot be read is not.
fn read_if_there(path: &str) -> std::io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        result => result,
    }
}

fn default_route() -> Attempt {
    let target = "routes that leave the sandbox's own network";
    let Ok(routes) = fs::read_to_string("/proc/net/route") else {
        return attempt("default-route", target, false, "/proc/net/route cannot be read");
    };
    let leaving = leaving(&routes);
    let seen = if leaving.is_empty() { "none".to_owned() } else { leaving.join(", ") };
    attempt("default-route", target, leaving.is_empty(), seen)
}

/// The routes of `/proc/net/route` that go through a gateway or to everywhere.
fn leaving(routes: &str) -> Vec<String> {
    let route = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [interface, destination, gateway, _, _, _, _, mask, ..] = fields[..] else {
            return Some(format!("{line:?} is not understood"));
        };
        match (facts::hex_address(destination), facts::hex_address(gateway), facts::hex_address(mask)) {
            (Some(_), Some(gateway), Some(mask)) if gateway.is_unspecified() && !mask.is_unspecified() => None,
            (Some(destination), Some(gateway), Some(_)) => Some(format!("{destination} via {gateway} on {interface}")),
            _ => Some(format!("{line:?} is not understood")),
        }
    };
    routes.lines().skip(1).filter_map(route).collect()
}

fn ipv6_off() -> Attempt {
    let target = "net.ipv6.conf.*.disable_ipv6";
    let Ok(entries) = fs::read_dir("/proc/sys/net/ipv6/conf") else {
        return attempt("ipv6-off", target, true, "the kernel has no IPv6");
    };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    // `default` only counts for interfaces to come, and loopback keeps ::1.
    let mut on: Vec<String> = names
        .filter(|name| name != "lo" && name != "default")
        .filter(|name| read(&format!("/proc/sys/net/ipv6/conf/{name}/disable_ipv6")).trim() != "1")
        .collect();
    on.sort_unstable();
    let seen = if on.is_empty() { "off".to_owned() } else { format!("on for {}", on.join(", ")) };
    attempt("ipv6-off", target, on.is_empty(), seen)
}

fn ipv6_addresses() -> Attempt {
    let target = "IPv6 addresses other than loopback";
    let Ok(addresses) = read_if_there("/proc/net/if_inet6") else {
        return attempt("ipv6-address", target, false, "/proc/net/if_inet6 cannot be read");
    };
    let foreign: Vec<&str> =
        addresses.lines().filter_map(|line| line.split_whitespace().last()).filter(|name| *name != "lo").collect();
    let seen = if foreign.is_empty() { "none".to_owned() } else { format!("on {}", foreign.join(", ")) };
    attempt("ipv6-address", target, foreign.is_empty(), seen)
}

fn dns_upstream() -> Attempt {
    let target = "resolvers that the embedded one forwards to";
    let Ok(resolv) = read_if_there("/etc/resolv.conf") else {
        return attempt("dns-upstream", target, false, "/etc/resolv.conf cannot be read");
    };
    let upstream = upstream(&resolv);
    let seen = if upstream.is_empty() { "none".to_owned() } else { upstream.join(", ") };
    attempt("dns-upstream", target, upstream.is_empty(), seen)
}

/// Where Docker says that its resolver forwards to, other than this sandbox's own loopback, where nothing listens.
/// `host(…)` is the host's loopback: queries of an internal network arrive there on engines with CVE-2024-29018.
fn upstream(resolv: &str) -> Vec<String> {
    let list = |line: &str| line.split_once("ExtServers:").map(|(_, list)| list.trim().to_owned());
    let servers: Vec<String> = resolv.lines().filter_map(list).collect();
    let words = servers.iter().flat_map(|list| list.trim_matches(['[', ']']).split_whitespace());
    let is_own = |word: &&str| word.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    words.filter(|word| !is_own(word)).map(str::to_owned).collect()
}

fn engine_sockets(user: &str) -> Attempt {
    let target = "sockets of container engines and of the system";
    let Ok(mountinfo) = fs::read_to_string("/proc/self/mountinfo") else {
        return attempt("engine-socket", target, false, "/proc/self/mountinfo cannot be read");
    };
    let mounts = mounts::mounts(&mountinfo);
    let uid = user.split(':').next().unwrap_or_default();
    let mut found = mounts::mounted_sockets(&mounts);
    found.extend(mounts::candidates(&mounts, uid).into_iter().filter(|path| is_alive(path)));
    found.sort_unstable();
    found.dedup();
    attempt("engine-socket", target, found.is_empty(), listed(&found, "none"))
}

/// A socket file that nobody listens behind any more, or that the agent left in the workspace, opens nothing.
fn is_alive(path: &Path) -> bool {
    if !fs::metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        return false;
    }
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let connected = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
        .and_then(|socket| connect(&socket, &SocketAddrUnix::new(path)?));
    connected != Err(Errno::CONNREFUSED)
}

fn devices() -> Attempt {
    let target = "devices in /dev";
    let Ok(entries) = fs::read_dir("/dev") else {
        return attempt("devices", target, false, "/dev cannot be read");
    };
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && !DEVICE_FOLDERS.contains(&name.as_str()) => found.extend(below(&entry.path())),
            Ok(kind) if is_device(kind) && !DEVICES.contains(&name.as_str()) => found.push(entry.path()),
            _ => {}
        }
    }
    found.sort_unstable();
    attempt("devices", target, found.is_empty(), listed(&found, "the usual ones only"))
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return vec![folder.to_owned()] };
    let kind = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| is_device(kind) || kind.is_dir());
    entries.flatten().filter(kind).map(|entry| entry.path()).collect()
}

fn is_device(kind: fs::FileType) -> bool {
    kind.is_block_device() || kind.is_char_device()
}

fn cgroup() -> Attempt {
    let mut folders = vec![PathBuf::from("/sys/fs/cgroup")];
    if let Ok(entries) = fs::read_dir("/sys/fs/cgroup") {
        folders.extend(entries.flatten().map(|entry| entry.path()));
    }
    // Of version 1, the folder above the hierarchies is the container's own memory, and no control group.
    let is_memory = |path: &PathBuf| statfs(path).is_ok_and(|found| u64::try_from(found.f_type) == Ok(TMPFS));
    let writable = |path: &PathBuf| path.is_dir() && access(path, Access::WRITE_OK).is_ok() && !is_memory(path);
    let writable: Vec<PathBuf> = folders.into_iter().filter(writable).collect();
    attempt("cgroup", "writable control groups", writable.is_empty(), listed(&writable, "none"))
}

fn kernel_settings() -> Attempt {
    let target = "/proc/sys";
    let (closed, seen) = match statvfs(target) {
        Ok(found) if found.f_flag.contains(StatVfsMountFlags::RDONLY) => (true, "read-only"),
        Ok(_) => (false, "mounted writable"),
        Err(_) => (false, "cannot be examined"),
    };
    attempt("kernel-settings", target, closed, seen)
}

fn masked_paths() -> Attempt {
    let bare = |path: &&&str| fs::metadata(path).is_ok_and(|found| found.file_type().is_file());
    let shown: Vec<PathBuf> = MASKED.iter().filter(bare).map(PathBuf::from).collect();
    attempt("masked-paths", "files of the kernel that engines hide", shown.is_empty(), listed(&shown, "hidden"))
}

/// Whether the sandbox's user can move a folder above cloister's own programs, and put others in their place: only in an
/// image that lets it write there.
fn own_programs() -> Attempt {
    let above = || Path::new(PROGRAMS_TARGET).ancestors().skip(1).filter(|folder| folder.parent().is_some());
    let movable: Vec<PathBuf> = above().filter(|folder| is_movable(folder)).map(Path::to_owned).collect();
    attempt("own-programs", "folders above cloister's own programs", movable.is_empty(), listed(&movable, "stay"))
}

/// Moves a folder, and back; nothing else runs yet. Only what says no is believed.
fn is_movable(folder: &Path) -> bool {
    let aside = folder.with_extension("moved");
    match rustix::fs::rename(folder, &aside) {
        // Overlays answer the last one: they move no folder of the image itself.
        Err(Errno::ACCESS | Errno::PERM | Errno::ROFS | Errno::BUSY | Errno::XDEV) => false,
        Err(_) => true,
        Ok(()) => {
            // The sandbox is not used, wherever the folder is by then.
            let _moved = rustix::fs::rename(&aside, folder);
            true
        }
    }
}

fn listed(paths: &[PathBuf], none: &str) -> String {
    let texts: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    if texts.is_empty() { none.to_owned() } else { texts.join(", ") }
}

#[cfg(test)]
mod tests;
