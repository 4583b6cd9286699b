//! Fetching an image, with progress for a person who waits.

use std::collections::BTreeMap;

use bollard::Docker;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::super::super::connect::{CallError, Operation};

/// Has the engine fetch an image.
pub(super) async fn pull(docker: &Docker, reference: &str) -> Result<(), CallError> {
    let (name, tag) = target(reference);
    let options = CreateImageOptionsBuilder::default().from_image(name).tag(tag).build();
    let mut layers: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let bar = progress(reference);
    let mut steps = std::pin::pin!(docker.create_image(Some(options), None, None));
    while let Some(step) = steps.next().await {
        let step = step.operation(|| format!("fetch the image `{reference}`"))?;
        if let (Some(layer), Some(detail)) = (step.id, step.progress_detail) {
            let bytes = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0);
            if step.status.as_deref() == Some("Downloading") {
                layers.insert(layer, (bytes(detail.current), bytes(detail.total)));
            }
            bar.set_length(layers.values().map(|layer| layer.1).sum());
            bar.set_position(layers.values().map(|layer| layer.0).sum());
        }
    }
    bar.finish_and_clear();
    Ok(())
}

fn progress(reference: &str) -> ProgressBar {
    // indicatif draws nothing where standard error is no terminal.
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} fetching {msg} {bytes}/{total_bytes} {bytes_per_sec}");
    bar.set_style(style.expect("the template is fixed"));
    bar.set_message(reference.to_owned());
    bar
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
