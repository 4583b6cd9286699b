//! Holding a request for what nobody listed until somebody decides, or for so many seconds.
//!
//! Invariant: while a request is held nothing is resolved and nothing is dialled for it, and what the client sends stays in
//! its buffer.

use std::time::Duration;

use tokio::io::Interest;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::connection::{Client, Connection, READ_BYTES};
use super::listener::Seat;
use crate::guardian::decide::decide;
use crate::guardian::protocol::{Happening, Held};
use crate::guardian::sandbox::Sandbox;
use crate::guardian::target::Target;

/// How often a client is looked at that has sent more than is read ahead: readiness says no more than that.
const LOOK: Duration = Duration::from_secs(1);

/// How holding ended.
pub(super) enum Outcome {
    /// The policy decides about it now.
    Decided,
    /// Somebody said so.
    Word(bool),
    /// Nobody did.
    Unanswered,
    /// The client is gone.
    Gone,
    /// The controller is gone.
    Lost,
    /// The controller did not keep that it is held.
    NotKept,
    /// Too many are held already.
    Full,
}

/// Holds a request for `seconds`, or until `lost`.
pub(super) async fn hold(
    client: &mut Client,
    connection: &Connection,
    method: &str,
    target: &Target,
    seconds: u32,
    lost: &CancellationToken,
) -> Outcome {
    let Seat { sandbox, shared } = &connection.seat;
    let held = held(connection, method, target);
    let Some(wake) = sandbox.held.enter(held.clone(), shared.limits.held) else { return Outcome::Full };
    let _place = HeldPlace { sandbox, connection: connection.number };
    let kept = shared.records.kept(connection.announce(Happening::Held(held)));
    let over = sleep(Duration::from_secs(seconds.into()));
    tokio::pin!(kept, over);
    let mut is_kept = false;
    loop {
        tokio::select! {
            () = wake.notified() => {
                if !decide(target, &sandbox.policy()).is_a_question(target) {
                    return Outcome::Decided;
                }
                if let Some(word) = sandbox.held.word(connection.number) {
                    return Outcome::Word(word);
                }
            }
            answer = &mut kept, if !is_kept => match answer {
                true => is_kept = true,
                false if lost.is_cancelled() => return Outcome::Lost,
                false => return Outcome::NotKept,
            },
            () = lost.cancelled() => return Outcome::Lost,
            () = &mut over => return Outcome::Unanswered,
            () = gone(client) => return Outcome::Gone,
        }
    }
}

fn held(connection: &Connection, method: &str, target: &Target) -> Held {
    Held {
        sandbox: connection.seat.sandbox.id.clone(),
        connection: connection.number,
        method: method.to_owned(),
        host: target.name.to_string(),
        port: target.port,
        from: connection.from,
    }
}

/// A request among those that are held; it is not any more when this goes.
struct HeldPlace<'a> {
    sandbox: &'a Sandbox,
    connection: u64,
}

impl Drop for HeldPlace<'_> {
    fn drop(&mut self) {
        self.sandbox.held.leave(self.connection);
    }
}

/// Waits until the client has ended; what it sends before that stays in its buffer.
async fn gone(client: &mut Client) {
    loop {
        if client.buffer.len() < READ_BYTES {
            if !matches!(client.fill().await, Ok(1..)) {
                return;
            }
        } else {
            match client.stream.ready(Interest::READABLE).await {
                Ok(ready) if !ready.is_read_closed() => sleep(LOOK).await,
                _ => return,
            }
        }
    }
}
