//! Flags that give names: none may take cloister's own, or those that lead to the host (SEC-10).

use std::path::Path;

use super::Asked;
use crate::harden::draft::Draft;
use crate::ident::display_name;
use crate::plan::finding::Severity::{High, Info, Low, Medium};

/// Names that mean something to cloister, to Docker or to every program.
const RESERVED: &[&str] = &["localhost", "guardian", "host", "metadata.google.internal"];

/// Returns the host name of a sandbox that asks for none: the folder's, unless that means something else already.
pub(in crate::harden) fn default_hostname(folder: &Path) -> String {
    let name = display_name(folder);
    if is_reserved(&name) { "sandbox".to_owned() } else { name }
}

pub(super) fn hostname(draft: &mut Draft, flag: &Asked<'_>, text: &str) {
    if is_reserved(text) {
        flag.removed(draft, High, "this name belongs to cloister or to the machine");
    } else if is_host_name(text) {
        draft.hostname = Some(text.to_owned());
        flag.kept(draft, "a name is harmless");
    } else {
        flag.removed(draft, Low, "not a host name");
    }
}

pub(super) fn container_name(draft: &mut Draft, flag: &Asked<'_>, text: &str) {
    if is_reserved(text) {
        flag.removed(draft, High, "this name belongs to cloister");
    } else {
        flag.replaced(draft, Info, "cloister names the container", "two projects could want the same name");
    }
}

pub(super) fn host_entry(draft: &mut Draft, flag: &Asked<'_>, text: &str) {
    let Some((name, address)) = text.split_once(['=', ':']) else {
        return flag.removed(draft, Low, "not of the form NAME:ADDRESS");
    };
    let address = address.trim_start_matches('[').trim_end_matches(']');
    if is_reserved(name) {
        flag.removed(draft, High, "this name belongs to cloister or to the machine");
    } else if address == "host-gateway" {
        flag.removed(draft, Medium, "the machine is out of reach of the sandbox");
    } else if !is_host_name(name) {
        flag.removed(draft, Low, "not of the form NAME:ADDRESS");
    } else if !address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback()) {
        flag.removed(draft, Low, "nothing but the guardian answers, whatever its name");
    } else {
        draft.extra_hosts.insert(name.to_owned(), address.to_owned());
        flag.kept(draft, "a name for the sandbox itself");
    }
}

pub(super) fn label(draft: &mut Draft, flag: &Asked<'_>, text: &str) {
    let name = text.split('=').next().unwrap_or(text);
    let reserved = ["cloister.", "devcontainer.", "com.docker."].iter().any(|prefix| name.starts_with(prefix));
    if reserved {
        flag.removed(draft, Medium, "tools recognise containers by this label");
    } else {
        flag.removed(draft, Info, "containers carry cloister's labels only");
    }
}

fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.trim_end_matches('.');
    name.starts_with("cloister") || name.ends_with("docker.internal") || RESERVED.contains(&name)
}

/// Labels of letters, digits and hyphens (RFC 1123), underscores tolerated as Docker does.
fn is_host_name(name: &str) -> bool {
    name.len() <= 63
        && name.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|character| character.is_ascii_alphanumeric() || "-_".contains(character))
        })
}
