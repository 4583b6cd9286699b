#![expect(clippy::disallowed_methods, reason = "adapter: becomes another program")]
#![expect(clippy::print_stderr, reason = "a program's messages")]
//! A program of this machine on a leash: it ends with the cloister that started it, however that one ends, and takes no
//! more than it may.
//!
//! A process can ask the kernel for that on its own behalf alone, and between its start and another program nothing of
//! ours runs. So cloister starts itself under another name, asks, and becomes the other program.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, Signal};

/// The name that cloister starts itself under.
pub const NAME: &str = "cloister-leash";
/// Exit code where the other program was not run; standard error says why.
pub const NOT_RUN: u8 = 125;
/// Stands for no bound.
const UNBOUND: &str = "-";

/// What a program may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bounds {
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// Seconds of a processor.
    pub processor: Option<u64>,
}

/// What holds programs: cloister's own program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leash {
    cloister: PathBuf,
}

impl Default for Leash {
    /// The one that runs, even where its file was replaced or lies where another user cannot go.
    fn default() -> Self {
        Self::held_by("/proc/self/exe")
    }
}

impl Leash {
    /// Returns a leash that this program of cloister's holds.
    pub fn held_by(cloister: impl Into<PathBuf>) -> Self {
        Self { cloister: cloister.into() }
    }

    /// Returns how a program is started on it. It ends with the thread that starts it.
    pub fn command(&self, program: &str, bounds: Bounds) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(&self.cloister);
        let bound = |bound: Option<u64>| bound.map_or_else(|| UNBOUND.to_owned(), |most| most.to_string());
        command.arg0(NAME).arg(rustix::process::getpid().to_string());
        command.args([bound(bounds.memory), bound(bounds.processor)]).arg(program);
        command
    }
}

/// Tells whether cloister was started to become another program.
pub fn is_meant(name: Option<&OsString>) -> bool {
    name.is_some_and(|name| name == NAME)
}

/// Becomes another program. Arguments: the process to end with, bounds for memory and processor, the program and its own.
pub fn become_program(arguments: &[OsString]) -> ExitCode {
    let why = match arguments {
        [parent, memory, processor, program, arguments @ ..] => held(parent, [memory, processor])
            .map_or_else(|why| why, |()| std::process::Command::new(program).args(arguments).exec().to_string()),
        _ => "it is not for people".to_owned(),
    };
    eprintln!("{NAME}: {why}");
    ExitCode::from(NOT_RUN)
}

/// Asks the kernel for the end with the parent, and for the bounds.
fn held(parent: &OsStr, bounds: [&OsString; 2]) -> Result<(), String> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(|error| error.to_string())?;
    // It may have ended before the kernel was asked.
    if rustix::process::getppid().is_none_or(|now| parent != now.to_string().as_str()) {
        return Err("whoever started it is gone".to_owned());
    }
    for (resource, bound) in [Resource::As, Resource::Cpu].into_iter().zip(bounds) {
        if bound != UNBOUND {
            let most = bound.to_str().and_then(|text| text.parse().ok()).ok_or("a bound is no number")?;
            let limit = Rlimit { current: Some(most), maximum: Some(most) };
            rustix::process::setrlimit(resource, limit).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}
