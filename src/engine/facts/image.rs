//! What the engine says of an image: its configuration, and its accounts, which only its files tell.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use bollard::Docker;
use bollard::models::{ContainerCreateBody, HostConfig, ImageInspect};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, DownloadFromContainerOptionsBuilder, RemoveContainerOptionsBuilder,
};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};

use super::super::connect::{CallError, Engine, Operation};
use super::super::names;
use crate::facts::ImageFacts;
use crate::host::file::{self, FileError};
use crate::host::lock::{Lock, LockError};
use crate::host::paths::{self, PathsError};
use crate::ident::digest_prefix;

mod pull;

/// Most bytes of a file of an image that are read.
const FILE_LIMIT: usize = 1 << 20;
/// Most home folders that are looked at.
const HOMES_LIMIT: usize = 64;
/// Links that are followed to a file of an image.
const LINKS_LIMIT: usize = 4;
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
            Self::Irregular { .. } => Some("use another image: this one is made to hang whoever runs it".to_owned()),
            Self::Folder(error) => error.hint(),
            Self::Call(_) | Self::File(_) | Self::Lock(_) => None,
        }
    }
}

/// What is remembered of an image's files; an image never changes under its id.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Accounts {
    passwd: String,
    group: String,
    homes: BTreeMap<String, u32>,
}

/// Asks for an image, fetching it where `pull` says so. `cache` holds what was read from images before.
///
/// # Errors
/// The image is not there, or the engine does not answer.
pub async fn image(engine: &Engine, reference: &str, pull: Pull, cache: &Path) -> Result<ImageFacts, ImageError> {
    let found = inspect(&engine.docker, reference).await?;
    let inspected = match (found, pull) {
        (Some(inspected), _) => inspected,
        (None, Pull::Never) => return Err(ImageError::NotFound { reference: reference.to_owned(), source: None }),
        (None, Pull::Missing) => {
            let missing = |source| ImageError::NotFound { reference: reference.to_owned(), source };
            pull::pull(&engine.docker, reference).await.map_err(|error| missing(Some(error)))?;
            inspect(&engine.docker, reference).await?.ok_or_else(|| missing(None))?
        }
    };
    let mut facts = configuration(inspected);
    let accounts = remembered_accounts(engine, &facts.id, cache).await?;
    (facts.passwd, facts.group, facts.homes) = (accounts.passwd, accounts.group, accounts.homes);
    Ok(facts)
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
        ..ImageFacts::default()
    }
}

async fn remembered_accounts(engine: &Engine, id: &str, cache: &Path) -> Result<Accounts, ImageError> {
    let folder = cache.join("images");
    let path = folder.join(format!("{}.json", id.trim_start_matches("sha256:").replace('/', "_")));
    if let Some(accounts) = remembered(&path) {
        return Ok(accounts);
    }
    paths::private(&folder)?;
    // Two starts at once read the image once.
    let _lock = Lock::take(&folder.join("lock")).await?;
    if let Some(accounts) = remembered(&path) {
        return Ok(accounts);
    }
    let accounts = read_accounts(engine, id, cache).await?;
    file::write(&path, &serde_json::to_vec(&accounts).expect("the keys are texts"), 0o600)?;
    Ok(accounts)
}

/// What cannot be read is learned again.
fn remembered(path: &Path) -> Option<Accounts> {
    serde_json::from_slice(&file::read(path, 8 * FILE_LIMIT as u64).ok()?).ok()
}

