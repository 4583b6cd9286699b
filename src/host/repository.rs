//! git in the user's own repository, for what cannot be done without it: reading commits, and taking commits that an
//! agent made.
//!
//! Invariant: git runs nothing but itself, whatever the repository's configuration says; and it reads and writes nothing
//! outside the repository, whatever lies in it. Only commands that talk to nobody and touch no working tree are used:
//! no hook, filter, pager, transport or credential helper is part of what they do, and `whole` has seen that nothing
//! in the repository leads out of it (SEC-54, SEC-55). `uncommitted`, which looks at the working tree, does so from a
//! repository in which none of them is defined.

mod apart;
mod run;
mod uncommitted;
mod whole;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use self::apart::Apart;
pub use self::run::Terms;
use self::run::{ANSWER_LIMIT, COMPARING, PATIENCE, done, text};
pub use self::whole::WholeError;

/// Lines of what git says that a person sees.
const SAID: usize = 4;
/// Asks for the kind of each object: `missing` where there is none.
const KINDS: [&str; 2] = ["cat-file", "--batch-check=%(objecttype)"];
/// An id that stands for nothing.
const NOTHING: &str = "0000000000000000000000000000000000000000";

/// Why something did not work in a repository.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// It is not complete in itself.
    #[error(transparent)]
    Whole(#[from] WholeError),
    /// There is no git, or it cannot be run.
    #[error("could not run git on this machine")]
    Run(#[source] io::Error),
    /// It took too long.
    #[error("git did not end within {} minutes", PATIENCE.as_secs() / 60)]
    Slow,
    /// It says more than anybody reads.
    #[error("git said more than {} MiB", ANSWER_LIMIT >> 20)]
    TooMuch,
    /// git says no.
    #[error("git could not {what}{}", said(.answer))]
    Git {
        /// What it was to do.
        what: &'static str,
        /// What it said.
        answer: String,
    },
    /// It takes more than it may.
    #[error("git was killed when it was to {what}: it took more of the processor or of memory than there is for it")]
    Killed {
        /// What it was to do.
        what: &'static str,
    },
    /// What came cannot be kept apart.
    #[error("could not keep what the sandbox sent apart from the repository")]
    Apart(#[source] io::Error),
    /// Objects are missing that git would fetch when it needs them.
    #[error("`{path}` is a partial clone, without all objects")]
    Partial {
        /// The repository.
        path: PathBuf,
    },
    /// There is nothing yet.
    #[error("`{path}` has no commit to clone")]
    Empty {
        /// The repository.
        path: PathBuf,
    },
    /// A branch is something else than a commit.
    #[error("the sandbox sent something else than a commit for `{name}`")]
    NoCommit {
        /// The branch.
        name: String,
    },
}

impl RepositoryError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Whole(error) => error.hint(),
            Self::Run(_) => Some("install git".to_owned()),
            Self::Partial { .. } => Some("fetch the rest: git fetch --refetch --no-filter".to_owned()),
            Self::Empty { .. } => Some("make one first: git commit".to_owned()),
            Self::Apart(_)
            | Self::Slow
            | Self::TooMuch
            | Self::Killed { .. }
            | Self::Git { .. }
            | Self::NoCommit { .. } => None,
        }
    }
}

fn said(answer: &str) -> String {
    let lines: Vec<&str> = answer.lines().filter(|line| !line.is_empty()).take(SAID).collect();
    if lines.is_empty() { String::new() } else { format!(": {}", lines.join("; ")) }
}

/// What is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The branch; `None` where no branch is.
    pub branch: Option<String>,
    /// The commit.
    pub commit: String,
}

/// What a commit changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The path.
    pub path: String,
    /// Its mode before; 0 where it was not there.
    pub old: u32,
    /// Its mode now; 0 where it is not there.
    pub new: u32,
}

