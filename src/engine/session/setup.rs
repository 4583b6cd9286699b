//! The image that a sandbox begins with where commands were approved that run as root: known already, or made now.
//!
//! Invariant: nothing of the set-up phase is left when the sandbox is made, neither a process nor its network.

use serde::{Deserialize, Serialize};

use super::super::apply::setup::{key, set_up};
use super::super::apply::{ApplyError, Audited};
use super::super::connect::Operation;
use super::super::facts::{self, Pull};
use super::super::images;
use super::super::names;
use super::super::receipt::Receipt;
use super::room::Room;
use super::{Context, SessionError, Start, clean, owner};
use crate::facts::ImageFacts;
use crate::host::file;
use crate::host::random;
use crate::host::signals::Signals;

/// What was made last, in the sandbox's state folder.
const MEMORY: &str = "setup.json";
/// Most bytes of it.
const MEMORY_LIMIT: u64 = 1 << 20;

/// What was made, and from what.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Memory {
    key: String,
    base: String,
    image: String,
}

/// Returns the image that the sandbox begins with. The receipt says `starting`, and does again when this returns.
pub(super) async fn image(
    context: &Context,
    audited: Audited<'_>,
    request: Start<'_>,
    receipt: &mut Receipt,
    signals: &mut Signals,
) -> Result<ImageFacts, SessionError> {
    let base = request.image;
    let Some(phase) = audited.setup() else { return Ok(base.clone()) };
    let key = key(phase, base);
    let known = memory(context, &receipt.id).filter(|memory| memory.key == key && !request.rebuild);
    if let Some(Memory { image, .. }) = known {
        let found = context.engine.docker.inspect_image(&image).await;
        if found.unless_absent(|| "inspect the image of the set-up phase".to_owned())?.is_some() {
            return learn(context, base, &image).await;
        }
    }
    tracing::debug!("the set-up phase begins");
    let tag = names::setup(&receipt.id);
    owner::check_image(context, &tag).await?;
    let old = context.engine.docker.inspect_image(&tag).await.unless_absent(|| format!("inspect `{tag}`"))?;
    let root = facts::root(&context.engine).await;
    let room = Room::at(context, root.as_deref(), receipt.mount.as_deref(), request.policy.limits.free_space);
    let image = room.while_enough(set_up(context.bench(), phase, base, (receipt, &tag), signals)).await??;
    clean::remove_from_engine(context, &receipt.id).await?;
    (receipt.container, receipt.started, receipt.subnet) = (None, None, None);
    receipt.token = random::token()?;
    context.state.save(receipt)?;
    if let Some(old) = old.and_then(|old| old.id).filter(|old| *old != image) {
        // The new one is there: what the old one still takes is no reason to fail.
        let _ = images::remove(&context.engine, &old).await;
    }
    let memory = Memory { key, base: base.id.clone(), image: image.clone() };
    let text = serde_json::to_vec(&memory).expect("plain texts");
    file::write(&context.state.sandbox(&receipt.id).join(MEMORY), &text, 0o600)?;
    learn(context, base, &image).await
}

/// Returns the image that an image was made from by the set-up phase, or the image itself.
pub(super) fn base_of(context: &Context, id: &str, image: String) -> String {
    memory(context, id).filter(|memory| memory.image == image).map_or(image, |memory| memory.base)
}

fn memory(context: &Context, id: &str) -> Option<Memory> {
    let bytes = file::read(&context.state.sandbox(id).join(MEMORY), MEMORY_LIMIT).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// The phase changes files. What the image says of itself is what its base says.
async fn learn(context: &Context, base: &ImageFacts, image: &str) -> Result<ImageFacts, SessionError> {
    let found = facts::image(&context.engine, image, Pull::Never, &context.paths.cache).await;
    let ImageFacts { id, passwd, group, homes, .. } = found.map_err(ApplyError::from)?;
    Ok(ImageFacts { id, passwd, group, homes, ..base.clone() })
}
