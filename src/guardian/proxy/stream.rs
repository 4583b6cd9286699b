//! A tunnel that leads to the controller: bytes become pieces, and pieces bytes.
//!
//! Invariant: what ends in a way that is not an end of both directions is a reset, for the controller and for the client.

use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::mpsc;

use super::Shared;
use super::connection::{Client, Connection};
use super::listener::Seat;
use super::records::Present;
use super::streams::{Inward, Line};
use crate::guardian::limits::is_fair;
use crate::guardian::protocol::{CONTROL_HOST, CONTROL_PORT, Message, PIECE_LIMIT, Piece};
use crate::guardian::refusal::Refusal;
use crate::guardian::sandbox::Place;
use crate::guardian::target::{Name, Target};

/// A stream that is about to begin.
pub(super) struct Stream {
    present: Present,
    side: Side,
    /// Of the sandbox and of all.
    _places: (Place, Place),
}

/// The sandbox's side of a stream.
struct Side {
    shared: Arc<Shared>,
    sandbox: String,
    number: u64,
    line: Arc<Line>,
    pieces: mpsc::UnboundedSender<Message>,
    /// Whether both directions have ended.
    over: bool,
}

/// Returns whether a tunnel to this target leads to the controller.
pub(super) fn leads_to_controller(target: &Target) -> bool {
    target.port == CONTROL_PORT && matches!(&target.name, Name::Host(host) if host.as_str() == CONTROL_HOST)
}

/// Opens a stream for a connection.
pub(super) fn open(connection: &Connection) -> Result<Stream, Refusal> {
    let Seat { sandbox, shared } = &connection.seat;
    let present = shared.records.present().ok_or_else(Refusal::no_controller)?;
    let (own, total) = (shared.limits.streams, shared.limits.total_streams);
    let places = sandbox.streams.take(own).zip(shared.stream_places.take(total));
    let fair = |_: &(Place, Place)| is_fair(sandbox.streams.taken(), shared.stream_places.taken(), total);
    let places = places.filter(fair).ok_or_else(|| Refusal::too_many_streams(own))?;
    let (number, line) = shared.streams.open();
    let (shared, pieces) = (Arc::clone(shared), present.pieces.clone());
    let side = Side { shared, sandbox: sandbox.id.clone(), number, line, pieces, over: false };
    Ok(Stream { present, side, _places: places })
}

/// Carries bytes until both directions have ended, or one side resets.
pub(super) async fn relay(mut client: Client, mut stream: Stream) {
    let Stream { present, side, .. } = &mut stream;
    let (mut reader, mut writer) = client.stream.split();
    let ended = tokio::select! {
        () = present.left.cancelled() => false,
        () = side.line.over.cancelled() => false,
        both = async { tokio::try_join!(side.outward(&mut reader, client.buffer), side.inward(&mut writer)) } => both.is_ok(),
    };
    if !ended {
        // a client that cannot tell an end from a break would take half of an answer for the whole
        drop(client.stream.set_zero_linger());
    }
    side.over = ended;
}

impl Side {
    fn say(&self, piece: Piece) {
        let message = Message::Stream { stream: self.number, sandbox: self.sandbox.clone(), piece };
        // a controller that is gone hears nothing
        drop(self.pieces.send(message));
    }

    /// From the client to the controller; `early` came with the head.
    async fn outward(&self, client: &mut ReadHalf<'_>, mut early: BytesMut) -> io::Result<()> {
        loop {
            let room = self.line.room().min(PIECE_LIMIT);
            if room == 0 {
                self.line.taken.notified().await;
                continue;
            }
            if early.is_empty() {
                early = BytesMut::with_capacity(PIECE_LIMIT);
                if client.read_buf(&mut early).await? == 0 {
                    self.say(Piece::End);
                    return Ok(());
                }
            }
            let count = early.len().min(room);
            self.line.sent(u32::try_from(count).expect("a piece is small"));
            self.say(Piece::Data(STANDARD.encode(&early[..count])));
            early.advance(count);
        }
    }

    /// From the controller to the client.
    async fn inward(&self, client: &mut WriteHalf<'_>) -> io::Result<()> {
        loop {
            match self.line.next() {
                Inward::Nothing => self.line.arrived.notified().await,
                Inward::End => return client.shutdown().await,
                Inward::Bytes(bytes) => {
                    let count = u32::try_from(bytes.len()).expect("a piece is small");
                    client.write_all(&bytes).await?;
                    self.line.delivered(count);
                    self.say(Piece::Taken(count));
                }
            }
        }
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        self.shared.streams.close(self.number);
        if !self.over && !self.line.is_reset() {
            self.say(Piece::Reset);
        }
    }
}
