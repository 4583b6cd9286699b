//! Targets of mounts, and the working directory: below the workspace or the home folder they need a folder on the host,
//! and a new volume needs an owner.
//!
//! The engine would make both as root, and leave the folder behind in the user's own tree (SEC-56).

use std::collections::BTreeSet;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;

use bollard::query_parameters::UploadToContainerOptionsBuilder;
use rustix::fs::{Gid, Mode, OFlags, Uid};
use rustix::io::Errno;

use super::ApplyError;
use super::files::owner;
use crate::engine::connect::{CallError, Engine, Operation};
use crate::engine::covers::{self, Cover};
use crate::engine::sources::Sources;
use crate::harden::syntax::path::is_within;
use crate::host::beneath::{self, Links};
use crate::plan::model::{Container, Mount, MountKind, Workspace};

/// Mode of a folder that is made: the usual one.
const FOLDER_MODE: Mode = Mode::from_raw_mode(0o755);

/// Makes the folders on the host that targets and working directory need, as the workspace's owner.
///
/// # Errors
/// A link or a file stands in the way, or the folder cannot be made.
pub(super) fn make_folders(container: &Container, workspace: &Workspace, sources: &Sources) -> Result<(), ApplyError> {
    for (outer, relative) in needed(container, workspace) {
        let Some((path, root)) = sources.at(outer) else { continue };
        make_below(root, relative, owner(&container.user))
            .map_err(|error| ApplyError::Target { path: path.join(relative), source: error.into() })?;
    }
    Ok(())
}

/// Makes the names that binds below the workspace need, and writes down what lies there.
///
/// # Errors
/// A link or a file stands in the way, the name cannot be made, or what the plan saw is gone.
pub(super) fn make_covers(
    container: &Container,
    workspace: &Workspace,
    covers: &mut [Cover],
) -> Result<(), ApplyError> {
    let folder = Path::new(workspace.source.as_deref().unwrap_or_default());
    covers::make(folder, covers, owner(&container.user)).map_err(|(path, source)| {
        match (folder.join(path), source.kind()) {
            (path, std::io::ErrorKind::NotFound) => ApplyError::Gone { path, source },
            (path, _) => ApplyError::Target { path, source },
        }
    })
}

/// Returns what lies in a bind mount of the plan: the mount's target, and the path below it.
fn needed<'a>(container: &'a Container, workspace: &'a Workspace) -> BTreeSet<(&'a str, &'a str)> {
    // What binds need below the workspace is made before they are opened: see `make_covers`.
    let is_cover = |mount: &&Mount| mount.kind == MountKind::Bind && is_within(&mount.target, &workspace.target);
    let targets = container.mounts.iter().filter(|mount| !is_cover(mount)).map(|mount| mount.target.as_str());
    let around = |path: &'a str| {
        let outer = container.mounts.iter().filter(|mount| mount.target != path && is_within(path, &mount.target));
        let outer = outer.max_by_key(|mount| mount.target.len()).filter(|mount| mount.kind == MountKind::Bind)?;
        Some((outer.target.as_str(), path[outer.target.len()..].trim_start_matches('/')))
    };
    targets.chain([workspace.folder.as_str()]).filter_map(around).collect()
}

/// Walks down from `root`, never through a link, and makes what is missing.
fn make_below(root: BorrowedFd<'_>, relative: &str, owner: (Option<Uid>, Option<Gid>)) -> Result<(), Errno> {
    let mut folder: OwnedFd = rustix::io::fcntl_dupfd_cloexec(root, 0)?;
    for name in relative.split('/') {
        folder = match beneath::make_folder(&folder, name.as_ref(), owner) {
            Err(Errno::EXIST) => beneath::open(&folder, name, OFlags::PATH | OFlags::DIRECTORY, Links::Refused)?,
            made => made?,
        };
    }
    Ok(())
}

/// Gives the roots of the container's volumes to its user, while nothing runs in it yet.
///
/// # Errors
/// The engine does not do it.
pub(super) async fn own_volumes(engine: &Engine, plan: &Container, container: &str) -> Result<(), CallError> {
    let targets: Vec<&str> =
        plan.mounts.iter().filter(|mount| mount.kind == MountKind::Volume).map(|mount| mount.target.as_str()).collect();
    // The engine writes nothing into a container whose root is read-only, volumes included.
    if targets.is_empty() || plan.readonly_rootfs {
        return Ok(());
    }
    let options = UploadToContainerOptionsBuilder::default().path("/").build();
    let archive = bollard::body_full(folders(&targets, &plan.user).into());
    let done = engine.docker.upload_to_container(container, Some(options), archive).await;
    done.operation(|| "give the volumes to the sandbox's user".to_owned())
}

/// An archive of folders without anything in them: unpacking sets their owner and leaves their contents alone.
fn folders(targets: &[&str], user: &str) -> Vec<u8> {
    let (uid, gid) = owner(user);
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Directory);
    header.set_mode(FOLDER_MODE.as_raw_mode());
    header.set_uid(uid.map_or(0, |uid| uid.as_raw().into()));
    header.set_gid(gid.map_or(0, |gid| gid.as_raw().into()));
    header.set_size(0);
    for target in targets {
        let name = format!("{}/", target.trim_start_matches('/'));
        archive.append_data(&mut header.clone(), name, std::io::empty()).expect("memory takes everything");
    }
    archive.into_inner().expect("memory takes everything")
}

#[cfg(test)]
mod tests;
