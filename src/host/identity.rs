#![expect(clippy::disallowed_methods, reason = "adapter: HOME and /etc/passwd")]
//! Who runs cloister. Numbers come from the kernel, never from the environment.

use std::path::{Path, PathBuf};

use super::file;

/// Most bytes of `/etc/passwd` that are read.
const PASSWD_LIMIT: u64 = 4 << 20;

/// The user has no home folder.
#[derive(Debug, thiserror::Error)]
#[error("user {uid} has no home folder")]
pub struct IdentityError {
    uid: u32,
}

impl IdentityError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        Some("set HOME to an absolute path".to_owned())
    }
}

/// The user who runs cloister.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Effective user.
    pub uid: u32,
    /// Effective group.
    pub gid: u32,
    /// Home folder: `HOME` where it is absolute, else the one of the account.
    pub home: PathBuf,
}

impl Identity {
    /// Returns the user who runs this process.
    ///
    /// # Errors
    /// Neither `HOME` nor `/etc/passwd` names an absolute home folder.
    pub fn current() -> Result<Self, IdentityError> {
        let uid = rustix::process::geteuid().as_raw();
        let gid = rustix::process::getegid().as_raw();
        let variable = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
        // Not getpwuid: it loads NSS modules, which a static program cannot rely on.
        let home = variable
            .or_else(|| home_of(&file::read_text(Path::new("/etc/passwd"), PASSWD_LIMIT).ok()?, uid))
            .ok_or(IdentityError { uid })?;
        Ok(Self { uid, gid, home })
    }
}

/// Returns the home folder of a user in a text of the form of passwd(5).
fn home_of(passwd: &str, uid: u32) -> Option<PathBuf> {
    let home = passwd.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let matches = fields.get(2).and_then(|field| field.parse::<u32>().ok()) == Some(uid);
        if matches { fields.get(5).map(PathBuf::from) } else { None }
    })?;
    home.is_absolute().then_some(home)
}

#[cfg(test)]
mod tests;
