#![expect(clippy::disallowed_methods, reason = "adapter: XDG variables and private folders")]
//! cloister's own folders, after the XDG Base Directory Specification 0.8, and nobody else's to write.

use std::ffi::OsString;
use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PathsError {
    /// It cannot be created or looked at.
    #[error("could not prepare the folder `{path}`")]
    Prepare {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It belongs to somebody else.
    #[error("`{path}` belongs to user {owner}, not to you")]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// Others could change what is in it.
    #[error("`{path}` is writable for others")]
    Writable {
        /// The folder.
        path: PathBuf,
    },
}

impl PathsError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Prepare { path, .. } => Some(format!(
                "make `{}` a folder that you can write, or let XDG_STATE_HOME, XDG_DATA_HOME and XDG_CACHE_HOME name others",
                path.parent().unwrap_or(path).display()
            )),
            Self::Foreign { path, .. } => Some(format!("move `{}` away, then try again", path.display())),
            Self::Writable { path } => Some(format!("run `chmod 700 '{}'`", path.display())),
        }
    }
}

/// cloister's own folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// What the user writes: `config.json5`.
    pub config: PathBuf,
    /// Receipts, locks, plans.
    pub state: PathBuf,
    /// Programs for sandboxes, their home folders.
    pub data: PathBuf,
    /// What can be learned again.
    pub cache: PathBuf,
    /// `$XDG_RUNTIME_DIR` itself, where there is one.
    pub runtime: Option<PathBuf>,
}

impl Paths {
    /// Returns the folders of a user with this home folder; nothing is created.
    pub fn of(home: &Path) -> Self {
        Self::resolve(home, |name| std::env::var_os(name))
    }

    fn resolve(home: &Path, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        // The specification: a relative path in one of these variables is invalid and ignored.
        let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = |name: &str, default: &str| absolute(name).unwrap_or_else(|| home.join(default)).join("cloister");
        Self {
            config: folder("XDG_CONFIG_HOME", ".config"),
            state: folder("XDG_STATE_HOME", ".local/state"),
            data: folder("XDG_DATA_HOME", ".local/share"),
            cache: folder("XDG_CACHE_HOME", ".cache"),
            runtime: absolute("XDG_RUNTIME_DIR"),
        }
    }

    /// Creates the folders that cloister writes to, or checks that they are private.
    ///
    /// # Errors
    /// A folder cannot be created, belongs to somebody else, or is writable for others.
    pub fn prepare(&self) -> Result<(), PathsError> {
        private(&self.state)?;
        private(&self.data)?;
        private(&self.cache)
    }
}

/// Creates a folder for this user alone, or makes sure that it is one.
///
/// # Errors
/// The folder cannot be created, belongs to somebody else, or is writable for others.
pub fn private(path: &Path) -> Result<(), PathsError> {
    let failed = |source: io::Error| PathsError::Prepare { path: path.into(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
    let status = path.metadata().map_err(failed)?;
    if status.uid() != rustix::process::geteuid().as_raw() {
        return Err(PathsError::Foreign { path: path.into(), owner: status.uid() });
    }
    match status.mode() & 0o077 {
        0 => Ok(()),
        open if open & 0o022 == 0 => std::fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(failed),
        _ => Err(PathsError::Writable { path: path.into() }),
    }
}

/// Looks at one of cloister's own folders without changing anything; returns whether it is there.
///
/// # Errors
/// It cannot be looked at, belongs to somebody else, or is writable for others.
pub fn look(path: &Path) -> Result<bool, PathsError> {
    match path.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(PathsError::Prepare { path: path.into(), source }),
        Ok(status) if !status.is_dir() => {
            Err(PathsError::Prepare { path: path.into(), source: io::ErrorKind::NotADirectory.into() })
        }
        Ok(status) if status.uid() != rustix::process::geteuid().as_raw() => {
            Err(PathsError::Foreign { path: path.into(), owner: status.uid() })
        }
        Ok(status) if status.mode() & 0o022 != 0 => Err(PathsError::Writable { path: path.into() }),
        Ok(_) => Ok(true),
    }
}

/// Returns the canonical path of a folder; `None` where there is none.
pub fn folder(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok().filter(|path| path.is_dir())
}

#[cfg(test)]
mod tests;
