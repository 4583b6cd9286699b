#![expect(clippy::disallowed_methods, reason = "adapter: starts a program of the host")]
//! The keeper of one command: cloister's own program in a process of its own, between the control plane and the command.
//! It makes sure of the program, starts it, and ends it with everything that it started: when it ended by itself, when the
//! control plane says so, and when the control plane is gone. Another one stands behind it, which ends everything when the
//! keeper itself is killed, be it together with the control plane.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, Mode, SealFlags};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Resource, Rlimit, Signal};

use super::super::command;
use super::super::prepare::{changed, programs};
use super::order::{Order, Report, Starts, frame};
use super::{family, unavailable};
use crate::sandbox::hostexec::protocol::{PIECE_LIMIT, Reason, Refusal};

/// The name that cloister starts itself under.
pub const NAME: &str = "cloister-keeper";
/// Says to a keeper that another one stands behind it.
const GUARDED: &str = "guarded";
/// How long a command has to end by itself once it is told to.
const GRACE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// Longest frame of input.
const FRAME_LIMIT: usize = PIECE_LIMIT;

/// Tells whether cloister was started to keep a command.
pub fn is_meant(name: Option<&OsString>) -> bool {
    name.is_some_and(|name| name == NAME)
}

/// Keeps one command, which standard input names; standard output and standard error are the command's.
pub fn keep() -> ExitCode {
    close_foreign();
    if std::env::args_os().nth(1).is_none_or(|argument| argument != GUARDED) {
        return stand_behind().unwrap_or(ExitCode::FAILURE);
    }
    let Ok(socket) = rustix::stdio::stdin().try_clone_to_owned() else { return ExitCode::FAILURE };
    let mut socket = UnixStream::from(socket);
    let started = prepare_self().map_err(|error| unavailable(&error.to_string())).and_then(|()| start(&mut socket));
    let mut kept = match started {
        Ok(kept) => kept,
        Err(refusal) => {
            say(&mut socket, &Report::Refused(refusal));
            return ExitCode::FAILURE;
        }
    };
    say(&mut socket, &Report::Started);
    let report = kept.until_its_end(&mut socket);
    say(&mut socket, &report);
    ExitCode::SUCCESS
}

/// Has another keeper do the work; what is left when that one is gone ends.
fn stand_behind() -> io::Result<ExitCode> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let status = Command::new("/proc/self/exe").arg0(NAME).arg(GUARDED).status()?;
    family::end();
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Closes what the control plane itself inherited from whoever started it. Nothing of this process is open yet but its
/// standard streams.
fn close_foreign() {
    let open = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let numbers: Vec<i32> = open.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for number in numbers.into_iter().filter(|number| *number > 2) {
        // The folder that was listed is closed already.
        let _ = nix::unistd::close(number);
    }
}

/// The other side may be gone.
fn say(socket: &mut UnixStream, report: &Report) {
    let _ = socket.set_nonblocking(false);
    let line = serde_json::to_vec(report).expect("a report has text keys only");
    let _ = socket.write_all(&[&line[..], b"\n"].concat());
}

/// What the command inherits: no terminal, no more rights than the user has now, no memory on disk when it crashes.
fn prepare_self() -> io::Result<()> {
    rustix::process::setsid()?;
    rustix::process::umask(Mode::from_raw_mode(0o022));
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    rustix::thread::set_no_new_privs(true)?;
    rustix::process::setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    Ok(())
}

fn start(socket: &mut UnixStream) -> Result<Kept, Refusal> {
    let failed = |error: io::Error| unavailable(&format!("the command could not be started: {error}"));
    let Order { argv, starts, env, stdin } = Order::read(&mut *socket).map_err(failed)?;
    let (program, arguments) = argv.split_first().ok_or_else(|| unavailable("it names no program"))?;
    let (mut command, _held) = match starts {
        Starts::Installed(file) => {
            let (path, held) = verified(&file)?;
            let mut command = Command::new(path);
            command.arg0(program);
            (command, vec![held])
        }
        Starts::Contents { bytes, interpreter } => {
            let sealed = sealed(&mut *socket, bytes).map_err(failed)?;
            // Not closed when the program starts: that is where it is read from.
            let path = format!("/proc/self/fd/{}", sealed.as_raw_fd());
            match interpreter {
                None => {
                    let mut command = Command::new(path);
                    command.arg0(program);
                    (command, vec![sealed])
                }
                Some((words, file)) => {
                    let (interpreter, held) = verified(&file)?;
                    let mut command = Command::new(interpreter);
                    let (name, before) = words.split_first().ok_or_else(|| unavailable("nothing runs the script"))?;
                    command.arg0(name).args(before).arg(path);
                    (command, vec![sealed, held])
                }
            }
        }
    };
    command.args(arguments).env_clear().envs(env).process_group(0);
    command.stdin(if stdin { Stdio::piped() } else { Stdio::null() });
    let mut child = command.spawn().map_err(|error| not_run(&error))?;
    let pid = Pid::from_child(&child);
    let ended = rustix::process::pidfd_open(pid, PidfdFlags::empty()).map_err(|error| failed(error.into()))?;
    let input = child.stdin.take();
    if let Some(input) = &input {
        rustix::io::ioctl_fionbio(input, true).map_err(|error| failed(error.into()))?;
    }
    socket.set_nonblocking(true).map_err(failed)?;
    Ok(Kept { child, pid, ended, input, held: Vec::new() })
}

fn not_run(error: &io::Error) -> Refusal {
    Reason::NotFound.because(format!("the program could not be run: {error}"))
}

