//! The set-up phase: approved commands run as root in a container of the plan's, sealed and measured like the sandbox,
//! and what they leave becomes the image of the sandbox. The container is removed before that begins.

use std::path::Path;

use bollard::models::ContainerConfig;
use bollard::query_parameters::{CommitContainerOptionsBuilder, UploadToContainerOptionsBuilder};
use serde_json::json;

use super::super::accounts::{self, Account};
use super::super::connect::{CallError, Engine, Operation};
use super::super::fill::Values;
use super::super::lifecycle::{self, LifecycleError};
use super::super::pool;
use super::super::receipt::{ProcessDefaults, Receipt};
use super::{ApplyError, Audited, Bench, Ground, check_image, files, make};
use crate::facts::ImageFacts;
use crate::host::file::FileError;
use crate::host::signals::Signals;
use crate::ident::sha256_hex;
use crate::plan::model::Hook;
use crate::sandbox::protocol::INIT;
use crate::sandbox::sudo;

/// Why there is no image to begin with.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// There is no container that is known to be sealed.
    #[error("could not seal the set-up phase")]
    Seal(#[from] ApplyError),
    /// A command failed.
    #[error("the set-up phase failed")]
    Command(#[source] LifecycleError),
    /// The engine did not keep the result.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl SetupError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Seal(error) => error.hint(),
            Self::Command(_) => Some(
                "what it printed stands above; the next `cloister start` tries it again, and `cloister trust --revoke` \
                 starts without it"
                    .to_owned(),
            ),
            Self::Call(_) => None,
        }
    }
}

/// Returns what the result of the phase follows from: the image, the container, the commands.
pub fn key(set_up: Audited<'_>, image: &ImageFacts) -> String {
    let hooks: Vec<&Hook> = set_up.plan.lifecycle.iter().filter(|hook| hook.setup).collect();
    sha256_hex(json!([image.id, set_up.container, hooks]).to_string().as_bytes())
}

/// Runs the approved commands, and returns the id of the image that they leave, which is called `tag`. The caller removes
/// the container and its network, whatever comes of it.
///
/// # Errors
/// A command fails, or the container is not known to be sealed.
pub async fn set_up(
    bench: Bench<'_>,
    set_up: Audited<'_>,
    image: &ImageFacts,
    (receipt, tag): (&mut Receipt, &str),
    signals: &mut Signals,
) -> Result<String, SetupError> {
    let volumes = check_image(bench, set_up, image).await?;
    let prepared = files::set_up(bench, set_up, &receipt.id)?;
    link_programs(&prepared.files)?;
    let accounts = accounts(set_up, image)?;
    let ground = Ground { image, volumes: &volumes, prepared: &prepared };
    let engine = bench.engine;
    make(bench, set_up, &ground, receipt, async |container| Ok(upload(engine, container, accounts).await?)).await?;
    let places = pool::places(receipt.subnet.expect("the network was allocated"));
    let values = Values {
        guardian: places.guardian,
        token: &receipt.token,
        programs: &prepared.programs,
        files: &prepared.files,
        home: &prepared.home,
        probe: "",
    };
    let env = set_up.container.remote_env.iter();
    let defaults = ProcessDefaults {
        user: set_up.container.user.clone(),
        folder: set_up.plan.workspace.folder.clone(),
        env: env.map(|(name, value)| (name.clone(), value.as_ref().map(|value| values.text(value)))).collect(),
    };
    let container = receipt.container.clone().unwrap_or_default();
    let phase = Receipt { process: defaults, ..receipt.clone() };
    lifecycle::set_up(engine, bench.state, &phase, &set_up.plan.lifecycle, signals)
        .await
        .map_err(SetupError::Command)?;
    Ok(keep(engine, &container, set_up, tag).await?)
}

/// The path is one of the container, where cloister's programs are mounted.
fn link_programs(files: &Path) -> Result<(), ApplyError> {
    let link = files.join("setup").join(sudo::NAME);
    std::os::unix::fs::symlink(INIT, &link).map_err(|source| FileError::Write { path: link, source }.into())
}

/// The identity files that the sandbox will have, so that a name means the same number in both; here commands may change
/// them.
fn accounts(set_up: Audited<'_>, image: &ImageFacts) -> Result<Vec<u8>, ApplyError> {
    let Some(sandbox) = set_up.plan.containers.first() else { return Ok(Vec::new()) };
    let account = Account { name: &sandbox.user_name, user: &sandbox.user, home: &sandbox.home };
    let (passwd, group) = accounts::files(&image.passwd, &image.group, &account)?;
    let mut archive = tar::Builder::new(Vec::new());
    for (name, text) in [("etc/passwd", passwd), ("etc/group", group)] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(text.len() as u64);
        archive.append_data(&mut header, name, text.as_bytes()).expect("memory takes everything");
    }
    Ok(archive.into_inner().expect("memory takes everything"))
}

async fn upload(engine: &Engine, container: &str, archive: Vec<u8>) -> Result<(), CallError> {
    let options = UploadToContainerOptionsBuilder::default().path("/").build();
    let done = engine.docker.upload_to_container(container, Some(options), bollard::body_full(archive.into())).await;
    done.operation(|| "write the accounts of the set-up phase".to_owned())
}

/// Keeps the files alone: what the container was made with, its probe and its user, is no part of the image.
async fn keep(engine: &Engine, container: &str, set_up: Audited<'_>, tag: &str) -> Result<String, CallError> {
    let config = ContainerConfig {
        entrypoint: Some(Vec::new()),
        cmd: Some(vec![INIT.to_owned()]),
        labels: Some(set_up.container.labels.clone().into_iter().collect()),
        ..ContainerConfig::default()
    };
    let options = CommitContainerOptionsBuilder::default().container(container).repo(tag).tag("latest").build();
    let kept = engine.docker.commit_container(options, config).await;
    Ok(kept.operation(|| "keep what the set-up phase made".to_owned())?.id)
}
