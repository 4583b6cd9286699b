#![expect(clippy::disallowed_methods, reason = "adapter: enters a folder and replaces this process")]
//! A process of `start`, `exec` or a lifecycle command: in its folder, with the account's shell named, and with the
//! words and exit codes of a shell where it cannot run. The engine would print its own words to standard output.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::protocol::RunRequest;
use super::session::{NOT_FOUND_EXIT, NOT_RUN_EXIT};
use super::shell;
use crate::ui::text::visible;

/// Why it does not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// None of the folders can be entered.
    #[error("cannot enter `{}` in the sandbox", visible(folder))]
    Folder {
        /// The last one that was tried.
        folder: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is no such program.
    #[error("`{}` was not found in the sandbox", visible(program))]
    NotFound {
        /// The program.
        program: String,
    },
    /// It is there and cannot be executed.
    #[error("cannot run `{}` in the sandbox", visible(program))]
    NotRun {
        /// The program.
        program: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl RunError {
    /// Returns the exit code that a shell gives for it.
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::NotFound { .. } => NOT_FOUND_EXIT,
            Self::Folder { .. } | Self::NotRun { .. } => NOT_RUN_EXIT,
        }
    }

    /// Returns what to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => {
                "programs are those of the image: `cloister exec -- sh -c 'echo $PATH'` says where"
            }
            Self::NotRun { .. } => "look at it with `cloister exec -- ls -l`",
            Self::Folder { .. } => "make the sandbox anew: `cloister start --rebuild`",
        }
    }
}

/// Waits until standard input says what to become; `None` where whoever asked for a process went away.
///
/// # Errors
/// It says something else.
pub fn awaited() -> io::Result<Option<RunRequest>> {
    // Not through the standard library's buffer, which would take what belongs to the command.
    RunRequest::read(File::from(rustix::stdio::stdin().try_clone_to_owned()?))
}

/// Replaces this process with the command, in the first of the folders that can be entered; returns only when that is
/// not possible.
#[must_use]
pub fn become_process(request: &RunRequest) -> RunError {
    let folder = match enter(&request.folders) {
        Ok(folder) => folder,
        Err(error) => return error,
    };
    let (program, arguments) = request.command.split_first().map_or(("", &[][..]), |(first, rest)| (&**first, rest));
    let mut command = Command::new(program);
    command.args(arguments).envs(&request.env).envs(folder.map(|folder| ("PWD", folder)));
    let shell = request.env.get("SHELL").map(OsString::from).or_else(|| std::env::var_os("SHELL"));
    if shell.is_none_or(|shell| shell.is_empty()) {
        command.envs(shell::choose().map(|shell| ("SHELL", shell)));
    }
    let source = command.exec();
    let program = program.to_owned();
    if source.kind() == io::ErrorKind::NotFound {
        RunError::NotFound { program }
    } else {
        RunError::NotRun { program, source }
    }
}

/// Enters the first folder that can be entered; none where none is given.
fn enter(folders: &[String]) -> Result<Option<&String>, RunError> {
    let mut refused = None;
    for folder in folders {
        match std::env::set_current_dir(folder) {
            Ok(()) => return Ok(Some(folder)),
            Err(source) => refused = Some(RunError::Folder { folder: folder.clone(), source }),
        }
    }
    refused.map_or(Ok(None), Err)
}
