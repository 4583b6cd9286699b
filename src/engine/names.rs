//! Names and labels of everything that cloister makes in the engine. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sha2::{Digest, Sha256};

/// Label: id of the sandbox.
pub const SANDBOX: &str = "cloister.sandbox";
/// Label: the folder that the sandbox works on.
pub const WORKSPACE: &str = "cloister.workspace";
/// Label: digest of the plan.
pub const DIGEST: &str = "cloister.digest";
/// Label: the user who made it.
pub const USER: &str = "cloister.user";
/// Label of the guardian, its network and its image: the instance.
pub const GUARDIAN: &str = "cloister.guardian";

/// Longest name of a sandbox, without what tells two of them apart.
const NAME_LIMIT: usize = 48;

/// Returns the id of the sandbox that a user has for a folder: 12 hexadecimal digits.
pub fn sandbox_id(uid: u32, folder: &Path) -> String {
    hexadecimal(&format!("{uid}:{}", folder.display()), 12)
}

/// Returns the name of the guardian that belongs to a state folder: 8 hexadecimal digits.
pub fn instance(uid: u32, state: &Path) -> String {
    hexadecimal(&format!("{uid}:{}", state.display()), 8)
}

fn hexadecimal(text: &str, digits: usize) -> String {
    let full: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    full[..digits].to_owned()
}

/// Name of a sandbox's container and of its network.
pub fn container(id: &str) -> String {
    format!("cloister-{id}")
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
pub fn sandbox(folder: &Path, id: &str, taken: &BTreeSet<String>) -> String {
    let slug = slug(&folder.file_name().unwrap_or_default().to_string_lossy());
    if taken.contains(&slug) { format!("{slug}-{}", &id[..id.len().min(4)]) } else { slug }
}

fn slug(text: &str) -> String {
    let mut slug = String::new();
    for character in text.chars().map(|character| character.to_ascii_lowercase()) {
        match character {
            'a'..='z' | '0'..='9' => slug.push(character),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    slug.truncate(NAME_LIMIT);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "sandbox".to_owned() } else { slug.to_owned() }
}

/// Returns the labels of what belongs to a sandbox but is not its container.
pub fn labels(id: &str, workspace: &str, digest: &str, uid: u32) -> BTreeMap<String, String> {
    let uid = uid.to_string();
    [(SANDBOX, id), (WORKSPACE, workspace), (DIGEST, digest), (USER, &uid)]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

/// Returns the labels of the guardian and what belongs to it.
pub fn guardian_labels(instance: &str, uid: u32) -> BTreeMap<String, String> {
    [(GUARDIAN.to_owned(), instance.to_owned()), (USER.to_owned(), uid.to_string())].into()
}

#[cfg(test)]
mod tests;
