//! A Dockerfile becomes an image: by the engine's classic builder, whose steps run in a network of the build's own, with
//! the guardian as the only peer. BuildKit's steps cannot be put there (SEC-86): it builds what was approved to be open.
//!
//! Invariant: the engine gets the Dockerfile that was judged, an archive of one folder, and nothing else of the host;
//! what it would fetch itself was decided about before.

mod bases;
mod context;
mod holder;
mod progress;
mod request;

use std::path::Path;

use serde::{Deserialize, Serialize};
use tracing::debug;

pub use self::bases::BaseError;
pub use self::context::ContextError;

use self::context::Context;
use self::holder::Holder;
use self::progress::Progress;
use super::apply::{ApplyError, Audited, Bench};
use super::connect::{CallError, Operation};
use super::facts::ImageError;
use super::guardian;
use super::hijack::HijackError;
use super::images;
use super::names;
use crate::config::dockerfile::{self, Builder, Dockerfile};
use crate::guardian::protocol::{Refusals, Refused, WirePolicy};
use crate::host::file::{self, FileError};
use crate::ident::sha256_hex;
use crate::plan::model::{Build, BuildNetwork};
use crate::source::Source;
use crate::ui::text::visible;

/// Most bytes of what is remembered of a build.
const MEMORY_LIMIT: u64 = 1 << 20;
/// What was built last, in the sandbox's state folder.
const MEMORY: &str = "image.json";

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The plan has nothing to build, or another Dockerfile.
    #[error("the Dockerfile is not the one of the plan")]
    OtherDockerfile,
    /// A base image is not there, or would have the engine fetch something.
    #[error(transparent)]
    Base(#[from] BaseError),
    /// The folder does not become an archive.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The steps have no network that is known to be sealed.
    #[error("could not seal the build")]
    Seal(#[from] ApplyError),
    /// The engine does not build.
    #[error("the engine does not build")]
    Engine(#[from] HijackError),
    /// The engine stopped in the middle.
    #[error("the engine's account of the build broke off")]
    Broken,
    /// A step failed.
    #[error("the build failed at {step}: {message}")]
    Step {
        /// The step.
        step: String,
        /// What the engine says.
        message: String,
        /// The Dockerfile, relative to the mounted folder.
        dockerfile: String,
        /// What it did not reach meanwhile.
        refusals: Box<Refusals>,
    },
    /// The engine did not do it.
    #[error(transparent)]
    Call(#[from] CallError),
    /// What was built cannot be written down.
    #[error(transparent)]
    File(#[from] FileError),
}

impl BuildError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::OtherDockerfile => Some("it changed just now: try again with `cloister start`".to_owned()),
            Self::Base(error) => error.hint(),
            Self::Context(error) => error.hint(),
            Self::Seal(error) => error.hint(),
            Self::Step { dockerfile, refusals, .. } => Some(step_hint(dockerfile, refusals)),
            Self::Call(error) => error.hint(),
            Self::Engine(_) | Self::Broken | Self::File(_) => None,
        }
    }
}

fn step_hint(dockerfile: &str, Refusals { refused, failed, .. }: &Refusals) -> String {
    let listed =
        |hosts: &[Refused]| hosts.iter().map(|one| format!("{}:{}", one.host, one.port)).collect::<Vec<_>>().join(", ");
    match (refused.as_slice(), failed.as_slice()) {
        ([], []) => format!("change that step in `{dockerfile}`; what it printed stands above"),
        ([], failed) => format!("the guardian could not reach {}: look at the name, or try again", listed(failed)),
        (refused, _) => {
            format!("the guardian refused {}: allow it in config.json5, if you trust it", listed(refused))
        }
    }
}

impl From<ImageError> for BuildError {
    fn from(error: ImageError) -> Self {
        Self::Base(error.into())
    }
}

/// What is to be built.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// Id of the sandbox.
    pub id: &'a str,
    /// The folder that was opened, for the labels.
    pub folder: &'a Path,
    /// The folder that the plan's paths are relative to.
    pub workspace: &'a Path,
    /// The Dockerfile that was judged.
    pub dockerfile: &'a Source,
    /// What the steps may reach.
    pub policy: &'a WirePolicy,
}

/// A build that is fully known: nothing about it is decided later.
#[derive(Debug)]
pub struct Prepared<'a> {
    order: Order<'a>,
    plan: &'a Build,
    dockerfile: Dockerfile,
    context: Context,
    /// Whether anything runs, so that a sealed network is needed.
    runs: bool,
    context_digest: String,
    key: String,
}

/// What was built, and from what.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Memory {
    key: String,
    image: String,
}

