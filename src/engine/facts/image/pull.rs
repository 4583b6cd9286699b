//! Fetching an image, with progress for a person who waits: one line that changes on a terminal, two lines elsewhere.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use bollard::Docker;
use bollard::models::CreateImageInfo;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::super::super::connect::{CallError, Operation};
use crate::host::terminal;
use crate::ui::text::visible;

/// How often the sign of life moves.
const TICK: Duration = Duration::from_millis(120);
/// What a terminal shows.
const LINE: &str = "{spinner} pulling {msg} {bytes} of {total_bytes}, {percent} %";

/// Has the engine fetch an image.
pub(super) async fn pull(docker: &Docker, reference: &str) -> Result<(), CallError> {
    let (name, tag) = target(reference);
    let options = CreateImageOptionsBuilder::default().from_image(name).tag(tag).build();
    let mut layers = Layers::default();
    let shown = Shown::begin(reference);
    let mut steps = std::pin::pin!(docker.create_image(Some(options), None, None));
    while let Some(step) = steps.next().await {
        layers.hear(step.operation(|| format!("fetch the image `{reference}`"))?);
        shown.moves(layers.sum());
    }
    shown.end();
    Ok(())
}

/// Bytes that are here, and that there are, of each layer.
#[derive(Debug, Default)]
struct Layers(BTreeMap<String, (u64, u64)>);

impl Layers {
    fn hear(&mut self, step: CreateImageInfo) {
        let Some(layer) = step.id else { return };
        let bytes = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0);
        match (step.status.as_deref(), step.progress_detail) {
            (Some("Downloading"), Some(detail)) => {
                let current = bytes(detail.current);
                self.0.insert(layer, (current, bytes(detail.total).max(current)));
            }
            // The last step of a download may have told less than all of it.
            (Some("Download complete"), _) => {
                self.0.entry(layer).and_modify(|(current, total)| *current = *total);
            }
            _ => {}
        }
    }

    fn sum(&self) -> (u64, u64) {
        self.0.values().fold((0, 0), |sum, layer| (sum.0.saturating_add(layer.0), sum.1.saturating_add(layer.1)))
    }
}

/// What a person sees of it.
struct Shown {
    reference: String,
    bar: Option<ProgressBar>,
}

impl Shown {
    fn begin(reference: &str) -> Self {
        let reference = visible(reference);
        let bar = terminal::stderr_can_be_redrawn().then(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
            bar.set_style(ProgressStyle::with_template(LINE).expect("the template is fixed"));
            bar.set_message(reference.clone());
            bar.enable_steady_tick(TICK);
            bar
        });
        let shown = Self { reference, bar };
        if shown.bar.is_none() {
            shown.say("pulling");
        }
        shown
    }

    fn moves(&self, (current, total): (u64, u64)) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(current);
        }
    }

    fn end(self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
        self.say("pulled");
    }

    fn say(&self, done: &str) {
        // Where standard error is gone, nobody misses it.
        let _ = writeln!(anstream::stderr().lock(), "cloister: {done} {}", self.reference);
    }
}

impl Drop for Shown {
    /// Whatever ends it, the line goes.
    fn drop(&mut self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }
}

/// Returns what to fetch and its tag; without one the engine would fetch every tag there is.
pub(super) fn target(reference: &str) -> (&str, &str) {
    let name = reference.rfind('/').map_or(0, |slash| slash + 1);
    match reference[name..].split_once([':', '@']) {
        Some(_) if reference.contains('@') => (reference, ""),
        Some((base, tag)) => (&reference[..name + base.len()], tag),
        None => (reference, "latest"),
    }
}

#[cfg(test)]
mod tests;
