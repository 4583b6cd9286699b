#![expect(clippy::disallowed_methods, reason = "adapter: process 1")]
//! Process 1 of a sandbox: probes, reports, then reaps.
//!
//! Nothing of the repository or of the image runs before the report says sealed. It sleeps in the kernel between
//! signals; it opens nothing, listens nowhere, and cannot be read by other processes of the same user. Its command line
//! can be read by everybody: [`hide_request`] takes the request out of it before anything else.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::Errno;
use rustix::process::{
    self, DumpableBehavior, Pid, WaitOptions, WaitStatus, getpid, kill_process_group, set_dumpable_behavior, wait,
};

use super::probe::{self, attempt};
use super::protocol::{Attempt, INIT, LEAK_EXIT, ProbeReport, ProbeRequest};

/// Why process 1 could not begin; nothing ran.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// Other processes could read its memory.
    #[error("cannot make process 1 unreadable")]
    Dumpable(#[source] Errno),
    /// It would not notice the end of a process, or a request to stop.
    #[error("cannot block or await signals")]
    Signals(#[source] nix::Error),
    /// The request would stay where everybody can read it.
    #[error("cannot take the request out of the command line")]
    Hide(#[source] io::Error),
    /// The request is not one.
    #[error("cannot read the probe's request")]
    Request(#[source] serde_json::Error),
    /// Nobody would learn whether the sandbox is sealed.
    #[error("cannot print the report")]
    Report(#[source] io::Error),
    /// The image's own command.
    #[error("cannot run {0}")]
    Spawn(String, #[source] io::Error),
}

/// Blocked from the beginning and awaited one by one, so that no handler ever runs: bursts of signals from inside
/// would stack handlers until they overflow the signal stack, which kills even process 1. The first ones say stop.
const AWAITED: [Signal; 10] = [
    Signal::SIGTERM,
    Signal::SIGINT,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGWINCH,
    Signal::SIGCHLD,
    // The standard library handles these two; sent by somebody they mean nothing.
    Signal::SIGSEGV,
    Signal::SIGBUS,
];

/// Becomes this program again, with the request on standard input: it names addresses of the host and of other
/// sandboxes, which are nobody's business inside. Returns only when that is not possible.
pub fn hide_request(request: &str, command: &[OsString]) -> InitError {
    let hidden = || -> io::Result<()> {
        // Kernels before 6.3 do not know the second flag; later ones may insist on it (`vm.memfd_noexec`).
        let memory = memfd_create("request", MemfdFlags::CLOEXEC | MemfdFlags::NOEXEC_SEAL);
        let mut file = File::from(memory.or_else(|_| memfd_create("request", MemfdFlags::CLOEXEC))?);
        file.write_all(request.as_bytes())?;
        file.rewind()?;
        Ok(rustix::stdio::dup2_stdin(&file)?)
    };
    if let Err(error) = hidden() {
        return InitError::Hide(error);
    }
    let mut again = Command::new("/proc/self/exe");
    again.arg0(INIT).arg("init");
    if !command.is_empty() {
        again.arg("--").args(command);
    }
    InitError::Hide(again.exec())
}

/// Reads the request, and lets go of it: whatever runs later finds nothing on standard input.
fn take_request() -> Result<String, InitError> {
    let take = || -> io::Result<String> {
        let mut request = String::new();
        io::stdin().read_to_string(&mut request)?;
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        Ok(request)
    };
    take().map_err(InitError::Hide)
}

/// Runs as process 1 until it is told to stop, or until `command` ends; returns the exit code. The request comes on
/// standard input.
///
/// # Errors
/// When it cannot begin: then nothing ran.
pub fn run(command: &[OsString]) -> Result<i32, InitError> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(InitError::Dumpable)?;
    let signals = SigSet::from_iter(AWAITED);
    signals.thread_block().map_err(InitError::Signals)?;
    // Unlike `sigwait`, it tells who sent a signal.
    let signals = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC).map_err(InitError::Signals)?;
    let request = take_request()?;
    let begin = std::time::Instant::now();
    let mut report = measure(&request)?;
    report.attempts.push(process_one());
    let report = probe::report(report.attempts, begin.elapsed());
    print(&report).map_err(InitError::Report)?;
    if !report.sealed {
        return Ok(LEAK_EXIT);
    }
    let child = if command.is_empty() { None } else { Some(spawn(command)?) };
    serve(&signals, child)
}

/// The probe alone, for other tools: prints the report, returns the exit code.
///
/// # Errors
/// When the request is not one, or nobody can read the report.
pub fn probe_alone(request: &str) -> Result<i32, InitError> {
    let report = measure(request)?;
    print(&report).map_err(InitError::Report)?;
    Ok(if report.sealed { 0 } else { LEAK_EXIT })
}

fn measure(request: &str) -> Result<ProbeReport, InitError> {
    let request: ProbeRequest = serde_json::from_str(request).map_err(InitError::Request)?;
    Ok(probe::run(&request))
}

fn print(report: &ProbeReport) -> io::Result<()> {
    let mut line = serde_json::to_vec(report)?;
    line.push(b'\n');
    let mut output = io::stdout().lock();
    output.write_all(&line)?;
    output.flush()
}

/// Another process 1 (`HostConfig.Init`) would have run first, and would reap instead (SEC-22).
fn process_one() -> Attempt {
    let pid = getpid();
    attempt("process-1", "cloister's init is process 1", pid == Pid::INIT, format!("process {pid}"))
}

/// Starts the command through this program, which gives it a session of its own.
fn spawn(command: &[OsString]) -> Result<Pid, InitError> {
    let name = || command.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let child = Command::new("/proc/self/exe").arg("session").arg("--").args(command).spawn();
    let child = child.map_err(|error| InitError::Spawn(name(), error))?;
    // `serve` collects it with everything else; the handle does nothing when it is dropped.
    Ok(Pid::from_child(&child))
}

fn serve(signals: &SignalFd, child: Option<Pid>) -> Result<i32, InitError> {
    loop {
        let Some((signal, inside)) = next_signal(signals)? else { continue };
        match (signal, child) {
            (Signal::SIGCHLD, _) => {
                if let Some(code) = reap(child) {
                    return Ok(code);
                }
            }
            // Only the host says stop; what runs inside could end its own sandbox otherwise.
            _ if inside => {}
            (Signal::SIGSEGV | Signal::SIGBUS, _) => {}
            (signal, Some(child)) => forward(child, signal),
            (Signal::SIGTERM | Signal::SIGINT | Signal::SIGHUP | Signal::SIGQUIT, None) => return Ok(0),
            (_, None) => {}
        }
    }
}

/// Waits for a signal; returns it, and whether its sender is a process of this sandbox. The kernel itself, and whoever is
/// outside of the process namespace, is number 0 here.
fn next_signal(signals: &SignalFd) -> Result<Option<(Signal, bool)>, InitError> {
    let Some(info) = signals.read_signal().map_err(InitError::Signals)? else { return Ok(None) };
    let number = i32::try_from(info.ssi_signo).unwrap_or_default();
    Ok(Signal::try_from(number).ok().map(|signal| (signal, info.ssi_pid != 0)))
}

fn forward(child: Pid, signal: Signal) {
    if let Some(signal) = process::Signal::from_named_raw(signal as i32) {
        // It may have ended just now; then its SIGCHLD is on the way.
        let _gone = kill_process_group(child, signal);
    }
}

/// Collects every process that ended; the exit code of `child` when it is among them.
fn reap(child: Option<Pid>) -> Option<i32> {
    let mut code = None;
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        if Some(pid) == child {
            code = Some(exit_code(status));
        }
    }
    code
}

/// As a shell says it: 128 and the signal's number for a process that was killed.
fn exit_code(status: WaitStatus) -> i32 {
    status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal)).unwrap_or(1)
}
