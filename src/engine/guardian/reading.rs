//! What a guardian says, taken out of the engine's frames: one message a line.

use std::collections::VecDeque;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::super::frames::{Demultiplexer, Output};
use super::channel::ChannelError;
use crate::guardian::protocol::{LINE_LIMIT, Message};

/// The reading half of a conversation.
#[derive(Debug)]
pub(super) struct Reading<R> {
    reader: R,
    /// Not a local of an asynchronous function: those are moved whole, over and over.
    buffer: Vec<u8>,
    demultiplexer: Demultiplexer,
    line: Vec<u8>,
    overlong: bool,
    messages: VecDeque<Message>,
}

impl<R: AsyncRead + Unpin> Reading<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: vec![0; 16 << 10],
            demultiplexer: Demultiplexer::default(),
            line: Vec::new(),
            overlong: false,
            messages: VecDeque::new(),
        }
    }

    /// Returns the next message; what is none is skipped.
    ///
    /// # Errors
    /// The stream broke, or the guardian ended.
    pub(super) async fn next(&mut self) -> Result<Message, ChannelError> {
        loop {
            if let Some(message) = self.messages.pop_front() {
                return Ok(message);
            }
            self.receive().await?;
        }
    }

    async fn receive(&mut self) -> Result<(), ChannelError> {
        let length = self.reader.read(&mut self.buffer).await.map_err(ChannelError::Stream)?;
        if length == 0 {
            return Err(ChannelError::Ended);
        }
        let buffer = std::mem::take(&mut self.buffer);
        let taken = self.take_apart(&buffer[..length]);
        self.buffer = buffer;
        taken
    }

    fn take_apart(&mut self, mut input: &[u8]) -> Result<(), ChannelError> {
        loop {
            let piece = self.demultiplexer.next(&mut input);
            let piece = piece.map_err(|error| ChannelError::Stream(io::Error::other(error)))?;
            match piece {
                Some((Output::Stdout, bytes)) => self.collect(bytes),
                Some((Output::Stderr, _)) => {}
                None => return Ok(()),
            }
        }
    }

    fn collect(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' => {
                    let line = std::mem::take(&mut self.line);
                    if !std::mem::take(&mut self.overlong) {
                        self.messages.extend(serde_json::from_slice::<Message>(&line).ok());
                    }
                }
                _ if self.line.len() >= LINE_LIMIT => self.overlong = true,
                byte => self.line.push(*byte),
            }
        }
    }
}
