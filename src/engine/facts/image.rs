//! What the engine says of an image: its configuration, and its accounts and profile, which only its files tell.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bollard::Docker;
use bollard::models::ImageInspect;
use serde::{Deserialize, Serialize};

use self::unstarted::{Entry, Unstarted};
use super::super::connect::{CallError, Engine, Operation};
use super::super::layout::Kind;
use crate::facts::ImageFacts;
use crate::harden::profile::PROFILE;
use crate::harden::syntax::path::normalise;
use crate::host::file::{self, FileError};
use crate::host::lock::{Lock, LockError};
use crate::host::paths::{self, PathsError};

mod pull;
mod unstarted;

/// Most bytes of a file of an image that are read.
const FILE_LIMIT: usize = 1 << 20;
/// Most home folders that are looked at.
const HOMES_LIMIT: usize = 64;
/// Label of an image that carries configuration (Dev Container specification, "Image Metadata").
const METADATA: &str = "devcontainer.metadata";

/// Whether an image that the engine does not have is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pull {
    /// The engine fetches what it does not have.
    Missing,
    /// What the engine does not have is an error.
    Never,
}

/// Why nothing is known of an image.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The engine does not have it and cannot get it.
    #[error("image `{reference}` was not found")]
    NotFound {
        /// The reference.
        reference: String,
        /// What the engine said when it tried.
        #[source]
        source: Option<CallError>,
    },
    /// The engine does not have it, and no registry answers.
    #[error("image `{reference}` is not here, and no registry answers for it")]
    NoRegistry {
        /// The reference.
        reference: String,
        /// What the engine said when it tried.
        #[source]
        source: CallError,
    },
    /// The engine would block on it, or mount it where a file belongs.
    #[error("`{path}` of the image is neither a file nor a link to one")]
    Irregular {
        /// The path in the image.
        path: String,
    },
    /// The engine did not answer as expected.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The folder for what is remembered cannot be used.
    #[error(transparent)]
    Folder(#[from] PathsError),
    /// A file in it cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// It cannot be locked.
    #[error(transparent)]
    Lock(#[from] LockError),
}

impl ImageError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound { reference, .. } => Some(format!(
                "check the name; if it needs a login or is built locally, get it yourself: `docker pull {reference}`"
            )),
            Self::NoRegistry { reference, .. } => Some(format!(
                "check the registry's name and the network of this machine, then try: `docker pull {reference}`"
            )),
            Self::Irregular { .. } => Some("use another image: this one is made to hang whoever runs it".to_owned()),
            Self::Folder(error) => error.hint(),
            Self::Call(error) => error.hint(),
            Self::File(_) | Self::Lock(_) => None,
        }
    }
}

/// What is remembered of an image's files; an image never changes under its id.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Accounts {
    passwd: String,
    group: String,
    profile: String,
    homes: BTreeMap<String, u32>,
}

/// Asks for an image, fetching it where `pull` says so. `cache` holds what was read from images before.
///
/// # Errors
/// The image is not there, or the engine does not answer.
pub async fn image(engine: &Engine, reference: &str, pull: Pull, cache: &Path) -> Result<ImageFacts, ImageError> {
    let mut facts = configuration(present(engine, reference, pull).await?);
    let accounts = remembered_accounts(engine, &facts.id, cache).await?;
    facts.passwd = accounts.passwd;
    facts.group = accounts.group;
    facts.profile = accounts.profile;
    facts.homes = accounts.homes;
    Ok(facts)
}

/// Asks the engine for what it says of an image itself, fetching it where `pull` says so.
///
/// # Errors
/// The image is not there, or the engine does not answer.
pub async fn present(engine: &Engine, reference: &str, pull: Pull) -> Result<ImageInspect, ImageError> {
    let missing = |source| ImageError::NotFound { reference: reference.to_owned(), source };
    match (inspect(&engine.docker, reference).await?, pull) {
        (Some(inspected), _) => Ok(inspected),
        (None, Pull::Never) => Err(missing(None)),
        (None, Pull::Missing) => {
            pull::pull(&engine.docker, reference).await.map_err(|error| not_fetched(reference, error))?;
            inspect(&engine.docker, reference).await?.ok_or_else(|| missing(None))
        }
    }
}

/// The engine says in words alone whether a registry knows no such image, or none answered.
fn not_fetched(reference: &str, source: CallError) -> ImageError {
    const UNREACHED: [&str; 7] = [
        "dial tcp",
        "no such host",
        "i/o timeout",
        "request canceled",
        "connection refused",
        "network is unreachable",
        "TLS handshake",
    ];
    let said = source.source.to_string();
    let reference = reference.to_owned();
    if UNREACHED.iter().any(|words| said.contains(words)) {
        ImageError::NoRegistry { reference, source }
    } else {
        ImageError::NotFound { reference, source: Some(source) }
    }
}

async fn inspect(docker: &Docker, reference: &str) -> Result<Option<ImageInspect>, CallError> {
    docker.inspect_image(reference).await.unless_absent(|| format!("inspect the image `{reference}`"))
}

