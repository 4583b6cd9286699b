#![expect(clippy::disallowed_methods, reason = "adapter: git's environment")]
//! How git is run in a repository: with nothing of the user's configuration, on a leash, and bounded where it works on what
//! an agent sent.

use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::{Repository, RepositoryError};
use crate::host::leash::{Bounds, Leash, NOT_RUN};

/// How long git may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// What is given to git of the environment.
const PASSED: [&str; 1] = ["PATH"];
/// No file of the user's or the system's has a say, no protocol is allowed, and objects are what they are.
const ENVIRONMENT: [(&str, &str); 11] = [
    ("LC_ALL", "C"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_SYSTEM", "/dev/null"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ALLOW_PROTOCOL", "none"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_GRAFT_FILE", "/dev/null"),
    ("GIT_OPTIONAL_LOCKS", "0"),
];
/// What would run something, were it ever reached; and no word about the file of grafts that is named above.
const SETTINGS: [&str; 12] = [
    "advice.graftFileDeprecated=false",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.pager=cat",
    "core.sshCommand=false",
    "core.alternateRefsCommand=true",
    "core.commitGraph=false",
    // It may name packs of another repository, and git opens them.
    "core.multiPackIndex=false",
    "credential.helper=",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
];
/// Most memory, in bytes, of a process that works on what an agent sent.
const MEMORY: u64 = 4 << 30;
/// Most memory for comparing commits: a few hundred bytes can stand for a tree that fills any.
pub(super) const COMPARING: u64 = 1 << 30;
/// Most time of a processor, in seconds, of a process that works on what an agent sent.
const PROCESSOR: u64 = 120;
/// Bytes that are taken from git at once.
const PIECE: usize = 256 << 10;
/// Most bytes that git may answer.
pub(super) const ANSWER_LIMIT: u64 = 64 << 20;
/// Most bytes of what it complains of.
const COMPLAINT_LIMIT: u64 = 64 << 10;
/// What keeps such a process from taking more of it than it needs.
const SMALL: [&str; 3] = ["core.packedGitLimit=512m", "core.packedGitWindowSize=32m", "core.bigFileThreshold=16m"];

/// The terms that git runs under.
#[derive(Debug, Clone)]
pub struct Terms {
    /// What has it end with this program.
    pub leash: Leash,
    /// Most time of a processor, in seconds, for each look at what an agent sent.
    pub processor: u64,
}

impl Default for Terms {
    fn default() -> Self {
        Self { leash: Leash::default(), processor: PROCESSOR }
    }
}

impl Repository {
    fn command(&self, memory: u64, arguments: &[&str]) -> Command {
        // What an agent sent may unpack to anything, and take any time.
        let (bounds, small): (_, &[&str]) = if self.added.is_empty() {
            (Bounds::default(), &[])
        } else {
            (Bounds { memory: Some(memory), processor: Some(self.terms.processor) }, &SMALL)
        };
        let mut command = self.terms.leash.command("git", bounds);
        command
            .env_clear()
            .envs(PASSED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .envs(ENVIRONMENT);
        command.current_dir("/").kill_on_drop(true);
        if rustix::process::geteuid().is_root() {
            // What root would make in it, its owner could not remove.
            command.uid(self.owner.0).gid(self.owner.1);
        }
        command.arg("--no-pager").arg("--git-dir").arg(&self.path);
        command.envs(self.added.iter().cloned());
        command.args(SETTINGS.iter().chain(small).flat_map(|setting| ["-c", setting])).args(arguments);
        command
    }

    pub(super) async fn run(&self, arguments: &[&str]) -> Result<Output, RepositoryError> {
        self.fed(arguments, "").await
    }

    pub(super) async fn fed(&self, arguments: &[&str], input: &str) -> Result<Output, RepositoryError> {
        self.within(MEMORY, arguments, input).await
    }

    pub(super) async fn within(&self, memory: u64, arguments: &[&str], input: &str) -> Result<Output, RepositoryError> {
        let mut command = self.command(memory, arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        ended(command.spawn().map_err(RepositoryError::Run)?, input.as_bytes()).await
    }

    /// Runs git with a file as its standard input.
    pub(super) async fn reading(&self, arguments: &[&str], from: File) -> Result<Output, RepositoryError> {
        let mut command = self.command(MEMORY, arguments);
        command.stdin(from).stdout(Stdio::piped()).stderr(Stdio::piped());
        ended(command.spawn().map_err(RepositoryError::Run)?, b"").await
    }

    /// Runs git, and writes what it says to a file. git does not write there itself: a process that it starts ends with
    /// the pipe between them, and is on no leash.
    pub(super) async fn writing(&self, arguments: &[&str], into: File) -> Result<Output, RepositoryError> {
        let mut command = self.command(MEMORY, arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(RepositoryError::Run)?;
        let said = BufReader::with_capacity(PIECE, child.stdout.take().expect("it is a pipe"));
        let copying = async {
            let (mut said, mut into) = (said, tokio::fs::File::from_std(into));
            tokio::io::copy_buf(&mut said, &mut into).await.map_err(RepositoryError::Run)?;
            into.flush().await.map_err(RepositoryError::Run)
        };
        let ending = async { tokio::try_join!(copying, ended(child, b"")).map(|((), ended)| ended) };
        timeout(PATIENCE, ending).await.map_err(|_elapsed| RepositoryError::Slow)?
    }
}

async fn ended(mut child: Child, input: &[u8]) -> Result<Output, RepositoryError> {
    let stdin = child.stdin.take();
    let feeding = async {
        if let Some(mut stdin) = stdin {
            // Whoever reads no further says why in another place.
            let _ = stdin.write_all(input).await;
        }
        Ok(())
    };
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let working = async {
        let (stdout, stderr, ()) = tokio::try_join!(all(out, ANSWER_LIMIT), all(err, COMPLAINT_LIMIT), feeding)?;
        let status = child.wait().await.map_err(RepositoryError::Run)?;
        if status.code() == Some(NOT_RUN.into()) {
            let why = String::from_utf8_lossy(&stderr).trim().to_owned();
            return Err(RepositoryError::Run(std::io::Error::other(why)));
        }
        Ok(Output { status, stdout, stderr })
    };
    // Whoever says more than is read is killed with the value that stands for it.
    timeout(PATIENCE, working).await.map_err(|_elapsed| RepositoryError::Slow)?
}

async fn all(stream: Option<impl AsyncRead + Unpin>, limit: u64) -> Result<Vec<u8>, RepositoryError> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        stream.take(limit + 1).read_to_end(&mut bytes).await.map_err(RepositoryError::Run)?;
    }
    if bytes.len() as u64 > limit { Err(RepositoryError::TooMuch) } else { Ok(bytes) }
}

/// Returns what git said where it did its work.
pub(super) fn done(ended: Output, what: &'static str) -> Result<String, RepositoryError> {
    match ended.status {
        status if status.success() => Ok(String::from_utf8_lossy(&ended.stdout).into_owned()),
        status if is_killed(status) => Err(RepositoryError::Killed { what }),
        _ => Err(RepositoryError::Git { what, answer: String::from_utf8_lossy(&ended.stderr).trim().to_owned() }),
    }
}

/// Whether the kernel ended it: nobody else has a reason to.
fn is_killed(status: ExitStatus) -> bool {
    let signals = [rustix::process::Signal::KILL, rustix::process::Signal::XCPU];
    status.signal().is_some_and(|signal| signals.iter().any(|one| one.as_raw() == signal))
}

pub(super) fn text(ended: &Output) -> String {
    String::from_utf8_lossy(&ended.stdout).trim().to_owned()
}
