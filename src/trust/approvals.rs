//! What was approved and denied for one folder, and its form as a file. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Kind, Request};

/// Version of the file.
const VERSION: u32 = 1;

/// Something that was approved or denied, with its content, so that a change of it can be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Its kind.
    pub kind: Kind,
    /// Where the configuration made it.
    pub place: String,
    /// Its exact content.
    pub content: String,
    /// `sha256:…` of its canonical form.
    pub digest: String,
}

impl From<Request> for Approval {
    fn from(request: Request) -> Self {
        let Request { kind, place, content, digest, opens: _ } = request;
        Self { kind, place, content, digest }
    }
}

/// Everything that was approved and denied for one folder. Nothing is both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Approvals {
    approved: BTreeMap<String, Approval>,
    denied: BTreeMap<String, Approval>,
}

/// What the user has said about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State<'a> {
    /// It is approved.
    Approved,
    /// It is denied: it stays as it is, and is not asked again.
    Denied,
    /// It waits.
    Pending,
    /// It waits, and something else was approved in its place.
    Changed {
        /// What was approved.
        was: &'a Approval,
    },
}

/// Why a file of approvals counts for nothing.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalsError {
    /// It is not what cloister writes.
    #[error("it is not as cloister wrote it")]
    Format(#[from] serde_json::Error),
    /// Another version wrote it.
    #[error("another version of cloister wrote it (version {0})")]
    Version(u32),
    /// It belongs to another folder.
    #[error("it is about the folder `{0}`")]
    Folder(String),
    /// A digest is none.
    #[error("`{0}` is no digest")]
    Digest(String),
}

/// The file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    folder: String,
    approvals: Vec<Approval>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    denied: Vec<Approval>,
}

impl Approvals {
    /// Reads the text of a file about `folder`.
    ///
    /// # Errors
    /// It is not what [`Self::to_json`] returns for that folder: then nothing is approved.
    pub fn from_json(bytes: &[u8], folder: &str) -> Result<Self, ApprovalsError> {
        let written: Written = serde_json::from_slice(bytes)?;
        if written.version != VERSION {
            return Err(ApprovalsError::Version(written.version));
        }
        if written.folder != folder {
            return Err(ApprovalsError::Folder(written.folder));
        }
        let mut all = written.approvals.iter().chain(&written.denied);
        if let Some(odd) = all.find(|approval| !is_digest(&approval.digest)) {
            return Err(ApprovalsError::Digest(odd.digest.clone()));
        }
        let by_digest = |approvals: Vec<Approval>| {
            approvals.into_iter().map(|approval| (approval.digest.clone(), approval)).collect::<BTreeMap<_, _>>()
        };
        let (mut approved, denied) = (by_digest(written.approvals), by_digest(written.denied));
        approved.retain(|digest, _| !denied.contains_key(digest));
        Ok(Self { approved, denied })
    }

    /// Returns the text of the file.
    pub fn to_json(&self, folder: &str) -> String {
        let all = |approvals: &BTreeMap<String, Approval>| approvals.values().cloned().collect();
        let (approvals, denied) = (all(&self.approved), all(&self.denied));
        let written = Written { version: VERSION, folder: folder.to_owned(), approvals, denied };
        serde_json::to_string_pretty(&written).expect("approvals have text keys only") + "\n"
    }

    /// Approves a request.
    pub fn add(&mut self, request: Request) {
        self.denied.remove(&request.digest);
        self.approved.insert(request.digest.clone(), request.into());
    }

    /// Denies a request: it is not asked again until it changes.
    pub fn deny(&mut self, request: Request) {
        self.approved.remove(&request.digest);
        self.denied.insert(request.digest.clone(), request.into());
    }

    /// Takes an answer back, whichever it was; tells whether there was one.
    pub fn remove(&mut self, digest: &str) -> bool {
        self.approved.remove(digest).or_else(|| self.denied.remove(digest)).is_some()
    }

    /// Returns what is approved under a digest.
    pub fn approved(&self, digest: &str) -> Option<&Approval> {
        self.approved.get(digest)
    }

    /// Tells whether the request with this digest is denied.
    pub fn is_denied(&self, digest: &str) -> bool {
        self.denied.contains_key(digest)
    }

    /// Tells whether the request with this digest is approved.
    pub fn contains(&self, digest: &str) -> bool {
        self.approved.contains_key(digest)
    }

    /// Returns what the user has said about one of the requests that there are.
    pub fn state(&self, request: &Request, requests: &[Request]) -> State<'_> {
        if self.contains(&request.digest) {
            return State::Approved;
        }
        if self.is_denied(&request.digest) {
            return State::Denied;
        }
        let same = |was: &&Approval| was.kind == request.kind && was.place == request.place;
        self.unused(requests).find(same).map_or(State::Pending, |was| State::Changed { was })
    }

    /// Returns what is approved although nothing asks for it now.
    pub fn unused<'a>(&'a self, requests: &[Request]) -> impl Iterator<Item = &'a Approval> {
        let asked: BTreeSet<String> = requests.iter().map(|request| request.digest.clone()).collect();
        self.approved.values().filter(move |approval| !asked.contains(&approval.digest))
    }

    /// Returns everything that is approved, then everything that is denied, ordered by digest.
    pub fn all(&self) -> impl Iterator<Item = &Approval> {
        self.approved.values().chain(self.denied.values())
    }
}

/// Tells whether a text has the form of a digest.
pub fn is_digest(text: &str) -> bool {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix("sha256:").is_some_and(|digits| digits.len() == 64 && digits.bytes().all(hex))
}

#[cfg(test)]
mod tests;