/// Learns everything that the image follows from; base images that are missing are fetched.
///
/// # Errors
/// A base image or the context cannot be used.
pub async fn prepare<'a>(bench: Bench<'_>, audited: Audited<'a>, order: Order<'a>) -> Result<Prepared<'a>, BuildError> {
    let plan = audited.container().build.as_ref().ok_or(BuildError::OtherDockerfile)?;
    let dockerfile = dockerfile::parse(order.dockerfile);
    if dockerfile.digest != plan.digest {
        return Err(BuildError::OtherDockerfile);
    }
    let bases = bases::learn(bench.engine, &dockerfile, &plan.args).await?;
    let builder = if plan.buildkit { Builder::BuildKit } else { Builder::Classic };
    let mut text = dockerfile.sent(builder).ok_or(BuildError::OtherDockerfile)?;
    if builder == Builder::Classic {
        let (uid, instance) = (bench.state.uid().to_string(), bench.state.instance());
        let labels = [(names::SANDBOX, order.id), (names::USER, &uid), (names::INSTANCE, &instance)];
        text = labelled(text, &dockerfile, &labels);
    }
    let context = Context::open(order.workspace, &plan.context, &plan.dockerfile, (builder, &text))?;
    let (context, context_digest) = request::digest(context).await?;
    let Build { args, target, network, .. } = plan;
    // The Dockerfile is a part of the context.
    let parts = serde_json::json!([context_digest, args, target, bases.ids, network]);
    let runs = *network == BuildNetwork::Guardian && (dockerfile.runs_commands() || bases.run_commands);
    let key = sha256_hex(parts.to_string().as_bytes());
    Ok(Prepared { order, plan, dockerfile, context, runs, context_digest, key })
}

/// Puts labels into every stage, so that every image of the build can be told from others'.
fn labelled(mut text: String, dockerfile: &Dockerfile, labels: &[(&str, &str)]) -> String {
    let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let label = format!("\nLABEL {}", labels.join(" "));
    let stages = dockerfile.instructions.iter().filter(|one| one.name == "FROM" && !one.on_build);
    for stage in stages.rev() {
        text.insert_str(stage.end, &label);
    }
    text
}

impl Prepared<'_> {
    /// Returns the image that was built from the same before, where the engine still has it.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn known(&self, bench: Bench<'_>) -> Result<Option<String>, BuildError> {
        let path = bench.state.sandbox(self.order.id).join(MEMORY);
        let memory =
            file::read(&path, MEMORY_LIMIT).ok().and_then(|bytes| serde_json::from_slice::<Memory>(&bytes).ok());
        let Some(memory) = memory.filter(|memory| memory.key == self.key) else { return Ok(None) };
        let found = bench.engine.docker.inspect_image(&memory.image).await;
        Ok(found.unless_absent(|| "inspect the image that was built".to_owned())?.map(|_| memory.image))
    }

    /// Builds, and returns the image's id. The caller removes what was made, and what is left when this fails.
    ///
    /// # Errors
    /// A step fails, or cannot be sealed.
    pub async fn build(self, bench: Bench<'_>, audited: Audited<'_>) -> Result<String, BuildError> {
        let Bench { engine, state, .. } = bench;
        let holder = if self.runs { Some(Holder::make(bench, audited, self.order).await?) } else { None };
        debug!(sealed = self.runs, network = ?self.plan.network, buildkit = self.plan.buildkit, "the build begins");
        let tag = names::build(self.order.id);
        let old = engine.docker.inspect_image(&tag).await.unless_absent(|| format!("inspect `{tag}`"))?;
        let sources = self.cache_sources(bench, &tag).await?;
        let folder = self.order.folder.to_string_lossy();
        let mut labels = names::labels(self.order.id, &folder, "", state.uid(), &state.instance());
        // The same image belongs to many plans.
        labels.remove(names::DIGEST);
        let path = request::path(&request::Parameters {
            plan: self.plan,
            tag: &tag,
            holder: holder.as_ref(),
            declared: &self.dockerfile.declared(),
            limits: &audited.container().limits,
            cache_from: &sources,
            labels: &labels,
        });
        let mut progress = Progress::begin();
        let sent = request::send(engine, &path, self.context, self.context_digest).await?;
        if let Err(failed) = progress.follow(sent).await? {
            let refusals = Box::new(guardian::refused_to(engine, state, &tag).await.unwrap_or_default());
            let progress::Failed { step, message } = failed;
            let dockerfile = self.plan.dockerfile.clone();
            return Err(BuildError::Step { step: visible(&step), message: visible(&message), dockerfile, refusals });
        }
        let built = engine.docker.inspect_image(&tag).await.operation(|| format!("inspect `{tag}`"))?;
        let image = built.id.unwrap_or_default();
        if let Some(old) = old.and_then(|old| old.id).filter(|old| *old != image) {
            // The new one is there: what the old one still takes is no reason to fail.
            let _ = images::remove(engine, &old).await;
        }
        let memory = serde_json::to_vec(&Memory { key: self.key, image: image.clone() }).expect("plain texts");
        file::write(&state.sandbox(self.order.id).join(MEMORY), &memory, 0o600)?;
        Ok(image)
    }

    /// Images whose layers may be reused, as far as they are here: nothing is fetched for that. The engine looks at
    /// nothing else once there is one, so the last image of this build is among them.
    async fn cache_sources(&self, bench: Bench<'_>, tag: &str) -> Result<Vec<String>, CallError> {
        let mut here = Vec::new();
        if self.plan.buildkit {
            // It would ask their registries.
            return Ok(here);
        }
        for source in self.plan.cache_from.iter().map(String::as_str).chain([tag]) {
            let found = bench.engine.docker.inspect_image(source).await;
            let found = found.unless_absent(|| format!("inspect the image `{source}`"))?;
            here.extend(found.map(|_| source.to_owned()));
        }
        Ok(if here.iter().any(|source| source != tag) { here } else { Vec::new() })
    }
}
