//! Commits of an agent's become commits of the user's repository: data that was checked, under names that nothing follows.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use serde::Serialize;

use super::super::clone::{self, CloneError};
use super::super::receipt::Receipt;
use super::claim::{Claim, claim};
use super::clone::{knowing, of, owner};
use super::select::running;
use super::{Context, SessionError};
use crate::clone::bundle::{self, Header};
use crate::clone::{Clone, Left, REFS, own_ref};
use crate::host::repository::{Repository, Terms};
use crate::review::difference::Difference;
use crate::review::rules::committed;

/// What came out of a sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pulled {
    /// Name of the sandbox.
    pub name: String,
    /// The folder whose repository it came to.
    pub repository: String,
    /// What came.
    pub refs: Vec<PulledRef>,
    /// What stays in the sandbox; `None` where nobody answers.
    pub left: Option<Left>,
    /// What changed that the user's own tools would run or trust.
    pub changes: Vec<Difference>,
}

/// One branch that came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PulledRef {
    /// Its name in the user's repository.
    #[serde(rename = "ref")]
    pub name: String,
    /// What it was before.
    pub old: Option<String>,
    /// What it is now.
    pub new: String,
    /// Commits that no branch of the user's has, and that were not here before.
    pub commits: u64,
    /// Whether what it was before is not part of it any more.
    pub rewritten: bool,
}

/// Pulls what is new in a sandbox that runs.
///
/// # Errors
/// It does not run, it has no clone, git in it fails, or what it sent is not what it says; the repository is as it was then.
pub async fn pull(context: &Context, receipt: &Receipt) -> Result<Pulled, SessionError> {
    let _sandbox = context.state.lock_sandbox(&receipt.id).await?;
    let mut receipt = context.state.load(&receipt.id)?.unwrap_or_else(|| receipt.clone());
    running(context, &receipt).await?;
    let name = receipt.name.clone();
    let (mut clone, target) = of(context, &receipt).ok_or_else(|| CloneError::NoClone { name: name.clone() })?;
    clone.known = known(context, &receipt, &clone).await?;
    let mut file = clone::nameless(&context.paths.cache)?;
    let anything = clone::bundle(&context.engine, &receipt, &target, &clone.known, &file).await?;
    let mut pulled =
        Pulled { name, repository: clone.repository.clone(), refs: Vec::new(), left: None, changes: Vec::new() };
    if anything {
        let header = header(&mut file)?;
        // Those too that are not new: whoever pulled them may have been killed before that was written down.
        let tips: Vec<String> = header.refs.iter().map(|(_, id)| id.clone()).collect();
        (pulled.refs, pulled.changes) = take(context, &receipt, &clone, (header, file)).await?;
        clone.known = knowing(clone.known, tips.into_iter());
    }
    clone.left = clone::look(&context.engine, &receipt, &target, &clone.known).await;
    pulled.left = clone.left;
    receipt.clone = Some(clone);
    context.state.save(&receipt)?;
    Ok(pulled)
}

/// Opens the repository, which no agent changes while it is claimed.
async fn open(context: &Context, receipt: &Receipt, clone: &Clone) -> Result<(Claim, Repository), SessionError> {
    let claim = claim(context, &receipt.id, &clone.repository).await?;
    let (folder, owner) = (Path::new(&clone.repository), owner(&receipt.process.user));
    Ok((claim, Repository::open(folder, owner, Terms::default()).await.map_err(CloneError::from)?))
}

/// What the repository still has of what it is known to have had.
async fn known(context: &Context, receipt: &Receipt, clone: &Clone) -> Result<BTreeSet<String>, SessionError> {
    let (_claim, repository) = open(context, receipt, clone).await?;
    Ok(repository.having(&clone.known).await.map_err(CloneError::from)?)
}

/// Reads what is said to be in a bundle, and goes to where its objects begin.
fn header(file: &mut File) -> Result<Header, CloneError> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).map_err(CloneError::File)?;
    file.by_ref().take(bundle::HEADER_LIMIT as u64).read_to_end(&mut bytes).map_err(CloneError::File)?;
    let header = bundle::parse(&bytes)?;
    file.seek(SeekFrom::Start(header.pack as u64)).map_err(CloneError::File)?;
    Ok(header)
}

async fn take(
    context: &Context,
    receipt: &Receipt,
    clone: &Clone,
    (Header { refs, .. }, pack): (Header, File),
) -> Result<(Vec<PulledRef>, Vec<Difference>), SessionError> {
    let (_claim, repository) = open(context, receipt, clone).await?;
    let taken = async {
        let incoming = repository.take(pack, clone::LIMIT, &refs).await?;
        let repository = incoming.repository();
        let before = repository.refs(&[&format!("{REFS}/{}/", receipt.name)]).await?;
        let news: Vec<_> = refs
            .iter()
            .map(|(theirs, new)| (own_ref(&receipt.name, theirs), new.clone()))
            .map(|(name, new)| (name.clone(), new, before.get(&name).cloned()))
            .filter(|(_, new, old)| old.as_ref() != Some(new))
            .collect();
        let mut pulled = Vec::new();
        for (name, new, old) in &news {
            pulled.push(told(repository, name, new, old.as_deref()).await?);
        }
        let mut changes = Vec::new();
        for (_, new, _) in &news {
            let changed = repository.changed(new).await?;
            changes.extend(changed.iter().filter_map(|one| committed(&one.path, one.old, one.new)));
        }
        changes.sort_by(|a: &Difference, b| (a.kind, &a.path).cmp(&(b.kind, &b.path)));
        changes.dedup();
        incoming.admit(&news).await?;
        Ok::<_, CloneError>((pulled, changes))
    };
    Ok(taken.await?)
}

async fn told(repository: &Repository, name: &str, new: &str, old: Option<&str>) -> Result<PulledRef, CloneError> {
    let commits = repository.count(new, old.as_slice()).await?;
    let rewritten = match old {
        Some(old) => !repository.is_behind(old, new).await?,
        None => false,
    };
    Ok(PulledRef { name: name.to_owned(), old: old.map(str::to_owned), new: new.to_owned(), commits, rewritten })
}
