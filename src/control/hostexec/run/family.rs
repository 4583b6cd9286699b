#![expect(clippy::disallowed_methods, reason = "adapter: walks /proc")]
//! The end of everything that a command started. Its keeper is the reaper of whatever lost its parent (prctl(2),
//! PR_SET_CHILD_SUBREAPER), so nothing leaves the family, whatever session or group it makes for itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, wait};

/// How long processes may take to go that the system holds.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(1);

/// Ends every descendant of this process and takes note of its end. Who forks meanwhile is stopped first.
pub(super) fn end() {
    let deadline = Instant::now() + PATIENCE;
    loop {
        stop();
        for pid in descendants() {
            // It may be gone.
            let _ = kill_process(pid, Signal::KILL);
        }
        let none_left = reap();
        if none_left || Instant::now() > deadline {
            return;
        }
        std::thread::sleep(PAUSE);
    }
}

/// Stops descendants until there are none that run, so that none is born while the others are ended.
fn stop() {
    let mut stopped = BTreeSet::new();
    loop {
        let new: Vec<Pid> = descendants().into_iter().filter(|pid| stopped.insert(pid.as_raw_pid())).collect();
        if new.is_empty() {
            return;
        }
        for pid in new {
            let _ = kill_process(pid, Signal::STOP);
        }
    }
}

/// Takes note of ends; returns whether no child is left.
fn reap() -> bool {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) => return false,
            Err(_) => return true,
        }
    }
}

fn descendants() -> Vec<Pid> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let parents: BTreeMap<i32, i32> = pids.filter_map(|pid| Some((pid, parent(pid)?))).collect();
    let own = getpid().as_raw_pid();
    let is_own = |pid: i32| {
        let mut ancestors = std::iter::successors(Some(pid), |pid| parents.get(pid).copied());
        ancestors.by_ref().take(parents.len() + 1).skip(1).any(|ancestor| ancestor == own)
    };
    parents.keys().filter(|pid| is_own(**pid)).filter_map(|pid| Pid::from_raw(*pid)).collect()
}

/// The parent of a process that has not ended (proc_pid_stat(5)); its name may hold anything.
fn parent(pid: i32) -> Option<i32> {
    let status = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let status = String::from_utf8_lossy(&status);
    let mut fields = status.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    (state != "Z").then(|| fields.next()?.parse().ok())?
}
