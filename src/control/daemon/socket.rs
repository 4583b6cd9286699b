#![expect(clippy::disallowed_methods, reason = "adapter: the control plane's socket")]
//! The socket that the command line speaks to: in a folder that is the user's alone, and for the user alone.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{DaemonError, Input};
use crate::control::protocol::{Ask, LINE_LIMIT, Reply};

/// A socket that is listened on; it goes with the value.
#[derive(Debug)]
pub(super) struct Listener {
    path: PathBuf,
    inode: u64,
    _end: DropGuard,
}

impl Listener {
    /// Listens on what is standard input.
    pub(super) fn inherited(path: &Path, send: mpsc::UnboundedSender<Input>) -> Result<Self, DaemonError> {
        let failed = |source| DaemonError::Listen { path: path.to_owned(), source };
        let listener =
            std::os::unix::net::UnixListener::from(rustix::stdio::stdin().try_clone_to_owned().map_err(failed)?);
        listener.set_nonblocking(true).map_err(failed)?;
        let listener = UnixListener::from_std(listener).map_err(failed)?;
        let inode = path.symlink_metadata().map_err(failed)?.ino();
        let end = CancellationToken::new();
        tokio::spawn(end.clone().run_until_cancelled_owned(accept(listener, send)));
        Ok(Self { path: path.to_owned(), inode, _end: end.drop_guard() })
    }

    /// Whether anybody can still find it: a state folder that was removed needs no control plane.
    pub(super) fn is_there(&self) -> bool {
        self.path.symlink_metadata().is_ok_and(|status| status.ino() == self.inode)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if self.is_there() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

async fn accept(listener: UnixListener, send: mpsc::UnboundedSender<Input>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) if is_own(&stream) => drop(tokio::spawn(converse(stream, send.clone()))),
            Ok(_) => {}
            // No descriptors are left for a moment, or the client is gone already.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
}

/// The folder keeps others out; this one counts where somebody opened it.
fn is_own(stream: &UnixStream) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == rustix::process::geteuid().as_raw())
}

async fn converse(stream: UnixStream, send: mpsc::UnboundedSender<Input>) {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let limit = u64::try_from(LINE_LIMIT).expect("the limit is small");
    loop {
        let mut line = Vec::new();
        if !matches!((&mut reader).take(limit).read_until(b'\n', &mut line).await, Ok(1..)) {
            return;
        }
        let reply = match serde_json::from_slice::<Ask>(&line) {
            Ok(ask) => answer(ask, &send).await,
            Err(error) => Reply::Failed { reason: format!("not a question: {error}") },
        };
        let mut line = serde_json::to_vec(&reply).expect("answers have text keys only");
        line.push(b'\n');
        if writer.write_all(&line).await.is_err() {
            return;
        }
    }
}

async fn answer(ask: Ask, send: &mpsc::UnboundedSender<Input>) -> Reply {
    let (sender, reply) = oneshot::channel();
    let ending = || Reply::Failed { reason: "it ends".to_owned() };
    if send.send(Input::Asked(ask, sender)).is_err() {
        return ending();
    }
    reply.await.unwrap_or_else(|_gone| ending())
}
