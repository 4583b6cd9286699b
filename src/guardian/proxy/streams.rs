//! Streams from sandboxes to the controller: what the controller says goes to the stream that it names.
//!
//! Invariant: in either direction no more than [`STREAM_WINDOW`] bytes are on their way, and a controller that sends more
//! ends the stream. Numbers are never used again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::guardian::protocol::{PIECE_LIMIT, Piece, STREAM_WINDOW};
use crate::guardian::sandbox::lock;

/// The open streams.
#[derive(Default)]
pub(in crate::guardian) struct Streams {
    state: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    last: u64,
    lines: BTreeMap<u64, Arc<Line>>,
}

/// The controller's side of one stream.
#[derive(Default)]
pub(super) struct Line {
    state: Mutex<Flow>,
    /// Something is there for the client.
    pub(super) arrived: Notify,
    /// The controller took something.
    pub(super) taken: Notify,
    /// Cancelled when the controller reset the stream, or broke its rules.
    pub(super) over: CancellationToken,
}

#[derive(Default)]
struct Flow {
    /// From the controller, not yet with the client.
    waiting: VecDeque<Bytes>,
    /// Bytes from the controller that it was not told of as taken.
    inward: u32,
    /// Bytes to the controller that it has not taken.
    outward: u32,
    /// Nothing more comes from the controller.
    ended: bool,
    /// The controller reset it.
    reset: bool,
}

/// What there is for the client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inward {
    Bytes(Bytes),
    End,
    Nothing,
}

/// The controller broke the rules of a stream.
struct Broken;

impl Streams {
    /// Opens a stream; returns its number and the controller's side of it.
    pub(super) fn open(&self) -> (u64, Arc<Line>) {
        let mut open = lock(&self.state);
        open.last += 1;
        let (number, line) = (open.last, Arc::new(Line::default()));
        open.lines.insert(number, Arc::clone(&line));
        (number, line)
    }

    /// Closes a stream.
    pub(super) fn close(&self, number: u64) {
        lock(&self.state).lines.remove(&number);
    }

    /// Takes what the controller says; a stream that is over is nobody's.
    pub(in crate::guardian) fn hear(&self, number: u64, piece: Piece) {
        let line = lock(&self.state).lines.get(&number).cloned();
        if let Some(line) = line {
            line.hear(piece);
        }
    }
}

impl Line {
    fn hear(&self, piece: Piece) {
        let outcome = lock(&self.state).hear(piece);
        match outcome {
            Ok(false) => {
                self.arrived.notify_one();
                self.taken.notify_one();
            }
            Ok(true) | Err(Broken) => self.over.cancel(),
        }
    }

    /// Returns what there is for the client.
    pub(super) fn next(&self) -> Inward {
        let mut flow = lock(&self.state);
        match flow.waiting.pop_front() {
            Some(bytes) => Inward::Bytes(bytes),
            None if flow.ended => Inward::End,
            None => Inward::Nothing,
        }
    }

    /// The client has so many bytes more of what the controller sent.
    pub(super) fn delivered(&self, count: u32) {
        let mut flow = lock(&self.state);
        flow.inward = flow.inward.saturating_sub(count);
    }

    /// Returns how many bytes may go to the controller now.
    pub(super) fn room(&self) -> usize {
        STREAM_WINDOW.saturating_sub(lock(&self.state).outward) as usize
    }

    /// So many bytes go to the controller, at most as many as there was room for.
    pub(super) fn sent(&self, count: u32) {
        lock(&self.state).outward += count;
    }

    /// Returns whether the controller reset the stream.
    pub(super) fn is_reset(&self) -> bool {
        lock(&self.state).reset
    }
}

impl Flow {
    /// Returns whether the stream is over.
    fn hear(&mut self, piece: Piece) -> Result<bool, Broken> {
        match piece {
            Piece::Data(text) => self.receive(STANDARD.decode(text).map_err(|_| Broken)?)?,
            Piece::Taken(count) => self.outward = self.outward.checked_sub(count).ok_or(Broken)?,
            Piece::End => self.ended = true,
            Piece::Reset => self.reset = true,
        }
        Ok(self.reset)
    }

    fn receive(&mut self, bytes: Vec<u8>) -> Result<(), Broken> {
        let count = u32::try_from(bytes.len()).map_err(|_| Broken)?;
        if self.ended || bytes.len() > PIECE_LIMIT || count > STREAM_WINDOW - self.inward {
            return Err(Broken);
        }
        if count > 0 {
            self.inward += count;
            self.waiting.push_back(bytes.into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
