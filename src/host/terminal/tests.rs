use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::*;

/// Both sides of a terminal.
fn terminal() -> (OwnedFd, OwnedFd) {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&person).unwrap();
    unlockpt(&person).unwrap();
    let name = ptsname(&person, Vec::new()).unwrap();
    let device = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    (person, device)
}

fn modes(device: &OwnedFd) -> String {
    format!("{:?}", tcgetattr(device).unwrap())
}

#[test]
fn a_panic_leaves_the_terminal_as_it_was() {
    let (_person, device) = terminal();
    let before = modes(&device);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _raw = RawMode::on(&device).unwrap();
        assert_eq!(modes(&device), before, "raw mode is another one");
    }));
    assert!(panicked.is_err());
    assert_eq!(modes(&device), before);
}
