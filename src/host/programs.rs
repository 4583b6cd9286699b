#![expect(clippy::disallowed_methods, reason = "adapter: cloister's own programs on disk")]
//! cloister's own programs: found beside the running one, checked, and copied to where containers get them from.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::file::{self, FileError};
use super::paths::{self, PathsError};

/// Most bytes that one of the programs has.
const PROGRAM_LIMIT: u64 = 256 << 20;
/// ELF: type of a program header that names a dynamic loader (System V ABI, "Program Header").
const PT_INTERP: u32 = 3;
/// The program that is process 1 of a sandbox.
const INIT: &str = "cloister-init";
/// The client inside.
const CLIENT: &str = "cloister-hostexec";
/// Programs that a sandbox gets, and their names there.
const COPIES: &[(&str, &str)] = &[(INIT, "cloister-init"), (CLIENT, "cloister-hostexec"), (CLIENT, "hostexec")];

/// Why a program cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProgramsError {
    /// The running program does not know where it lies.
    #[error("could not find out where cloister is installed")]
    Itself(#[source] io::Error),
    /// It is not there.
    #[error("`{name}` is missing in `{folder}`")]
    Missing {
        /// The program.
        name: String,
        /// Where it should be.
        folder: PathBuf,
    },
    /// It needs a dynamic loader, which most images do not have in the right version.
    #[error("`{path}` is not a static Linux program")]
    NotStatic {
        /// The program.
        path: PathBuf,
    },
    /// It cannot be read or copied.
    #[error(transparent)]
    File(#[from] FileError),
    /// The folder for the copies cannot be used.
    #[error(transparent)]
    Folder(#[from] PathsError),
}

impl ProgramsError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { .. } => {
                Some("install all of cloister's programs into one folder: `cargo install --path .` does".to_owned())
            }
            Self::NotStatic { .. } => {
                Some("build with the flags of `.cargo/config.toml`: `-C target-feature=+crt-static`".to_owned())
            }
            Self::Folder(error) => error.hint(),
            Self::Itself(_) | Self::File(_) => None,
        }
    }
}

/// A program's contents and the name that follows from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The ELF file.
    pub bytes: Vec<u8>,
    /// First 16 hexadecimal digits of the SHA-256 of the contents.
    pub digest: String,
}

/// Where cloister's programs are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Returns the programs beside the running one.
    ///
    /// # Errors
    /// The running program does not know where it lies.
    pub fn beside_current() -> Result<Self, ProgramsError> {
        let program = std::env::current_exe().map_err(ProgramsError::Itself)?;
        Ok(Self::in_folder(program.parent().unwrap_or_else(|| Path::new("/"))))
    }

    /// Returns the programs in a folder.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Returns what a program's file is: as long as that is the same, so are its contents, and nobody needs to read them.
    ///
    /// # Errors
    /// The program is missing, or cannot be looked at.
    pub fn stamp(&self, name: &str) -> Result<String, ProgramsError> {
        let path = self.folder.join(name);
        let status = std::fs::metadata(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => self.missing(name),
            _ => FileError::Open { path, source }.into(),
        })?;
        let (device, inode, size) = (status.dev(), status.ino(), status.size());
        let (written, changed) = ((status.mtime(), status.mtime_nsec()), (status.ctime(), status.ctime_nsec()));
        Ok(format!("{device}:{inode} {size} {}.{:09} {}.{:09}", written.0, written.1, changed.0, changed.1))
    }

    fn missing(&self, name: &str) -> ProgramsError {
        ProgramsError::Missing { name: name.to_owned(), folder: self.folder.clone() }
    }

    /// Reads one program and checks that it runs in any image.
    ///
    /// # Errors
    /// The program is missing, cannot be read, or is not static.
    pub fn load(&self, name: &str) -> Result<Program, ProgramsError> {
        let path = self.folder.join(name);
        let path = path.canonicalize().unwrap_or(path);
        let bytes = match file::read(&path, PROGRAM_LIMIT) {
            Err(error) if error.is_absent() => return Err(self.missing(name)),
            other => other?,
        };
        if !is_static(&bytes) {
            return Err(ProgramsError::NotStatic { path });
        }
        let digest = short_digest(&bytes);
        Ok(Program { bytes, digest })
    }

    /// Copies what a sandbox gets to a folder below `<data>/programs` and returns that. Its name stands for the files that
    /// were copied, as they were then: while they are the same, nothing is read.
    ///
    /// # Errors
    /// A program cannot be loaded or copied.
    pub fn install(&self, data: &Path) -> Result<PathBuf, ProgramsError> {
        let stamps = [self.stamp(INIT)?, self.stamp(CLIENT)?].join("\n");
        let folder = data.join("programs").join(short_digest(stamps.as_bytes()));
        if COPIES.iter().all(|(_, name)| folder.join(name).is_file()) {
            return Ok(folder);
        }
        paths::private(&data.join("programs"))?;
        public(&folder)?;
        let (init, client) = (self.load(INIT)?, self.load(CLIENT)?);
        for (program, name) in COPIES {
            let program = if *program == INIT { &init } else { &client };
            // Never replaced in place: a running sandbox may have it mounted.
            file::write(&folder.join(name), &program.bytes, 0o755)?;
        }
        Ok(folder)
    }
}

/// Creates the folder that a container sees; its parents keep other users of the host out.
fn public(folder: &Path) -> Result<(), FileError> {
    let failed = |source: io::Error| FileError::Write { path: folder.into(), source };
    std::fs::create_dir_all(folder).map_err(failed)?;
    std::fs::set_permissions(folder, Permissions::from_mode(0o755)).map_err(failed)
}

fn short_digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Tells whether these bytes are a 64-bit little-endian ELF file that names no dynamic loader.
fn is_static(bytes: &[u8]) -> bool {
    program_headers(bytes).is_some_and(|types| !types.contains(&PT_INTERP))
}

/// Returns the types of the program headers of an ELF file (System V ABI: `e_phoff` 32, `e_phentsize` 54, `e_phnum` 56).
fn program_headers(bytes: &[u8]) -> Option<Vec<u32>> {
    if !bytes.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let number = |at: usize, length: usize| {
        let field = bytes.get(at..at.checked_add(length)?)?;
        Some(field.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte)))
    };
    let (offset, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
    (0..count)
        .map(|index| {
            let at = usize::try_from(offset.checked_add(index * size)?).ok()?;
            u32::try_from(number(at, 4)?).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests;