fn configuration(image: ImageInspect) -> ImageFacts {
    let config = image.config.unwrap_or_default();
    let env = config.env.unwrap_or_default();
    let pair = |entry: String| entry.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    ImageFacts {
        id: image.id.unwrap_or_default(),
        user: config.user.unwrap_or_default(),
        env: env.into_iter().filter_map(pair).collect(),
        entrypoint: config.entrypoint.unwrap_or_default(),
        command: config.cmd.unwrap_or_default(),
        metadata: config.labels.unwrap_or_default().remove(METADATA),
        volumes: config.volumes.unwrap_or_default().into_iter().collect(),
        ..ImageFacts::default()
    }
}

async fn remembered_accounts(engine: &Engine, id: &str, cache: &Path) -> Result<Accounts, ImageError> {
    let folder = cache.join("images");
    let path = memory(&folder, id, "json");
    if let Some(accounts) = remembered(&path) {
        return Ok(accounts);
    }
    paths::private(&folder)?;
    // Two starts at once read the image once.
    let _lock = Lock::take(&folder.join("lock"), || "files of images".to_owned()).await?;
    if let Some(accounts) = remembered(&path) {
        return Ok(accounts);
    }
    let image = Unstarted::make(&engine.docker, id, cache).await?;
    let accounts = accounts_in(&image).await;
    image.remove().await?;
    let accounts = accounts?;
    file::write(&path, &serde_json::to_vec(&accounts).expect("the keys are texts"), 0o600)?;
    Ok(accounts)
}

/// Takes the lock of what looks at images' files; `None` while somebody looks.
///
/// # Errors
/// The lock cannot be used.
pub fn try_lock(cache: &Path) -> Result<Option<Lock>, ImageError> {
    let folder = cache.join("images");
    paths::private(&folder)?;
    Ok(Lock::try_take(&folder.join("lock"))?)
}

/// Returns what lies at paths of an image, looked at in order: below what is no folder, nothing is looked at.
///
/// # Errors
/// The engine does not answer.
pub async fn paths(
    engine: &Engine,
    id: &str,
    wanted: &BTreeSet<String>,
    cache: &Path,
) -> Result<BTreeMap<String, Kind>, ImageError> {
    let folder = cache.join("images");
    let path = memory(&folder, id, "paths.json");
    paths::private(&folder)?;
    let _lock = Lock::take(&folder.join("lock"), || "files of images".to_owned()).await?;
    let mut known: BTreeMap<String, Kind> = remembered(&path).unwrap_or_default();
    if wanted.iter().all(|path| known.contains_key(path)) {
        return Ok(known);
    }
    let image = Unstarted::make(&engine.docker, id, cache).await?;
    let looked = look(&image, wanted, &mut known).await;
    image.remove().await?;
    looked?;
    file::write(&path, &serde_json::to_vec(&known).expect("the keys are texts"), 0o600)?;
    Ok(known)
}

async fn look(
    image: &Unstarted<'_>,
    wanted: &BTreeSet<String>,
    known: &mut BTreeMap<String, Kind>,
) -> Result<(), ImageError> {
    // Folders come before what is in them.
    for path in wanted.iter().filter(|path| *path != "/") {
        let above = path.rsplit_once('/').map_or("", |(above, _)| above);
        let is_there = above.is_empty() || known.get(above) == Some(&Kind::Folder);
        let kind = if is_there { image.kind(path).await? } else { Kind::Absent };
        known.insert(path.clone(), kind);
    }
    Ok(())
}

/// Where something is remembered of an image.
fn memory(folder: &Path, id: &str, suffix: &str) -> PathBuf {
    folder.join(format!("{}.{suffix}", id.trim_start_matches("sha256:").replace('/', "_")))
}

/// What cannot be read is learned again.
fn remembered<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&file::read(path, 8 * FILE_LIMIT as u64).ok()?).ok()
}

async fn accounts_in(image: &Unstarted<'_>) -> Result<Accounts, ImageError> {
    let passwd = image.text("/etc/passwd").await?;
    let group = image.text("/etc/group").await?;
    let profile = match image.entry(PROFILE).await? {
        Some(Entry { kind: tar::EntryType::Regular, text, .. }) => text,
        _ => String::new(),
    };
    let mut homes = BTreeMap::new();
    for home in home_folders(&passwd) {
        if let Some(Entry { kind: tar::EntryType::Directory, uid, .. }) = image.entry(&home).await? {
            homes.insert(home, uid);
        }
    }
    Ok(Accounts { passwd, group, profile, homes })
}

fn home_folders(passwd: &str) -> BTreeSet<String> {
    let homes = passwd.lines().filter_map(|line| line.split(':').nth(5));
    // Others are no homes for an agent, and the engine takes no NUL.
    homes.filter(|home| home.len() > 1 && normalise(home).is_ok()).map(str::to_owned).take(HOMES_LIMIT).collect()
}

#[cfg(test)]
mod tests;
