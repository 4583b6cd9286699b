#![expect(clippy::disallowed_methods, reason = "adapter: cloister's own folders")]
//! What a sandbox gets from cloister: programs, identity files, certificates, a home folder.

use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Uid};

use super::super::accounts::{self, Account};
use super::super::{covers, gitconfig};
use super::{ApplyError, Audited, Bench, Prepared};
use crate::facts::ImageFacts;
use crate::harden::{profile, protect};
use crate::host::addresses;
use crate::host::beneath::Root;
use crate::host::certificates;
use crate::host::file::FileError;
use crate::host::git;
use crate::host::paths;
use crate::plan::model::{Container, GIT_CONFIG, GIT_COVERS, HOME};

/// Most bytes of a configuration of git's.
const GIT_FILE_LIMIT: u64 = 4 << 20;

/// Prepares everything on the host's side.
pub(super) async fn prepare(
    bench: Bench<'_>,
    audited: Audited<'_>,
    image: &ImageFacts,
    id: &str,
) -> Result<Prepared, ApplyError> {
    let Container { user_name, user, home, .. } = audited.container;
    let account = Account { name: user_name, user, home };
    let (passwd, group) = accounts::files(&image.passwd, &image.group, &account)?;
    let certificates = allowed_certificates(audited)?;
    let mut files = vec![("passwd", passwd.as_bytes()), ("group", group.as_bytes())];
    files.extend(certificates.as_deref().map(|bytes| ("ca.pem", bytes)));
    let profile = profile::that_keeps_path(&image.profile);
    files.extend(profile.as_deref().map(|text| ("profile", text.as_bytes())));
    let repository = repository(audited)?;
    let cloned = audited.plan.workspace.clone.as_ref().map(|clone| Path::new(&clone.repository).join(protect::GIT));
    let known = repository.as_ref().map(|found| &found.path).or(cloned.as_ref());
    let gitconfig = gitconfig::text(&git::author(known.map(PathBuf::as_path)).await);
    files.push((GIT_CONFIG, gitconfig.as_bytes()));
    let covers = repository.iter().flat_map(|found| &found.covers);
    files.extend(covers.map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
    let written = bench.state.write_files(id, &["git", "git/hooks"], &files)?;
    Ok(Prepared {
        programs: canonical(&bench.programs.install(bench.data)?)?,
        files: canonical(&written)?,
        home: home_folder(bench.data, audited.container, id)?,
        host_addresses: addresses::own()?.into_iter().collect(),
    })
}

/// Prepares what the set-up phase gets from cloister.
pub(super) fn set_up(bench: Bench<'_>, audited: Audited<'_>, id: &str) -> Result<Prepared, ApplyError> {
    let certificates = allowed_certificates(audited)?;
    let files: Vec<_> = certificates.as_deref().map(|bytes| ("ca.pem", bytes)).into_iter().collect();
    let written = bench.state.write_setup_files(id, &files)?;
    Ok(Prepared {
        programs: canonical(&bench.programs.install(bench.data)?)?,
        files: canonical(&written)?,
        home: PathBuf::new(),
        host_addresses: addresses::own()?.into_iter().collect(),
    })
}

fn allowed_certificates(audited: Audited<'_>) -> Result<Option<Vec<u8>>, ApplyError> {
    let path = audited.policy.network.ca_bundle.as_deref();
    path.map(|path| certificates::read(path).map_err(ApplyError::Certificates)).transpose()
}

/// The repository that the plan mounts.
struct Repository {
    path: PathBuf,
    /// Copies of what git would run or follow, by their name in the sandbox's files.
    covers: Vec<(String, Vec<u8>)>,
}

/// Copies what is there; what is absent gets what means nothing to git.
fn repository(audited: Audited<'_>) -> Result<Option<Repository>, ApplyError> {
    let workspace = &audited.plan.workspace;
    let Some(source) = workspace.source.as_deref().map(Path::new) else { return Ok(None) };
    let path = source.join(protect::GIT);
    if !audited.container.mounts.iter().any(|mount| !mount.readonly && Path::new(&mount.source) == path) {
        return Ok(None);
    }
    let failed = |name: &str, source| FileError::Read { path: path.join(name), source };
    let root = Root::open(&path).map_err(|error| failed("", error.into()))?;
    let mut covers = Vec::new();
    for name in GIT_COVERS.into_iter().filter(|name| *name != "hooks") {
        let found = root.read(Path::new(name), GIT_FILE_LIMIT + 1).map_err(|source| failed(name, source))?;
        let bytes =
            found.unwrap_or_else(|| covers::contents(&Path::new(protect::GIT).join(name)).unwrap_or_default().to_vec());
        if bytes.len() as u64 > GIT_FILE_LIMIT {
            return Err(FileError::TooLarge { path: path.join(name), limit: GIT_FILE_LIMIT }.into());
        }
        covers.push((format!("git/{name}"), bytes));
    }
    Ok(Some(Repository { path, covers }))
}

/// Sources of mounts are paths without links; the user's own folders may lie behind some.
fn canonical(path: &Path) -> Result<PathBuf, FileError> {
    path.canonicalize().map_err(|source| FileError::Open { path: path.into(), source })
}

/// The sandbox's own home folder, kept between its lives; made only where the plan mounts it.
fn home_folder(data: &Path, container: &Container, id: &str) -> Result<PathBuf, ApplyError> {
    let path = data.join("homes").join(id);
    if container.mounts.iter().any(|mount| mount.source == HOME) {
        paths::private(&data.join("homes"))?;
        let failed = |source| ApplyError::Home { path: path.clone(), user: container.user.clone(), source };
        match rustix::fs::mkdir(&path, rustix::fs::Mode::RWXU) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            Err(error) => return Err(failed(error.into())),
        }
        let (uid, gid) = owner(&container.user);
        rustix::fs::chown(&path, uid, gid).map_err(|error| failed(error.into()))?;
        // It belongs to the agent, who may have closed it for everybody.
        rustix::fs::chmod(&path, rustix::fs::Mode::RWXU).map_err(|error| failed(error.into()))?;
        return Ok(canonical(&path)?);
    }
    Ok(path)
}

pub(super) fn owner(user: &str) -> (Option<Uid>, Option<Gid>) {
    let (uid, gid) = user.split_once(':').unwrap_or((user, ""));
    (uid.parse().ok().map(Uid::from_raw), gid.parse().ok().map(Gid::from_raw))
}
