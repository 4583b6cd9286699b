//! Carrying bytes both ways. Every tunnel of a thread reads into the same buffer, so that an idle one holds none; while
//! much arrives at a time, the kernel moves it through a pipe.
//!
//! `tokio::io::copy_bidirectional` holds 16 KiB per tunnel and moves a third as much per second (measured).

use std::cell::RefCell;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use rustix::net::{Shutdown, shutdown};
use tokio::net::TcpStream;
use tokio::task::coop::consume_budget;
use tokio::time::{Instant, sleep_until};

use super::connection::Connection;
use super::pipe::{Filled, Pipe};

/// Size of the buffer of a thread, and of a read while much arrives and there is no pipe.
const WINDOW: usize = 256 << 10;
/// Size of other reads: what a slow reader leaves behind is kept per tunnel. One that is full is the begin of much.
const SMALL_WINDOW: usize = 16 << 10;
/// What slow readers may leave behind in a thread altogether before every read is small.
const LEFTOVERS: usize = 16 << 20;

thread_local! {
    static SHARED: RefCell<SharedBuffer> = RefCell::new(SharedBuffer { bytes: vec![0; WINDOW].into_boxed_slice(), leftovers: 0 });
}

struct SharedBuffer {
    bytes: Box<[u8]>,
    leftovers: usize,
}

/// Carries bytes until both sides have ended, one fails, or nothing moved for the idle time.
pub(super) async fn relay(client: TcpStream, upstream: TcpStream, early: BytesMut, connection: &Connection) {
    let started = Instant::now();
    let activity = AtomicU64::new(0);
    let touch = || activity.store(milliseconds(started.elapsed()), Ordering::Relaxed);
    // Written in place: a future that has a name before it is joined is part of every tunnel twice.
    tokio::select! {
        _ = async {
            tokio::try_join!(
                async {
                    // What nobody waits for while a tunnel is idle is boxed: it would be part of every idle one.
                    Box::pin(write_all(&upstream, early, &connection.sent)).await?;
                    carry(&client, &upstream, &connection.sent, &touch).await
                },
                carry(&upstream, &client, &connection.received, &touch),
            )
        } => {}
        () = idle(started, &activity, connection.seat.shared.limits.idle) => {}
    }
}

/// One timer per tunnel that is set again only when it fires: moving bytes does not touch it.
async fn idle(started: Instant, activity: &AtomicU64, limit: Duration) {
    loop {
        let quiet_since = started + Duration::from_millis(activity.load(Ordering::Relaxed));
        if quiet_since.elapsed() >= limit {
            return;
        }
        sleep_until(quiet_since + limit).await;
    }
}

async fn carry(from: &TcpStream, to: &TcpStream, counter: &AtomicU64, touch: &impl Fn()) -> io::Result<()> {
    let note = |count: usize| {
        counter.fetch_add(count as u64, Ordering::Relaxed);
        touch();
    };
    let (mut much, mut able) = (false, true);
    loop {
        from.readable().await?;
        let lent = if much && able { Pipe::borrow() } else { None };
        if let Some(mut pipe) = lent {
            match pipe.fill(from)? {
                Filled::Nothing => {}
                Filled::Unable => able = false,
                Filled::End => break,
                Filled::Bytes(count) => {
                    much = count >= SMALL_WINDOW;
                    if !pipe.empty_now(to, note)? {
                        Box::pin(pipe.empty(to, note)).await?;
                    }
                }
            }
        } else {
            match pass(from, to, if much { WINDOW } else { SMALL_WINDOW })? {
                Passed::Nothing => continue,
                Passed::End => break,
                Passed::All(count) => {
                    note(count);
                    much = count >= SMALL_WINDOW;
                }
                Passed::Some(count, rest) => {
                    note(count);
                    much = false;
                    Box::pin(rest.write(to, counter, touch)).await?;
                }
            }
        }
        consume_budget().await;
    }
    Ok(shutdown(to, Shutdown::Write)?)
}

/// What one read and one write did.
enum Passed {
    /// Nothing was there after all.
    Nothing,
    /// The sender has ended.
    End,
    /// Everything that was read went out.
    All(usize),
    /// This many bytes went out, the rest waits.
    Some(usize, Leftover),
}

fn pass(from: &TcpStream, to: &TcpStream, window: usize) -> io::Result<Passed> {
    SHARED.with_borrow_mut(|shared| {
        let window = if shared.leftovers > LEFTOVERS { SMALL_WINDOW } else { window };
        let count = match from.try_read(&mut shared.bytes[..window]) {
            Ok(0) => return Ok(Passed::End),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Passed::Nothing),
            Err(error) => return Err(error),
        };
        let written = match to.try_write(&shared.bytes[..count]) {
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        if written == count {
            return Ok(Passed::All(count));
        }
        let rest = BytesMut::from(&shared.bytes[written..count]);
        shared.leftovers += rest.len();
        Ok(Passed::Some(written, Leftover { size: rest.len(), bytes: rest }))
    })
}

/// Bytes that a slow reader did not take yet; counted while they are kept.
struct Leftover {
    size: usize,
    bytes: BytesMut,
}

impl Leftover {
    async fn write(mut self, to: &TcpStream, counter: &AtomicU64, touch: &impl Fn()) -> io::Result<()> {
        write_all(to, std::mem::take(&mut self.bytes), counter).await?;
        touch();
        Ok(())
    }
}

impl Drop for Leftover {
    fn drop(&mut self) {
        SHARED.with_borrow_mut(|shared| shared.leftovers = shared.leftovers.saturating_sub(self.size));
    }
}

async fn write_all(to: &TcpStream, mut bytes: BytesMut, counter: &AtomicU64) -> io::Result<()> {
    while !bytes.is_empty() {
        to.writable().await?;
        match to.try_write(&bytes) {
            Ok(count) => {
                counter.fetch_add(count as u64, Ordering::Relaxed);
                bytes.advance(count);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
