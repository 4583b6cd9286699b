//! The images that a build begins with: fetched where they are missing, and asked what they would have it do.

use std::collections::BTreeMap;

use super::super::connect::Engine;
use super::super::facts::image::present;
use super::super::facts::{ImageError, Pull};
use crate::config::dockerfile::{self, Dockerfile};
use crate::source::Source;

/// Why a base image cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// It is not there.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// It has the engine fetch something, or give a step more than others have.
    #[error("the image `{image}` has an ONBUILD trigger that no build may run: `{}`", trigger.escape_debug())]
    Trigger {
        /// The image.
        image: String,
        /// Its trigger.
        trigger: String,
    },
}

impl BaseError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Image(error) => error.hint(),
            Self::Trigger { .. } => Some("use another base image: the engine itself would fetch this".to_owned()),
        }
    }
}

/// What is known of them.
#[derive(Debug, Default)]
pub(super) struct Bases {
    /// Reference and content id.
    pub(super) ids: BTreeMap<String, String>,
    /// Whether a trigger runs something.
    pub(super) run_commands: bool,
}

/// Looks at every image of a Dockerfile.
pub(super) async fn learn(
    engine: &Engine,
    dockerfile: &Dockerfile,
    args: &BTreeMap<String, String>,
) -> Result<Bases, BaseError> {
    let mut bases = Bases::default();
    for image in dockerfile.images(args) {
        let image = image.value;
        if bases.ids.contains_key(&image) {
            continue;
        }
        let found = present(engine, &image, Pull::Missing).await?;
        for trigger in found.config.and_then(|config| config.on_build).unwrap_or_default() {
            let parsed = dockerfile::parse(&Source::new("ONBUILD", trigger.as_str()));
            if asks_too_much(&parsed) {
                return Err(BaseError::Trigger { image, trigger });
            }
            bases.run_commands |= parsed.runs_commands();
        }
        bases.ids.insert(image, found.id.unwrap_or_default());
    }
    Ok(bases)
}

fn asks_too_much(trigger: &Dockerfile) -> bool {
    let copies = trigger.images(&BTreeMap::new()).len() + trigger.images_on_build().len();
    copies > 0
        || !trigger.fetches().is_empty()
        || !trigger.diagnostics.is_empty()
        || !trigger.beyond_classic().is_empty()
}
