//! What a tunnel begins with: TLS for the host that was asked for, or nothing goes through (SEC-41).
//!
//! Invariant: no byte of a tunnel that must carry TLS reaches the server before its hello was read and fits.

use tokio::io::AsyncWriteExt;
use tokio::time::{sleep, timeout};

use super::connection::{Client, Connection, linger};
use crate::guardian::hello::{Hello, Reader};
use crate::guardian::reason::Reason;
use crate::guardian::target::Target;

/// A fatal `access_denied` (RFC 8446 §6.2): the clearest that a client of TLS can be told.
const ACCESS_DENIED: &[u8] = &[21, 3, 3, 0, 2, 2, 49];

/// Reads the hello, leaves it in the client's buffer, and returns whether the tunnel may begin. One that may not is ended.
pub(super) async fn fits(client: &mut Client, connection: &Connection, target: &Target) -> bool {
    let objection = match timeout(connection.seat.shared.limits.hello, receive(client)).await {
        Ok(Received::Hello(hello)) => hello.check(target).err(),
        Ok(Received::Other(reason)) => Some(reason),
        Ok(Received::Nothing) => return false,
        Err(_) => Some(Reason::Timeout),
    };
    if let Some(reason) = objection {
        connection.note_objection(target, reason);
        close(client, connection, reason).await;
    }
    objection.is_none()
}

/// What came in.
enum Received {
    Hello(Hello),
    /// Something that is no hello.
    Other(Reason),
    /// The client left.
    Nothing,
}

async fn receive(client: &mut Client) -> Received {
    let mut reader = Reader::default();
    loop {
        match reader.read(&client.buffer) {
            Ok(Some(hello)) => return Received::Hello(hello),
            Ok(None) => {}
            Err(no_hello) => return Received::Other(no_hello.reason()),
        }
        if !matches!(client.fill().await, Ok(1..)) {
            return Received::Nothing;
        }
    }
}

/// Ends a tunnel that may not be, in the sandbox's turn.
async fn close(client: &mut Client, connection: &Connection, reason: Reason) {
    sleep(connection.refusal_wait()).await;
    let speaks_tls = matches!(reason, Reason::ServerName | Reason::EncryptedHello);
    if !speaks_tls || client.stream.write_all(ACCESS_DENIED).await.is_ok() {
        drop(timeout(connection.seat.shared.limits.linger, linger(client)).await);
    }
}
