//! The guardian's image: one static program and nothing else, packed here and handed to the engine. Nothing is pulled.

use std::collections::{BTreeSet, HashMap};
use std::io;

use bollard::query_parameters::{ImportImageOptionsBuilder, ListContainersOptionsBuilder, ListImagesOptionsBuilder};
use futures_util::StreamExt;
use serde_json::json;

use super::super::connect::{CallError, Engine, Operation};
use super::super::names;
use super::GuardianError;
use crate::host::programs::Program;
use crate::ident::sha256_hex;

/// Repository of the image.
const REPOSITORY: &str = "cloister-guardian";
/// Where the program lies in the image.
pub(super) const PROGRAM: &str = "/cloister-guardian";

/// Makes sure that the engine has the image, and returns its reference.
pub(super) async fn ensure(engine: &Engine, program: &Program, uid: u32) -> Result<String, GuardianError> {
    let reference = reference(program, uid);
    let known =
        engine.docker.inspect_image(&reference).await.unless_absent(|| "inspect the guardian's image".to_owned())?;
    if known.is_none() {
        let archive = pack(program, &reference, architecture()).map_err(GuardianError::Image)?;
        let options = ImportImageOptionsBuilder::default().quiet(true).build();
        let mut steps = std::pin::pin!(engine.docker.import_image(options, bollard::body_full(archive.into()), None));
        while let Some(step) = steps.next().await {
            step.operation(|| "load the guardian's image".to_owned())?;
        }
    }
    Ok(reference)
}

/// Each user has a tag of their own: what one does not need any more, another may.
fn reference(program: &Program, uid: u32) -> String {
    format!("{REPOSITORY}:{}-{uid}", program.digest)
}

/// Returns the references of the engine's other images that [`ensure`] made for this user, and that no guardian uses.
pub(super) async fn others(engine: &Engine, program: &Program, uid: u32) -> Result<Vec<String>, CallError> {
    let filters: HashMap<_, _> = [("reference", vec![REPOSITORY])].into();
    let options = ListImagesOptionsBuilder::default().filters(&filters).build();
    let found = engine.docker.list_images(Some(options)).await.operation(|| "list the guardian's images".to_owned())?;
    let mut others: Vec<String> = found.into_iter().flat_map(|image| image.repo_tags).collect();
    let own = reference(program, uid);
    let used = used(engine).await?;
    others.retain(|reference| is_ours(reference, uid) && *reference != own && !used.contains(reference));
    others.sort();
    Ok(others)
}

/// Returns the references that guardians were made from, those of other state folders as well.
async fn used(engine: &Engine) -> Result<BTreeSet<String>, CallError> {
    let filters: HashMap<_, _> = [("label", vec![names::GUARDIAN])].into();
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let found = engine.docker.list_containers(Some(options)).await.operation(|| "list the guardians".to_owned())?;
    Ok(found.into_iter().filter_map(|container| container.image).collect())
}

fn is_ours(reference: &str, uid: u32) -> bool {
    let tag = reference.strip_prefix(REPOSITORY).and_then(|rest| rest.strip_prefix(':'));
    let digest = tag.and_then(|tag| tag.strip_suffix(&format!("-{uid}")));
    digest.is_some_and(|digest| digest.len() == 16 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The engine's name for this architecture (Go's `GOARCH`).
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Packs an archive as `docker save` writes it: layer, configuration, manifest. The same program gives the same bytes.
fn pack(program: &Program, reference: &str, architecture: &str) -> io::Result<Vec<u8>> {
    let mut layer = tar::Builder::new(Vec::new());
    append(&mut layer, PROGRAM.trim_start_matches('/'), &program.bytes, 0o755)?;
    let layer = layer.into_inner()?;
    let config = json!({
        "architecture": architecture,
        "os": "linux",
        "config": { "Entrypoint": [PROGRAM], "User": "65534:65534", "WorkingDir": "/", "Labels": { names::DIGEST: program.digest } },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", sha256_hex(&layer))] },
        "history": [{ "created_by": "cloister" }],
    });
    let config = config.to_string().into_bytes();
    let name = format!("{}.json", sha256_hex(&config));
    let manifest = json!([{ "Config": name, "RepoTags": [reference], "Layers": ["layer.tar"] }]);
    let mut archive = tar::Builder::new(Vec::new());
    append(&mut archive, "layer.tar", &layer, 0o644)?;
    append(&mut archive, &name, &config, 0o644)?;
    append(&mut archive, "manifest.json", manifest.to_string().as_bytes(), 0o644)?;
    archive.into_inner()
}

fn append(archive: &mut tar::Builder<Vec<u8>>, name: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_mode(mode);
    header.set_size(bytes.len() as u64);
    header.set_mtime(0);
    archive.append_data(&mut header, name, bytes)
}

#[cfg(test)]
mod tests;
