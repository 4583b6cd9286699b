//! The audit's own reading of paths, names and numbers. Deliberately not that of `harden::syntax`.

use crate::plan::model::{FILES, GUARDIAN, PLACEHOLDER, PROGRAMS, TOKEN};

/// `/`, or parts that are neither empty nor dots, each after a slash.
pub(super) fn is_normal_path(path: &str) -> bool {
    let parts = || path.split('/').skip(1);
    let normal = |part: &str| !part.is_empty() && part != "." && part != "..";
    path == "/" || (path.starts_with('/') && parts().all(normal) && !path.contains(char::is_control))
}

/// Whether `path` is `folder` or lies below it.
pub(super) fn covers(folder: &str, path: &str) -> bool {
    folder == "/" || path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// A number as it prints: no sign, no leading zero.
pub(super) fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number: &u32| number.to_string() == text)
}

/// `cloister-` and twelve lower-case hexadecimal digits.
pub(super) fn is_sandbox_name(name: &str) -> bool {
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    name.strip_prefix("cloister-").is_some_and(|id| id.len() == 12 && id.bytes().all(hex))
}

/// Whether a text holds a placeholder at all.
pub(super) fn has_placeholder(text: &str) -> bool {
    text.contains(PLACEHOLDER)
}

/// Whether a text holds a placeholder that would put a path of the host, or something unknown, in its place.
pub(super) fn has_host_placeholder(text: &str) -> bool {
    let allowed = text.replace(GUARDIAN, "").replace(TOKEN, "");
    has_placeholder(&allowed)
}

/// The one place of a read-only mount from cloister itself; `None` for another source.
pub(super) fn own_target(source: &str, workspace: &str) -> Option<String> {
    if source == PROGRAMS {
        return Some("/run/cloister/bin".to_owned());
    }
    match source.strip_prefix(FILES)? {
        "" => Some("/run/cloister/files".to_owned()),
        "/passwd" => Some("/etc/passwd".to_owned()),
        "/group" => Some("/etc/group".to_owned()),
        "/profile" => Some("/etc/profile".to_owned()),
        "/git/config" | "/git/config.worktree" | "/git/commondir" | "/git/hooks" => {
            Some(below(workspace, &source[FILES.len()..].replacen("/git/", ".git/", 1)))
        }
        _ => None,
    }
}

/// A name in a folder.
pub(super) fn below(folder: &str, name: &str) -> String {
    format!("{}/{name}", folder.trim_end_matches('/'))
}

/// Escapes one step of a JSON pointer (RFC 6901).
pub(super) fn step(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