/// A repository that was looked through, and is complete in itself.
#[derive(Debug, Clone)]
pub struct Repository {
    path: PathBuf,
    owner: (u32, u32),
    terms: Terms,
    /// What has git see what an agent may have made and is no part of it: it is bounded then.
    added: Vec<(&'static str, OsString)>,
}

/// Objects that were checked and are no part of the repository yet.
#[derive(Debug)]
pub struct Incoming {
    repository: Repository,
    apart: Apart,
}

impl Incoming {
    /// Returns the repository as it would be with them.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Makes them part of the repository, under references as [`Repository::update`] sets them.
    ///
    /// # Errors
    /// A reference cannot be set; the repository is as it was then.
    pub async fn admit(self, refs: &[(String, String, Option<String>)]) -> Result<(), RepositoryError> {
        let Self { repository, apart } = self;
        repository.change(refs, "prepare\0abort\0").await?;
        apart.admit(&repository.path.join("objects")).map_err(RepositoryError::Apart)?;
        Repository { added: Vec::new(), ..repository }.update(refs).await
    }
}

impl Repository {
    /// Opens the repository of a folder, with its owner. Nobody else may change it meanwhile.
    ///
    /// # Errors
    /// It has none of its own, or one that leads out of itself.
    pub async fn open(folder: &Path, owner: (u32, u32), terms: Terms) -> Result<Self, RepositoryError> {
        let path = folder.join(".git");
        let looked = path.clone();
        let looking = tokio::task::spawn_blocking(move || whole::check(&looked));
        looking.await.map_err(|error| RepositoryError::Run(error.into()))??;
        let repository = Self { path, owner, terms, added: Vec::new() };
        let promised =
            repository.config(r"^(extensions\.partialclone|remote\..*\.(promisor|partialclonefilter))$").await?;
        if promised.is_some() { Err(RepositoryError::Partial { path: folder.into() }) } else { Ok(repository) }
    }

    /// Returns what is checked out.
    ///
    /// # Errors
    /// There is no commit, or git fails.
    pub async fn head(&self) -> Result<Head, RepositoryError> {
        let commit = self.run(&["rev-parse", "--quiet", "--verify", "HEAD^{commit}"]).await?;
        if !commit.status.success() {
            return Err(RepositoryError::Empty { path: self.path.clone() });
        }
        let branch = self.run(&["symbolic-ref", "--quiet", "HEAD"]).await?;
        let branch = branch.status.success().then(|| text(&branch));
        let branch = branch.and_then(|name| Some(name.strip_prefix("refs/heads/")?.to_owned()));
        Ok(Head { branch, commit: text(&commit) })
    }

    /// Returns the address of `origin`, as the repository has it.
    ///
    /// # Errors
    /// git fails.
    pub async fn origin(&self) -> Result<Option<String>, RepositoryError> {
        self.config(r"^remote\.origin\.url$").await
    }

    /// Returns the commits of branches, tags, and what is known of the origin's branches.
    ///
    /// # Errors
    /// git fails.
    pub async fn commits(&self) -> Result<BTreeSet<String>, RepositoryError> {
        let format = "--format=%(if)%(*objectname)%(then)%(*objectname)%(else)%(objectname)%(end)";
        let listed = self.run(&["for-each-ref", format, "refs/heads/", "refs/tags/", "refs/remotes/origin/"]).await?;
        Ok(done(listed, "list the branches")?.lines().map(str::to_owned).collect())
    }

    /// Returns the references below some places, with their ids.
    ///
    /// # Errors
    /// git fails.
    pub async fn refs(&self, places: &[&str]) -> Result<BTreeMap<String, String>, RepositoryError> {
        let arguments = [&["for-each-ref", "--format=%(objectname) %(refname)"], places].concat();
        let listed = self.run(&arguments).await?;
        let listed = done(listed, "list the branches")?;
        let lines = listed.lines().filter_map(|line| line.split_once(' '));
        Ok(lines.map(|(id, name)| (name.to_owned(), id.to_owned())).collect())
    }

    /// Writes branches, tags and what is known of the origin's branches as a bundle.
    ///
    /// # Errors
    /// git fails.
    pub async fn bundle(&self, into: File, origin: bool) -> Result<(), RepositoryError> {
        let mut arguments = vec!["bundle", "create", "--quiet", "-", "--branches", "--tags", "HEAD"];
        arguments.extend(origin.then_some("--remotes=origin"));
        let ended = self.writing(&arguments, into).await?;
        done(ended, "read the repository").map(drop)
    }

    /// Returns which of these commits the repository has.
    ///
    /// # Errors
    /// git fails.
    pub async fn having(&self, ids: &BTreeSet<String>) -> Result<BTreeSet<String>, RepositoryError> {
        let asked: String = ids.iter().map(|id| format!("{id}\n")).collect();
        let kinds = done(self.fed(&KINDS, &asked).await?, "look at the commits")?;
        Ok(ids.iter().zip(kinds.lines()).filter(|(_, kind)| *kind == "commit").map(|(id, _)| id.clone()).collect())
    }

    /// Takes objects in, from where `pack` stands to its end. They stay apart until every one was checked, and everything
    /// that these commits consist of was found, and until they are admitted.
    ///
    /// # Errors
    /// Something is wrong with one of them, something is missing, or there are more than `limit` bytes.
    pub async fn take(&self, pack: File, limit: u64, refs: &[(String, String)]) -> Result<Incoming, RepositoryError> {
        let objects = self.path.join("objects");
        Apart::sweep(&objects);
        let apart = Apart::new(&objects, self.owner).map_err(RepositoryError::Apart)?;
        let repository = Self { added: apart.environment(&objects).into(), ..self.clone() };
        repository.index(pack, limit).await?;
        repository.complete(refs).await?;
        Ok(Incoming { repository, apart })
    }

