//! Pipes that the kernel moves the bytes of busy tunnels through, without a copy to the program: splice(2).
//!
//! A thread has a few and lends them for as long as bytes flow: idle tunnels hold none, and where there is none left, or
//! the kernel has none to give, bytes are copied instead.

use std::cell::RefCell;
use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::guardian::limits::{PIPE_BYTES, PIPES};
thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { free: Vec::new(), made: 0 }) };
}

struct Pool {
    free: Vec<Ends>,
    made: usize,
}

struct Ends {
    exit: OwnedFd,
    entry: OwnedFd,
}

/// A pipe on loan.
pub(super) struct Pipe {
    ends: Option<Ends>,
    held: usize,
}

/// What came of filling a pipe.
pub(super) enum Filled {
    /// Nothing was there.
    Nothing,
    /// The sender has ended.
    End,
    /// So many bytes are in the pipe.
    Bytes(usize),
    /// The kernel does not do this for these sockets.
    Unable,
}

impl Pipe {
    /// Borrows an empty pipe; `None` where there is none.
    pub(super) fn borrow() -> Option<Self> {
        POOL.with_borrow_mut(|pool| {
            let ends = pool.free.pop().or_else(|| pool.make())?;
            Some(Self { ends: Some(ends), held: 0 })
        })
    }

    fn ends(&self) -> &Ends {
        self.ends.as_ref().expect("it is there until the pipe is given back")
    }

    /// Moves what has arrived into the pipe, which is empty.
    pub(super) fn fill(&mut self, from: &TcpStream) -> io::Result<Filled> {
        let take = || Ok(splice(from, None, &self.ends().entry, None, PIPE_BYTES, SpliceFlags::NONBLOCK)?);
        match from.try_io(Interest::READABLE, take) {
            Ok(0) => Ok(Filled::End),
            Ok(count) => {
                self.held = count;
                Ok(Filled::Bytes(count))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Filled::Nothing),
            Err(error) => match Errno::from_io_error(&error) {
                Some(Errno::INVAL | Errno::NOSYS | Errno::PERM) => Ok(Filled::Unable),
                _ => Err(error),
            },
        }
    }

    /// Moves what is in the pipe out of it as far as nobody has to be waited for, and says of each part how large it was.
    /// Returns whether the pipe is empty.
    pub(super) fn empty_now(&mut self, to: &TcpStream, moved: impl Fn(usize)) -> io::Result<bool> {
        while self.held > 0 {
            match to.try_io(Interest::WRITABLE, || self.give(to)) {
                Ok(count) => self.given(count, &moved),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Moves everything out.
    pub(super) async fn empty(&mut self, to: &TcpStream, moved: impl Fn(usize)) -> io::Result<()> {
        while self.held > 0 {
            let count = to.async_io(Interest::WRITABLE, || self.give(to)).await?;
            self.given(count, &moved);
        }
        Ok(())
    }

    fn give(&self, to: &TcpStream) -> io::Result<usize> {
        Ok(splice(&self.ends().exit, None, to, None, self.held, SpliceFlags::NONBLOCK)?)
    }

    fn given(&mut self, count: usize, moved: impl Fn(usize)) {
        self.held -= count;
        moved(count);
    }
}

impl Pool {
    fn make(&mut self) -> Option<Ends> {
        if self.made == PIPES {
            return None;
        }
        let (exit, entry) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).ok()?;
        // a smaller one does as well
        let _ = fcntl_setpipe_size(&entry, PIPE_BYTES);
        self.made += 1;
        Some(Ends { exit, entry })
    }
}

impl Drop for Pipe {
    /// A pipe with something in it is closed: nobody else may find it there.
    fn drop(&mut self) {
        POOL.with_borrow_mut(|pool| match self.ends.take() {
            Some(ends) if self.held == 0 => pool.free.push(ends),
            _ => pool.made -= 1,
        });
    }
}
