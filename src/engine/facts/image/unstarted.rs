//! A container of an image that is made to look at the image's files, and never started.

use std::io::Read;
use std::path::Path;

use bollard::Docker;
use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{
    ContainerArchiveInfoOptionsBuilder, CreateContainerOptionsBuilder, DownloadFromContainerOptionsBuilder,
    RemoveContainerOptionsBuilder,
};
use futures_util::StreamExt;

use super::super::super::connect::{CallError, Operation};
use super::super::super::layout::Kind;
use super::super::super::names;
use super::{FILE_LIMIT, ImageError};
use crate::ident::digest_prefix;

/// Links that are followed to a file of an image.
const LINKS_LIMIT: usize = 4;
/// Bits of the engine's file modes (Go, `io/fs`): folder, link, and everything that is no regular file.
const MODE_FOLDER: u32 = 1 << 31;
const MODE_LINK: u32 = 1 << 27;
const MODE_TYPE: u32 = MODE_FOLDER | MODE_LINK | 1 << 26 | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19;

/// The container. Its name follows from the image and the user's cache, so that one that is left from a process that
/// was killed is found and replaced.
pub(super) struct Unstarted<'a> {
    docker: &'a Docker,
    name: String,
}

/// First entry of an archive.
pub(super) struct Entry {
    pub(super) kind: tar::EntryType,
    pub(super) uid: u32,
    pub(super) link: Option<String>,
    pub(super) text: String,
}

impl<'a> Unstarted<'a> {
    pub(super) async fn make(docker: &'a Docker, id: &str, cache: &Path) -> Result<Self, CallError> {
        let name = format!("cloister-image-{}", digest_prefix(&format!("{id}:{}", cache.display()), 12));
        let container = Self { docker, name };
        container.remove().await?;
        let body = ContainerCreateBody {
            image: Some(id.to_owned()),
            entrypoint: Some(vec!["/never-started".to_owned()]),
            network_disabled: Some(true),
            labels: Some(names::look_labels(cache, rustix::process::geteuid().as_raw()).into_iter().collect()),
            host_config: Some(HostConfig { network_mode: Some("none".to_owned()), ..HostConfig::default() }),
            ..ContainerCreateBody::default()
        };
        let options = CreateContainerOptionsBuilder::default().name(&container.name).build();
        let created = docker.create_container(Some(options), body).await;
        created.operation(|| "make a container to look at the image's files".to_owned())?;
        Ok(container)
    }

    pub(super) async fn remove(&self) -> Result<(), CallError> {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        let removed = self.docker.remove_container(&self.name, Some(options)).await;
        removed.unless_absent(|| format!("remove the container `{}`", self.name)).map(|_| ())
    }

    /// Returns what lies at a path; a link at its end is not followed.
    pub(super) async fn kind(&self, path: &str) -> Result<Kind, CallError> {
        let options = ContainerArchiveInfoOptionsBuilder::default().path(path).build();
        let found = self.docker.get_container_archive_info(&self.name, Some(options)).await;
        let found = found.unless_absent(|| format!("look at `{path}` of the image"))?;
        Ok(found.map_or(Kind::Absent, |found| kind_of(found.file_mode)))
    }

    pub(super) async fn text(&self, path: &str) -> Result<String, ImageError> {
        let mut path = path.to_owned();
        for _ in 0..LINKS_LIMIT {
            match self.entry(&path).await? {
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
    pub(super) async fn entry(&self, path: &str) -> Result<Option<Entry>, CallError> {
        let options = DownloadFromContainerOptionsBuilder::default().path(path).build();
        let mut archive = std::pin::pin!(self.docker.download_from_container(&self.name, Some(options)));
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
}

pub(super) fn kind_of(mode: u32) -> Kind {
    match mode & MODE_TYPE {
        0 => Kind::File,
        MODE_FOLDER => Kind::Folder,
        MODE_LINK => Kind::Link,
        _ => Kind::Other,
    }
}

pub(super) fn first_entry(bytes: &[u8]) -> Option<Entry> {
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
