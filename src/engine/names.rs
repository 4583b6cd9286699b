//! Names and labels of everything that cloister makes in the engine. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use bollard::models::ContainerInspectResponse;

use crate::ident::{SandboxId, digest_prefix, display_name};

/// Label: id of the sandbox.
pub const SANDBOX: &str = "cloister.sandbox";
/// Label: the folder that the sandbox works on.
pub const WORKSPACE: &str = "cloister.workspace";
/// Label: digest of the plan.
pub const DIGEST: &str = "cloister.digest";
/// Label: the user who made it.
pub const USER: &str = "cloister.user";
/// Label: the state folder that it was made under, as [`instance`] names it.
pub const INSTANCE: &str = "cloister.instance";
/// Label of a container that is made to look at an image's files: the cache that what is found goes into.
pub const LOOK: &str = "cloister.look";
/// Label of a trial: the instance.
pub const TRIAL: &str = "cloister.trial";
/// Label of the guardian's container: the file that its program was read from, as it was then.
pub const STAMP: &str = "cloister.stamp";
/// Label of the guardian, its network and its image: the instance.
pub const GUARDIAN: &str = "cloister.guardian";

/// Returns the name of the guardian that belongs to a state folder: 8 hexadecimal digits.
pub fn instance(uid: u32, state: &Path) -> String {
    digest_prefix(&format!("{uid}:{}", state.display()), 8)
}

/// Name of a sandbox's container and of its network.
pub fn container(id: &str) -> String {
    format!("cloister-{id}")
}

/// Returns the engine's id of a sandbox's connection to its network, which is another one after every reconnection.
pub fn endpoint(id: &str, found: &ContainerInspectResponse) -> Option<String> {
    let networks = found.network_settings.as_ref()?.networks.as_ref()?;
    networks.get(&container(id))?.endpoint_id.clone().filter(|endpoint| !endpoint.is_empty())
}

/// What a sandbox's image build is called: its network, the container that holds it, its image, and its identity at
/// the guardian.
pub fn build(id: &str) -> String {
    format!("cloister-build-{id}")
}

/// What the image is called that a sandbox's set-up phase leaves.
pub fn setup(id: &str) -> String {
    format!("cloister-setup-{id}")
}

/// What the network and the container of a trial are called, of which a state folder has one at a time.
pub fn trial(instance: &str) -> String {
    format!("cloister-trial-{instance}")
}

/// Name of the guardian's container.
pub fn guardian(instance: &str) -> String {
    format!("cloister-guardian-{instance}")
}

/// Name of the network between the guardian and the world.
pub fn egress(instance: &str) -> String {
    format!("cloister-egress-{instance}")
}

/// Returns the name that people call a sandbox by: the folder's, with four digits of the id when it is taken.
pub fn sandbox(folder: &Path, id: &SandboxId, taken: &BTreeSet<String>) -> String {
    let name = display_name(folder);
    if taken.contains(&name) { format!("{name}-{}", &id.as_str()[..4]) } else { name }
}

/// Tells whether something was made under a state folder: two of one user give the same names to one folder's sandbox.
pub fn is_of(instance: &str, labels: Option<&HashMap<String, String>>) -> bool {
    let label = |name| labels.and_then(|labels| labels.get(name)).is_some_and(|found| found == instance);
    label(INSTANCE) || label(GUARDIAN)
}

/// Returns the labels of what belongs to a sandbox but is not its container.
pub fn labels(id: &str, workspace: &str, digest: &str, uid: u32, instance: &str) -> BTreeMap<String, String> {
    let uid = uid.to_string();
    [(SANDBOX, id), (WORKSPACE, workspace), (DIGEST, digest), (USER, &uid), (INSTANCE, instance)]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

/// Returns the labels of a container that is made to look at an image's files. An image that was built for a sandbox
/// has labels of its own; the container does not belong to the sandbox.
pub fn look_labels(cache: &Path, uid: u32) -> BTreeMap<String, String> {
    [(LOOK, digest_prefix(&cache.display().to_string(), 12)), (USER, uid.to_string()), (SANDBOX, String::new())]
        .map(|(key, value)| (key.to_owned(), value))
        .into()
}

/// Returns the labels of a trial's network and container, which belong to no sandbox.
pub fn trial_labels(instance: &str, uid: u32) -> BTreeMap<String, String> {
    let uid = uid.to_string();
    [(TRIAL, instance), (INSTANCE, instance), (USER, &uid), (SANDBOX, "")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

/// Returns the labels of the guardian and what belongs to it.
pub fn guardian_labels(instance: &str, uid: u32) -> BTreeMap<String, String> {
    [(GUARDIAN.to_owned(), instance.to_owned()), (USER.to_owned(), uid.to_string())].into()
}

#[cfg(test)]
mod tests;