/// Reads the files from a container that is made for it and never started. Its name follows from the image and the
/// user's cache, so that one that is left from a process that was killed is found and replaced.
async fn read_accounts(engine: &Engine, id: &str, cache: &Path) -> Result<Accounts, ImageError> {
    let name = format!("cloister-image-{}", digest_prefix(&format!("{id}:{}", cache.display()), 12));
    remove(&engine.docker, &name).await?;
    let body = ContainerCreateBody {
        image: Some(id.to_owned()),
        entrypoint: Some(vec!["/never-started".to_owned()]),
        network_disabled: Some(true),
        labels: Some([(names::USER.to_owned(), rustix::process::geteuid().as_raw().to_string())].into()),
        host_config: Some(HostConfig { network_mode: Some("none".to_owned()), ..HostConfig::default() }),
        ..ContainerCreateBody::default()
    };
    let options = CreateContainerOptionsBuilder::default().name(&name).build();
    let created = engine.docker.create_container(Some(options), body).await;
    created.operation(|| "make a container to read the image's accounts from".to_owned())?;
    let accounts = accounts_in(&engine.docker, &name).await;
    remove(&engine.docker, &name).await?;
    accounts
}

async fn remove(docker: &Docker, name: &str) -> Result<(), CallError> {
    let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    let removed = docker.remove_container(name, Some(options)).await;
    removed.unless_absent(|| format!("remove the container `{name}`")).map(|_| ())
}

async fn accounts_in(docker: &Docker, container: &str) -> Result<Accounts, ImageError> {
    let passwd = text(docker, container, "/etc/passwd").await?;
    let group = text(docker, container, "/etc/group").await?;
    let mut homes = BTreeMap::new();
    for home in home_folders(&passwd) {
        if let Some(Entry { kind: tar::EntryType::Directory, uid, .. }) = entry(docker, container, &home).await? {
            homes.insert(home, uid);
        }
    }
    Ok(Accounts { passwd, group, homes })
}

fn home_folders(passwd: &str) -> BTreeSet<String> {
    let homes = passwd.lines().filter_map(|line| line.split(':').nth(5));
    homes.filter(|home| home.len() > 1 && home.starts_with('/')).map(str::to_owned).take(HOMES_LIMIT).collect()
}

/// First entry of an archive.
struct Entry {
    kind: tar::EntryType,
    uid: u32,
    link: Option<String>,
    text: String,
}

async fn text(docker: &Docker, container: &str, path: &str) -> Result<String, ImageError> {
    let mut path = path.to_owned();
    for _ in 0..LINKS_LIMIT {
        match entry(docker, container, &path).await? {
            Some(Entry { kind: tar::EntryType::Regular, text, .. }) => return Ok(text),
            Some(Entry { link: Some(link), .. }) => {
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                path = if link.starts_with('/') { link } else { format!("{folder}/{link}") };
            }
            Some(_) => return Err(ImageError::Irregular { path }),
            None => break,
        }
    }
    Ok(String::new())
}

/// Returns the first entry of the archive of a path; `None` where nothing is there. No more than a limit is read.
async fn entry(docker: &Docker, container: &str, path: &str) -> Result<Option<Entry>, CallError> {
    let options = DownloadFromContainerOptionsBuilder::default().path(path).build();
    let mut archive = std::pin::pin!(docker.download_from_container(container, Some(options)));
    let mut bytes = Vec::new();
    while let Some(chunk) = archive.next().await {
        let Some(chunk) = chunk.unless_absent(|| format!("read `{path}` from the image"))? else { return Ok(None) };
        bytes.extend_from_slice(&chunk);
        if bytes.len() > FILE_LIMIT {
            break;
        }
    }
    Ok(first_entry(&bytes))
}

fn first_entry(bytes: &[u8]) -> Option<Entry> {
    let mut archive = tar::Archive::new(bytes);
    let entry = archive.entries().ok()?.next()?.ok()?;
    let kind = entry.header().entry_type();
    let uid = u32::try_from(entry.header().uid().ok()?).ok()?;
    let link = entry.link_name().ok().flatten().map(|link| link.to_string_lossy().into_owned());
    let mut text = Vec::new();
    if kind == tar::EntryType::Regular {
        entry.take(FILE_LIMIT as u64).read_to_end(&mut text).ok()?;
    }
    Some(Entry { kind, uid, link, text: String::from_utf8_lossy(&text).into_owned() })
}

#[cfg(test)]
mod tests;