    async fn index(&self, pack: File, limit: u64) -> Result<(), RepositoryError> {
        let limit = format!("--max-input-size={limit}");
        let arguments = ["index-pack", "--stdin", "--fix-thin", "--strict", "--threads=1", limit.as_str()];
        done(self.reading(&arguments, pack).await?, "take what the sandbox sent").map(drop)
    }

    async fn complete(&self, refs: &[(String, String)]) -> Result<(), RepositoryError> {
        let ids: String = refs.iter().map(|(_, id)| format!("{id}\n")).collect();
        let kinds = done(self.fed(&KINDS, &ids).await?, "look at the commits")?;
        if let Some(((name, _), _)) = refs.iter().zip(kinds.lines()).find(|(_, kind)| !kind.ends_with("commit")) {
            return Err(RepositoryError::NoCommit { name: name.clone() });
        }
        let walk = ["rev-list", "--objects", "--quiet", "--stdin", "--not", "--all"];
        done(self.fed(&walk, &ids).await?, "find everything that the sandbox's commits consist of").map(drop)
    }

    /// Sets references, all of them or none: name, new id, and old one where there is one.
    ///
    /// # Errors
    /// One was changed meanwhile, or stands in another one's way.
    pub async fn update(&self, refs: &[(String, String, Option<String>)]) -> Result<(), RepositoryError> {
        self.change(refs, "prepare\0commit\0").await
    }

    async fn change(&self, refs: &[(String, String, Option<String>)], end: &str) -> Result<(), RepositoryError> {
        let old = |old: &Option<String>| old.clone().unwrap_or_else(|| NOTHING.to_owned());
        let lines = refs.iter().map(|(name, new, before)| format!("update {name}\0{new}\0{}\0", old(before)));
        let script = ["start\0".to_owned()].into_iter().chain(lines).chain([end.to_owned()]);
        let updated = self.fed(&["update-ref", "--no-deref", "-z", "--stdin"], &script.collect::<String>()).await?;
        done(updated, "set the references").map(drop)
    }

    /// Counts the commits that are behind one and not behind any branch or any of `others`.
    ///
    /// # Errors
    /// git fails.
    pub async fn count(&self, id: &str, others: &[&str]) -> Result<u64, RepositoryError> {
        let arguments = [&["rev-list", "--count", id, "--not", "--branches"], others].concat();
        let counted = self.run(&arguments).await?;
        Ok(done(counted, "count the commits")?.trim().parse().unwrap_or_default())
    }

    /// Tells whether one commit is behind another.
    ///
    /// # Errors
    /// git cannot be run.
    pub async fn is_behind(&self, old: &str, new: &str) -> Result<bool, RepositoryError> {
        Ok(self.run(&["merge-base", "--is-ancestor", old, new]).await?.status.success())
    }

    /// Returns what a commit changed since it had the same history as what is checked out.
    ///
    /// # Errors
    /// git fails.
    pub async fn changed(&self, id: &str) -> Result<Vec<Changed>, RepositoryError> {
        let base = self.run(&["merge-base", "HEAD", id]).await?;
        let base = if base.status.success() { text(&base) } else { text(&self.fed(&["mktree"], "").await?) };
        let arguments = ["diff-tree", "-r", "-z", "--no-renames", "--no-ext-diff", base.as_str(), id];
        let compared = self.within(COMPARING, &arguments, "").await?;
        let listed = done(compared, "compare the commits")?;
        let parts: Vec<&str> = listed.split('\0').collect();
        let mode =
            |head: &str, at: usize| u32::from_str_radix(head.split(' ').nth(at).unwrap_or_default(), 8).unwrap_or(0);
        let changed = |pair: &[&str]| {
            let head = pair[0].trim_start_matches(':');
            Changed { path: pair[1].to_owned(), old: mode(head, 0), new: mode(head, 1) }
        };
        Ok(parts.chunks_exact(2).map(changed).collect())
    }

    async fn config(&self, pattern: &str) -> Result<Option<String>, RepositoryError> {
        let found = self.run(&["config", "--null", "--get-regexp", pattern]).await?;
        match found.status.code() {
            Some(1) => Ok(None),
            _ => {
                let found = done(found, "read the repository's configuration")?;
                // The last one counts; a key without a value has no newline.
                let last = found.split_terminator('\0').next_back().unwrap_or_default();
                Ok(Some(last.split_once('\n').map_or(String::new(), |(_, value)| value.to_owned())))
            }
        }
    }
}
