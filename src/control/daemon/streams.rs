//! Streams of sandboxes, as byte streams: windows in both directions, so that neither side holds more than fits.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::guardian::protocol::{PIECE_LIMIT, Piece, STREAM_WINDOW};

/// Most streams that others may overtake before they say anything: far more than a guardian has places for.
const OVERTAKEN: u64 = 1024;

/// Streams that are open.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// By their numbers.
    open: BTreeMap<u64, mpsc::UnboundedSender<Piece>>,
    /// The highest number that was seen.
    last: u64,
    /// Numbers below it that were not: the guardian gives them in order, but whoever has one speaks when it likes.
    unseen: BTreeSet<u64>,
}

impl Streams {
    /// Takes a piece; returns the near end of a stream that it opens. `say` sends pieces the other way.
    pub(super) fn take<S>(&mut self, stream: u64, piece: Piece, say: S) -> Option<DuplexStream>
    where
        S: Fn(Piece) + Clone + Send + Sync + 'static,
    {
        if let Some(pieces) = self.open.get(&stream) {
            let over = piece == Piece::Reset;
            // One that ended by itself hears nothing more.
            if pieces.send(piece).is_err() || over {
                self.open.remove(&stream);
            }
            return None;
        }
        // What comes for one that is over does not open it again.
        if !self.is_new(stream) || piece == Piece::Reset {
            return None;
        }
        self.open.retain(|_, pieces| !pieces.is_closed());
        let (near, far) = tokio::io::duplex(PIECE_LIMIT);
        let (send, pieces) = mpsc::unbounded_channel();
        // The receiver is right here.
        let _ = send.send(piece);
        self.open.insert(stream, send);
        tokio::spawn(pump(pieces, far, say));
        Some(near)
    }

    fn is_new(&mut self, stream: u64) -> bool {
        if stream <= self.last {
            return self.unseen.remove(&stream);
        }
        let first = (self.last + 1).max(stream.saturating_sub(OVERTAKEN));
        self.unseen.extend(first..stream);
        while self.unseen.len() as u64 > OVERTAKEN {
            self.unseen.pop_first();
        }
        self.last = stream;
        true
    }

    /// Forgets them all: with the channel they are over.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

/// Carries one stream, until both directions ended or one broke.
async fn pump<S>(pieces: mpsc::UnboundedReceiver<Piece>, far: DuplexStream, say: S)
where
    S: Fn(Piece) + Clone + Send + Sync + 'static,
{
    let (reader, writer) = tokio::io::split(far);
    let credit = Arc::new(Semaphore::new(STREAM_WINDOW as usize));
    let ended = CancellationToken::new();
    let inward = inward(pieces, writer, &credit, &ended, &say);
    let outward = outward(reader, &credit, &say);
    tokio::pin!(inward, outward);
    let carried = tokio::select! {
        carried = &mut inward => carried,
        carried = &mut outward => match carried {
            // The other direction may go on for as long as it likes; once it ended, nothing comes any more.
            Ok(()) => tokio::select! {
                carried = inward => carried,
                () = ended.cancelled() => Ok(()),
            },
            broken => broken,
        },
    };
    if carried.is_err() {
        say(Piece::Reset);
    }
}

/// From the sandbox, until the stream is over: what it has taken is told still when it has said all. `ended` says that it has.
async fn inward(
    mut pieces: mpsc::UnboundedReceiver<Piece>,
    mut writer: WriteHalf<DuplexStream>,
    credit: &Semaphore,
    ended: &CancellationToken,
    say: &(impl Fn(Piece) + Sync),
) -> io::Result<()> {
    while let Some(piece) = pieces.recv().await {
        match piece {
            Piece::Data(text) => {
                let bytes = STANDARD.decode(text).map_err(io::Error::other)?;
                writer.write_all(&bytes).await?;
                say(Piece::Taken(u32::try_from(bytes.len()).map_err(io::Error::other)?));
            }
            Piece::Taken(count) => credit.add_permits(count as usize),
            Piece::End => {
                writer.shutdown().await?;
                ended.cancel();
            }
            Piece::Reset => return Ok(()),
        }
    }
    Ok(())
}

/// To the sandbox.
async fn outward(
    mut reader: ReadHalf<DuplexStream>,
    credit: &Semaphore,
    say: &(impl Fn(Piece) + Sync),
) -> io::Result<()> {
    let mut buffer = vec![0; PIECE_LIMIT];
    loop {
        let first = credit.acquire().await.map_err(io::Error::other)?;
        let room = (credit.available_permits() + 1).min(PIECE_LIMIT);
        let length = reader.read(&mut buffer[..room]).await?;
        if length == 0 {
            say(Piece::End);
            return Ok(());
        }
        first.forget();
        credit.forget_permits(length - 1);
        say(Piece::Data(STANDARD.encode(&buffer[..length])));
    }
}

#[cfg(test)]
mod tests;
