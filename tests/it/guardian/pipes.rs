//! Busy tunnels where there is no pipe for them: none is left, or the kernel does not move bytes through one.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use cloister::guardian::limits::PIPES;
use rustix::io::Errno;
use rustix::pipe::{SpliceFlags, pipe, splice};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::client::RawClient;
use super::world::{Serve, Stage, allow};

/// More than the guardian gets rid of while a client does not read.
const MUCH: usize = 12 << 20;

static WORDS: LazyLock<Vec<u8>> = LazyLock::new(|| (0..=250).cycle().take(MUCH).collect());

const TALK: Serve = |mut stream, _| {
    Box::pin(async move {
        drop(stream.write_all(&WORDS).await);
        drop(stream.shutdown().await);
        drop(stream.read_to_end(&mut Vec::new()).await);
    })
};

/// Reads everything that `talk` says.
async fn listen(client: &mut RawClient) {
    for expected in WORDS.chunks(256 << 10) {
        assert!(client.exactly(expected.len()).await == expected, "something is lost or mixed up");
    }
    assert_eq!(client.rest().await, "");
}

/// Clients that do not read keep every pipe; nobody else waits for one, and nothing is mixed up or lost.
#[tokio::test]
async fn tunnels_go_on_when_others_hold_every_pipe() {
    let stage = Stage::new(allow(&["example.com:443/raw"]), TALK).await;
    let mut stuck = Vec::new();
    for _ in 0..PIPES + 4 {
        stuck.push(RawClient::tunnel(stage.address, "example.com:443").await);
    }
    // until as much has come as sockets and pipes hold
    tokio::time::sleep(Duration::from_secs(1)).await;
    listen(&mut RawClient::tunnel(stage.address, "example.com:443").await).await;
    // some leave with a pipe that is not empty, and whoever has it next finds nothing in it
    stuck.drain(..PIPES / 2);
    for client in &mut stuck {
        listen(client).await;
    }
    listen(&mut RawClient::tunnel(stage.address, "example.com:443").await).await;
}

/// What engines with a narrower profile than Docker's do to splice(2).
fn forbid_splice(errno: Errno) {
    #[cfg(target_arch = "x86_64")]
    const SPLICE: i64 = 275;
    #[cfg(target_arch = "aarch64")]
    const SPLICE: i64 = 76;
    let action = SeccompAction::Errno(errno.raw_os_error().unsigned_abs());
    let rules = BTreeMap::from([(SPLICE, Vec::new())]);
    let architecture = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, architecture).unwrap();
    apply_filter(&BpfProgram::try_from(filter).unwrap()).unwrap();
}

#[test]
fn a_kernel_that_does_not_splice_is_no_failure() {
    for errno in [Errno::PERM, Errno::NOSYS, Errno::INVAL] {
        // a filter is for the rest of a thread's life
        let thread = std::thread::spawn(move || {
            forbid_splice(errno);
            let ((from, _kept), (_other, to)) = (pipe().unwrap(), pipe().unwrap());
            assert_eq!(splice(&from, None, &to, None, 1, SpliceFlags::NONBLOCK), Err(errno), "it is forbidden");
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let stage = Stage::new(allow(&["example.com:443/raw"]), TALK).await;
                listen(&mut RawClient::tunnel(stage.address, "example.com:443").await).await;
            });
        });
        thread.join().unwrap();
    }
}
