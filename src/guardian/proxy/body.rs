//! Request bodies on their way from a client to hyper, decoded strictly and framed anew.
//!
//! Invariant: a body ends well only with an explicit end. A client that leaves in the middle makes the request fail, so
//! that no server takes half of a chunked body for the whole.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::AsyncReadExt;
use tokio::net::tcp::ReadHalf;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::connection::READ_BYTES;
use crate::guardian::request::Framing;

/// Longest line with the size of a chunk, extensions included.
const SIZE_LINE: usize = 1 << 10;
/// Most bytes of trailer fields, which are dropped.
const TRAILERS: usize = 8 << 10;

/// The body of a request as hyper sees it.
#[derive(Debug)]
pub(super) struct RequestBody {
    pieces: Option<mpsc::Receiver<Piece>>,
    length: Option<u64>,
}

#[derive(Debug)]
enum Piece {
    Data(Bytes),
    End,
}

/// The body did not arrive as announced.
#[derive(Debug, thiserror::Error)]
#[error("the body did not arrive as announced")]
pub(super) struct Truncated;

/// The other end of a [`RequestBody`].
#[derive(Debug)]
pub(super) struct Feed {
    pieces: mpsc::Sender<Piece>,
    framing: Framing,
}

/// Why a body was not passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FeedError {
    /// Not framed as announced.
    Malformed,
    /// The client left or stopped.
    Client,
    /// The server does not want the rest.
    Server,
}

impl RequestBody {
    /// Returns a body and its feed.
    pub(super) fn new(framing: Framing) -> (Self, Feed) {
        let (sender, receiver) = mpsc::channel(1);
        let (pieces, length) = match framing {
            Framing::Empty => (None, Some(0)),
            Framing::Length(length) => (Some(receiver), Some(length)),
            Framing::Chunked => (Some(receiver), None),
        };
        (Self { pieces, length }, Feed { pieces: sender, framing })
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Truncated;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Truncated>>> {
        let Some(pieces) = &mut self.pieces else { return Poll::Ready(None) };
        match ready!(pieces.poll_recv(context)) {
            Some(Piece::Data(data)) => Poll::Ready(Some(Ok(Frame::data(data)))),
            Some(Piece::End) => {
                self.pieces = None;
                Poll::Ready(None)
            }
            None => Poll::Ready(Some(Err(Truncated))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Feed {
    /// Passes the body on. What follows it stays in `buffer`.
    pub(super) async fn run(
        self,
        mut client: ReadHalf<'_>,
        buffer: &mut BytesMut,
        idle: Duration,
        counter: &AtomicU64,
    ) -> Result<(), FeedError> {
        let mut decoder = Decoder::new(self.framing);
        loop {
            match decoder.step(buffer).ok_or(FeedError::Malformed)? {
                Step::Data(data) => {
                    counter.fetch_add(data.len() as u64, Ordering::Relaxed);
                    self.send(Piece::Data(data)).await?;
                }
                Step::End => return self.send(Piece::End).await,
                Step::More => {
                    buffer.reserve(READ_BYTES);
                    let read = timeout(idle, client.read_buf(&mut (&mut *buffer).limit(READ_BYTES))).await;
                    if !matches!(read, Ok(Ok(1..))) {
                        return Err(FeedError::Client);
                    }
                }
            }
        }
    }

    async fn send(&self, piece: Piece) -> Result<(), FeedError> {
        self.pieces.send(piece).await.map_err(|_| FeedError::Server)
    }
}

/// Where a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decoder {
    /// So many bytes are left.
    Length(u64),
    /// At a line with the size of a chunk.
    Size,
    /// So many bytes of a chunk are left.
    Chunk(u64),
    /// At the line end behind a chunk.
    ChunkEnd,
    /// In the trailer section, which had so many bytes.
    Trailers(usize),
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Data(Bytes),
    More,
    End,
}

impl Decoder {
    fn new(framing: Framing) -> Self {
        match framing {
            Framing::Empty => Self::Length(0),
            Framing::Length(length) => Self::Length(length),
            Framing::Chunked => Self::Size,
        }
    }

    /// Takes what `buffer` has; `None` if that is not a body (RFC 9112 §7.1).
    fn step(&mut self, buffer: &mut BytesMut) -> Option<Step> {
        loop {
            match *self {
                Self::Length(0) => return Some(Step::End),
                Self::Length(left) => return Some(take(buffer, left, |left| *self = Self::Length(left))),
                Self::Chunk(0) => *self = Self::ChunkEnd,
                Self::Chunk(left) => return Some(take(buffer, left, |left| *self = Self::Chunk(left))),
                Self::ChunkEnd => match buffer.get(..2) {
                    None if b"\r\n".starts_with(buffer) => return Some(Step::More),
                    Some(b"\r\n") => {
                        buffer.advance(2);
                        *self = Self::Size;
                    }
                    _ => return None,
                },
                Self::Size => {
                    let Some(line) = line(buffer, SIZE_LINE)? else { return Some(Step::More) };
                    *self = match chunk_size(&line)? {
                        0 => Self::Trailers(0),
                        size => Self::Chunk(size),
                    };
                }
                Self::Trailers(bytes) => {
                    let Some(line) = line(buffer, TRAILERS.checked_sub(bytes)?)? else { return Some(Step::More) };
                    if line.is_empty() {
                        *self = Self::Length(0);
                    } else {
                        *self = Self::Trailers(bytes + line.len() + 2);
                    }
                }
            }
        }
    }
}

fn take(buffer: &mut BytesMut, left: u64, rest: impl FnOnce(u64)) -> Step {
    let count = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
    if count == 0 {
        return Step::More;
    }
    rest(left - count as u64);
    // a copy: a small piece that waits must not hold the memory of a whole read
    let data = Bytes::copy_from_slice(&buffer[..count]);
    buffer.advance(count);
    Step::Data(data)
}

/// Returns the next line without its end, `Some(None)` if it is not complete, `None` if it is none or too long.
fn line(buffer: &mut BytesMut, limit: usize) -> Option<Option<BytesMut>> {
    match buffer.iter().position(|byte| *byte == b'\n') {
        Some(end) if end <= limit => {
            let mut line = buffer.split_to(end + 1);
            line.truncate(end);
            let text = line.strip_suffix(b"\r")?;
            let clean = text.iter().all(|byte| *byte == b'\t' || !byte.is_ascii_control());
            line.truncate(end - 1);
            clean.then_some(Some(line))
        }
        None if buffer.len() <= limit => Some(None),
        _ => None,
    }
}

/// Hexadecimal digits and nothing else in front of extensions, which are dropped.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|byte| *byte == b';').next()?;
    let digits =
        std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u64::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests;
