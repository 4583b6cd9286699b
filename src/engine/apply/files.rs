#![expect(clippy::disallowed_methods, reason = "adapter: cloister's own folders")]
//! What a sandbox gets from cloister: programs, identity files, certificates, a home folder.

use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Uid};

use super::super::accounts::{self, Account};
use super::{ApplyError, Audited, Bench, Prepared};
use crate::facts::ImageFacts;
use crate::host::addresses;
use crate::host::file::{self, FileError};
use crate::host::paths;
use crate::plan::model::{Container, HOME};

/// Most bytes of a bundle of certificates.
const CERTIFICATES_LIMIT: u64 = 4 << 20;

/// Prepares everything on the host's side.
pub(super) fn prepare(
    bench: Bench<'_>,
    audited: Audited<'_>,
    image: &ImageFacts,
    id: &str,
) -> Result<Prepared, ApplyError> {
    let Container { user_name, user, home, .. } = audited.container;
    let account = Account { name: user_name, user, home };
    let (passwd, group) = accounts::files(&image.passwd, &image.group, &account)?;
    let certificates = match &audited.policy.network.ca_bundle {
        Some(path) => Some(file::read(&canonical(path)?, CERTIFICATES_LIMIT)?),
        None => None,
    };
    let mut files = vec![("passwd", passwd.as_bytes()), ("group", group.as_bytes())];
    files.extend(certificates.as_deref().map(|bytes| ("ca.pem", bytes)));
    let written = bench.state.write_files(id, &files)?;
    Ok(Prepared {
        programs: canonical(&bench.programs.install(bench.data)?)?,
        files: canonical(&written)?,
        home: home_folder(bench.data, audited.container, id)?,
        host_addresses: addresses::own()?.into_iter().collect(),
    })
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
        return Ok(canonical(&path)?);
    }
    Ok(path)
}

pub(super) fn owner(user: &str) -> (Option<Uid>, Option<Gid>) {
    let (uid, gid) = user.split_once(':').unwrap_or((user, ""));
    (uid.parse().ok().map(Uid::from_raw), gid.parse().ok().map(Gid::from_raw))
}
