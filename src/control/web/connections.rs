//! Connections of the page: few, one request each, and none that only sits there.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;

use super::peer;

/// Most connections at once; a browser has six.
const MOST: usize = 128;
/// Most connections that have asked nothing yet; the oldest make place, or any user of this machine could take them all.
const SILENT: usize = 32;
/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(5);
/// Most bytes of a request's head that are kept.
const BUFFER: usize = 16 << 10;
/// How long nothing is accepted after that failed: there may be no file descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// What a program of somebody else hears.
const FOREIGN: &[u8] =
    b"HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: 44\r\n\r\n\
    cloister: this page is another user's alone\n";

/// A connection that was accepted.
struct Accepted {
    /// Whether it asked something.
    asked: Arc<AtomicBool>,
    handle: AbortHandle,
}

/// Serves until it is aborted, and every connection with it.
pub(super) async fn serve(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    let mut silent: VecDeque<Accepted> = VecDeque::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        if !peer::is_own(&stream) {
            // A socket has room for it.
            let _ = stream.into_std().and_then(|mut stream| stream.write(FOREIGN));
            continue;
        }
        while connections.try_join_next().is_some() {}
        silent.retain(|one| !one.asked.load(Ordering::Relaxed) && !one.handle.is_finished());
        if silent.len() == SILENT
            && let Some(oldest) = silent.pop_front()
        {
            oldest.handle.abort();
        }
        if connections.len() < MOST {
            let asked = Arc::<AtomicBool>::default();
            let handle = connections.spawn(answer(stream, router.clone(), Arc::clone(&asked)));
            silent.push_back(Accepted { asked, handle });
        }
    }
}

async fn answer(stream: TcpStream, router: Router, asked: Arc<AtomicBool>) {
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |request| {
        asked.store(true, Ordering::Relaxed);
        service.call(request)
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).keep_alive(false).max_buf_size(BUFFER);
    // Whoever went away in the middle hears of no mistake.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}
