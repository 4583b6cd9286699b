//! What is known of the engine and of an image.

pub mod image;

use std::path::Path;

use tokio::net::UnixStream;

use super::connect::Engine;
use super::endpoint::Endpoint;
use crate::facts::EngineFacts;
use crate::host::file;

pub use image::{ImageError, Pull, image, paths};

/// Open files that every engine can give where its own limit cannot be read (the kernel's `fs.nr_open` default).
const NOFILE_UNKNOWN: u64 = 1 << 20;
/// Most bytes of a process's limits that are read.
const LIMITS_LIMIT: u64 = 64 << 10;

/// Returns what plans need to know of the engine. The engine itself is not asked: its own account of itself takes it
/// longer than everything else that a start asks of a sandbox that runs.
pub async fn engine(engine: &Engine) -> EngineFacts {
    let nofile_hard = match &engine.endpoint {
        Endpoint::Unix(path) => nofile_of_listener(path).await.unwrap_or(NOFILE_UNKNOWN),
        Endpoint::Tcp(_) => NOFILE_UNKNOWN,
    };
    EngineFacts { version: engine.version.clone(), nofile_hard }
}

/// Returns the folder that the engine keeps everything in, where it is one of this machine.
pub async fn root(engine: &Engine) -> Option<String> {
    let info = engine.docker.info().await.ok()?;
    root_here(&engine.endpoint, info.kernel_version.as_deref(), info.docker_root_dir.as_deref())
}

/// Returns the folder that an engine names, unless it runs on another kernel, or somewhere behind a network.
pub fn root_here(endpoint: &Endpoint, kernel: Option<&str>, root: Option<&str>) -> Option<String> {
    let here = rustix::system::uname();
    let is_here = matches!(endpoint, Endpoint::Unix(_)) && kernel == here.release().to_str().ok();
    root.filter(|root| is_here && root.starts_with('/')).map(str::to_owned)
}

/// The engine's API does not tell its limit, but the kernel tells who listens on its socket, and the limits of that.
/// Under socket activation that is systemd, whose limit is the default of its services.
async fn nofile_of_listener(socket: &Path) -> Option<u64> {
    let stream = UnixStream::connect(socket).await.ok()?;
    let process = stream.peer_cred().ok()?.pid()?;
    hard_nofile(&file::read_text(Path::new(&format!("/proc/{process}/limits")), LIMITS_LIMIT).ok()?)
}

/// Reads the hard limit of open files in a text of the form of `/proc/<pid>/limits`.
fn hard_nofile(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests;
