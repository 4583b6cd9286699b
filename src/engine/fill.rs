//! Placeholders of a plan become what was allocated. Pure.
//!
//! Invariant: a placeholder in a mount is the whole source, or one of a few files; anything else that looks like one is
//! an error, so that no text of a repository's can grow into a path of the host.

use std::net::Ipv4Addr;
use std::path::Path;

use crate::harden::{PROBE, seccomp};
use crate::plan::model::{FILES, GIT_COVERS, GUARDIAN, HOME, PROGRAMS, TOKEN};

/// What every placeholder begins with.
const BEGINNING: &str = "${CLOISTER_";

/// A placeholder that stands where none belongs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the plan has a placeholder that does not belong there: `{0}`")]
pub struct FillError(pub String);

/// What was allocated.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    /// The guardian's address on the sandbox's network.
    pub guardian: Ipv4Addr,
    /// The sandbox's token.
    pub token: &'a str,
    /// Folder of cloister's programs.
    pub programs: &'a Path,
    /// Folder of the files that were written for the sandbox.
    pub files: &'a Path,
    /// The sandbox's own home folder.
    pub home: &'a Path,
    /// The request to the probe, as JSON.
    pub probe: &'a str,
}

impl Values<'_> {
    /// Fills a value of the environment.
    pub fn text(&self, text: &str) -> String {
        text.replace(GUARDIAN, &self.guardian.to_string()).replace(TOKEN, self.token)
    }

    /// Fills an argument of process 1.
    pub fn argument(&self, argument: &str) -> String {
        if argument == PROBE { self.probe.to_owned() } else { argument.to_owned() }
    }

    /// Fills the source of a mount.
    ///
    /// # Errors
    /// It holds a placeholder that no mount may have.
    pub fn source(&self, source: &str) -> Result<String, FillError> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        match source.strip_prefix(FILES) {
            Some("") => return Ok(text(self.files)),
            Some("/passwd") => return Ok(text(&self.files.join("passwd"))),
            Some("/group") => return Ok(text(&self.files.join("group"))),
            Some("/profile") => return Ok(text(&self.files.join("profile"))),
            Some(rest) => {
                let cover = rest.strip_prefix("/git/").filter(|name| GIT_COVERS.contains(name));
                return cover
                    .map(|name| text(&self.files.join("git").join(name)))
                    .ok_or_else(|| FillError(source.to_owned()));
            }
            None => {}
        }
        match source {
            PROGRAMS => Ok(text(self.programs)),
            HOME => Ok(text(self.home)),
            _ if source.contains(BEGINNING) => Err(FillError(source.to_owned())),
            _ => Ok(source.to_owned()),
        }
    }
}

/// Fills a security option: the plan names the system call filter, the engine wants its text.
pub fn security_option(option: &str) -> String {
    match option.strip_prefix("seccomp=") {
        Some(name) if name == seccomp::NAME => format!("seccomp={}", seccomp::PROFILE),
        _ => option.to_owned(),
    }
}

#[cfg(test)]
mod tests;
