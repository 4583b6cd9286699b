//! The archive of a build context, and the digest of what is in it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::Stat;
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use super::{COUNT_LIMIT, ContextError, SIZE_LIMIT};

/// Permissions that are kept.
const MODE: u32 = 0o7777;

/// Writes entries. Times are not part of the digest: builders do not look at them either.
pub(super) struct Packer<W: Write> {
    archive: Builder<W>,
    digest: Sha256,
    size: u64,
    count: u64,
}

impl<W: Write> Packer<W> {
    pub(super) fn new(output: W) -> Self {
        Self { archive: Builder::new(output), digest: Sha256::new(), size: 0, count: 0 }
    }

    pub(super) fn folder(&mut self, path: &Path, status: &Stat) -> Result<(), ContextError> {
        let mut header = self.header(EntryType::Directory, path, 0, status.st_mode, status.st_mtime)?;
        self.archive.append_data(&mut header, path, io::empty()).map_err(ContextError::Send)
    }

    pub(super) fn link(&mut self, path: &Path, target: &OsStr, status: &Stat) -> Result<(), ContextError> {
        let mut header = self.header(EntryType::Symlink, path, 0, 0o777, status.st_mtime)?;
        self.note(target.as_bytes());
        self.archive.append_link(&mut header, path, target).map_err(ContextError::Send)
    }

    pub(super) fn file(&mut self, path: &Path, shown: &str, file: File) -> Result<(), ContextError> {
        let failed = |source| ContextError::Read { path: shown.to_owned(), source };
        let data = file.metadata().map_err(failed)?;
        if !data.is_file() {
            return Err(ContextError::Changed { path: shown.to_owned() });
        }
        let size = data.len();
        self.size += size;
        if self.size > SIZE_LIMIT {
            return Err(ContextError::TooLarge);
        }
        let mut header = self.header(EntryType::Regular, path, size, data.mode(), data.mtime())?;
        let mut contents = Contents { file: file.take(size), digest: &mut self.digest, read: 0, failed: None };
        let appended = self.archive.append_data(&mut header, path, &mut contents);
        let (read, broken) = (contents.read, contents.failed.take());
        match (appended, broken) {
            (_, Some(source)) => Err(failed(source)),
            (Err(error), None) => Err(ContextError::Send(error)),
            // The archive would be out of step from here on.
            (Ok(()), None) if read != size => Err(ContextError::Changed { path: shown.to_owned() }),
            (Ok(()), None) => Ok(()),
        }
    }

    pub(super) fn text(&mut self, name: &str, text: &str) -> Result<(), ContextError> {
        let mut header = self.header(EntryType::Regular, Path::new(name), text.len() as u64, 0o644, 0)?;
        self.digest.update(text.as_bytes());
        self.archive.append_data(&mut header, name, text.as_bytes()).map_err(ContextError::Send)
    }

    /// Ends the archive and returns the digest.
    pub(super) fn finish(mut self) -> Result<String, ContextError> {
        self.archive.finish().map_err(ContextError::Send)?;
        Ok(self.digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// As docker: everything belongs to root in a build.
    fn header(
        &mut self,
        kind: EntryType,
        path: &Path,
        size: u64,
        mode: u32,
        time: i64,
    ) -> Result<Header, ContextError> {
        self.count += 1;
        if self.count > COUNT_LIMIT {
            return Err(ContextError::TooLarge);
        }
        self.note(path.as_os_str().as_bytes());
        self.note(&[kind.as_byte()]);
        self.note(&(mode & MODE).to_le_bytes());
        self.note(&size.to_le_bytes());
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode & MODE);
        header.set_size(size);
        header.set_mtime(u64::try_from(time).unwrap_or(0));
        Ok(header)
    }

    /// With its length, so that no two archives look alike.
    fn note(&mut self, bytes: &[u8]) {
        self.digest.update((bytes.len() as u64).to_le_bytes());
        self.digest.update(bytes);
    }
}

/// A file that is read once: into the archive and into the digest.
struct Contents<'a> {
    file: io::Take<File>,
    digest: &'a mut Sha256,
    read: u64,
    failed: Option<io::Error>,
}

impl Read for &mut Contents<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.file.read(buffer) {
            Ok(length) => {
                self.digest.update(&buffer[..length]);
                self.read += length as u64;
                Ok(length)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let told = io::Error::new(error.kind(), "the file could not be read");
                self.failed = Some(error);
                Err(told)
            }
        }
    }
}
