//! What a sandbox that runs was made from and is another thing now, although its plan is the same: the plan names it, and
//! says nothing of its content (SEC-13).

use std::path::Path;

use super::super::receipt::Receipt;
use super::{Context, Start};
use crate::host::certificates;

/// The user's certificates, in the files of a sandbox.
const CERTIFICATES: &str = "ca.pem";

/// Returns what it is, as people call it.
pub(super) fn of(context: &Context, request: Start<'_>, receipt: &Receipt) -> Vec<String> {
    let image = receipt.image.as_ref().is_some_and(|image| *image != request.image.id);
    let reference = request.plan.containers.first().and_then(|container| container.image.as_deref());
    let bundle = request.policy.network.ca_bundle.as_deref();
    let certificates = bundle.filter(|bundle| !is_same(bundle, &context.state.files(&receipt.id).join(CERTIFICATES)));
    [
        image.then(|| reference.map_or_else(|| "its image".to_owned(), |name| format!("the image `{name}`"))),
        certificates.map(|bundle| format!("`{}` (network.caBundle)", bundle.display())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What cannot be read is told by whoever needs it.
fn is_same(original: &Path, copy: &Path) -> bool {
    let original = certificates::read(original).ok();
    original.is_none_or(|original| certificates::read(copy).is_ok_and(|copy| copy == original))
}