/// Makes sure that a program of the machine is the one that was shown; returns how it is started, and what has to stay open
/// until then.
fn verified(file: &command::File) -> Result<(String, OwnedFd), Refusal> {
    let opened = programs::open(Path::new(&file.path)).map_err(|_| changed())?;
    let reader = File::from(opened.try_clone().map_err(|_| changed())?);
    let now = programs::describe(Path::new(&file.path), reader).ok().flatten();
    if now.as_ref() != Some(file) {
        return Err(changed());
    }
    let mut magic = [0; 4];
    let read = rustix::io::pread(&opened, &mut magic, 0).unwrap_or(0);
    // What is open is what was read; but whatever runs a script opens it by its path.
    let path =
        if &magic[..read] == b"\x7fELF" { format!("/proc/self/fd/{}", opened.as_raw_fd()) } else { file.path.clone() };
    Ok((path, opened))
}

/// Returns contents that nobody can change any more (memfd_create(2)).
fn sealed(socket: &mut UnixStream, bytes: u64) -> io::Result<OwnedFd> {
    let memory = rustix::fs::memfd_create("hostexec", MemfdFlags::ALLOW_SEALING)?;
    let mut file = File::from(memory);
    let copied = io::copy(&mut socket.take(bytes), &mut file)?;
    if copied != bytes {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let seals = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
    rustix::fs::fcntl_add_seals(&file, seals)?;
    // One that can be read alone: a program that is open for writing does not run.
    let read =
        rustix::fs::open(format!("/proc/self/fd/{}", file.as_raw_fd()), rustix::fs::OFlags::RDONLY, Mode::empty())?;
    Ok(read)
}

/// A command that runs.
struct Kept {
    child: Child,
    pid: Pid,
    /// Can be read once it has ended.
    ended: OwnedFd,
    input: Option<ChildStdin>,
    /// Bytes that came for it.
    held: Vec<u8>,
}

impl Kept {
    /// Waits for the end of the command, or ends it, and everything that it started.
    fn until_its_end(&mut self, socket: &mut UnixStream) -> Report {
        let mut frames = Frames::default();
        while !self.wait(socket, &mut frames) {}
        let _ = rustix::process::kill_process_group(self.pid, Signal::TERM);
        let mut ended = [PollFd::new(&self.ended, PollFlags::IN)];
        let _ = poll(&mut ended, Some(&GRACE));
        let status = match self.child.try_wait() {
            Ok(Some(status)) => Some(status),
            _ => {
                let _ = self.child.kill();
                self.child.wait().ok()
            }
        };
        family::end();
        match status {
            Some(status) => {
                let signal = status.signal().map(Report::Signal);
                signal.or_else(|| status.code().map(Report::Exited)).unwrap_or(Report::Signal(9))
            }
            None => Report::Signal(9),
        }
    }

    /// Waits for something, and does it; returns whether it is over.
    fn wait(&mut self, socket: &mut UnixStream, frames: &mut Frames) -> bool {
        // Beside the end of the other side nothing is read while there is something to hand over.
        let reads = if self.held.is_empty() { PollFlags::IN } else { PollFlags::empty() };
        let told = socket.as_fd();
        let mut waits = vec![PollFd::new(&self.ended, PollFlags::IN), PollFd::new(&told, reads | PollFlags::RDHUP)];
        if let Some(input) = self.input.as_ref().filter(|_| !self.held.is_empty()) {
            waits.push(PollFd::new(input, PollFlags::OUT));
        }
        match poll(&mut waits, None) {
            Ok(_) => {}
            Err(Errno::INTR) => return false,
            Err(_) => return true,
        }
        let seen: Vec<PollFlags> = waits.iter().map(PollFd::revents).collect();
        if !seen[0].is_empty() || seen[1].intersects(PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR) {
            return true;
        }
        if seen.get(2).is_some_and(|flags| !flags.is_empty()) {
            self.hand_over();
        }
        if seen[1].contains(PollFlags::IN) {
            return self.take(socket, frames);
        }
        false
    }

    /// Hands the command what came for it. What it does not want any more is dropped.
    fn hand_over(&mut self) {
        let Some(input) = &mut self.input else { return };
        match input.write(&self.held) {
            Ok(written) => _ = self.held.drain(..written),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => {
                self.input = None;
                self.held.clear();
            }
        }
    }

    /// Takes what came; returns whether nothing sensible can come any more.
    fn take(&mut self, socket: &mut UnixStream, frames: &mut Frames) -> bool {
        match frames.read(socket) {
            Ok(Some(bytes)) if bytes.is_empty() => self.input = None,
            Ok(Some(bytes)) if self.input.is_some() => self.held = bytes,
            Ok(Some(_) | None) => {}
            Err(_) => return true,
        }
        false
    }
}

/// Frames as they arrive.
#[derive(Default)]
struct Frames {
    arrived: Vec<u8>,
}

impl Frames {
    /// Reads no more than the frame that arrives; returns it once it is complete.
    fn read(&mut self, socket: &mut UnixStream) -> io::Result<Option<Vec<u8>>> {
        let header = frame(&[]).len();
        let length = |arrived: &[u8]| {
            let header: [u8; 4] = arrived.get(..header)?.try_into().ok()?;
            usize::try_from(u32::from_be_bytes(header)).ok()
        };
        loop {
            let missing = match length(&self.arrived) {
                Some(length) if length > FRAME_LIMIT => return Err(io::ErrorKind::InvalidData.into()),
                Some(length) => header + length - self.arrived.len(),
                None => header - self.arrived.len(),
            };
            if missing == 0 {
                return Ok(Some(std::mem::take(&mut self.arrived).split_off(header)));
            }
            let mut piece = vec![0; missing];
            match socket.read(&mut piece) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => self.arrived.extend_from_slice(&piece[..read]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }
}
