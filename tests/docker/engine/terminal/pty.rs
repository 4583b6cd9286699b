//! A person at a terminal: a pseudo-terminal whose other side types, reads, and pulls at the window.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};

use super::super::User;

/// How long anything may take to appear.
const PATIENCE: Duration = Duration::from_secs(30);

/// cloister with a terminal of its own.
pub(crate) struct Terminal {
    person: File,
    /// Kept open, so that the modes can be read when everybody else is gone.
    device: OwnedFd,
    shown: Arc<Mutex<String>>,
    modes: String,
    child: Child,
}

impl Terminal {
    /// Starts cloister in a terminal of this many rows and columns.
    pub(crate) fn open(user: &User, (rows, columns): (u16, u16), words: &[&str]) -> Self {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let device = rustix::fs::open(ptsname(&person, Vec::new()).unwrap(), flags, Mode::empty()).unwrap();
        tcsetwinsize(&person, size(rows, columns)).unwrap();
        let modes = modes(&device);
        let cloister = user.command(words);
        // A program for the one thing that needs a system call between fork and exec.
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(cloister.get_program()).args(cloister.get_args()).current_dir(&user.project);
        command.env("TERM", "xterm").envs(cloister.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let side = || Stdio::from(device.try_clone().unwrap());
        let child = command.stdin(side()).stdout(side()).stderr(side()).spawn().unwrap();
        let (shown, person) = (Arc::default(), File::from(person));
        read_along(person.try_clone().unwrap(), Arc::clone(&shown));
        Self { person, device, shown, modes, child }
    }

    pub(crate) fn types(&mut self, text: &str) {
        self.person.write_all(text.as_bytes()).unwrap();
    }

    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        tcsetwinsize(&self.person, size(rows, columns)).unwrap();
    }

    /// Everything that was shown so far.
    pub(crate) fn shown(&self) -> String {
        self.shown.lock().unwrap().clone()
    }

    /// Waits until a text is shown, for the first time or again.
    pub(crate) fn shows(&self, text: &str, times: usize) {
        let begin = Instant::now();
        while self.shown().matches(text).count() < times {
            assert!(begin.elapsed() < PATIENCE, "{text:?} is not shown: {}", self.shown());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap(), signal).unwrap();
    }

    /// Waits for the end; the terminal has to be as it was before.
    pub(crate) fn ends(&mut self) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert_eq!(modes(&self.device), self.modes, "the terminal is as it was");
                return status;
            }
            if begin.elapsed() > PATIENCE {
                self.child.kill().unwrap();
                panic!("it does not end: {}", self.shown());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn ends_with(&mut self, code: i32) {
        let status = self.ends();
        assert_eq!(status.code(), Some(code), "{}", self.shown());
    }

    /// Tells whether keys are handed on one by one.
    pub(crate) fn is_raw(&self) -> bool {
        modes(&self.device) != self.modes
    }
}

fn size(rows: u16, columns: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

fn modes(device: &OwnedFd) -> String {
    format!("{:?}", tcgetattr(device).unwrap())
}

fn read_along(mut person: File, shown: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length) = person.read(&mut buffer) {
            shown.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
    });
}
