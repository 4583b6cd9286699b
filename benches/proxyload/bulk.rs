//! Many bytes through few tunnels.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;

use bytes::BytesMut;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep_until};

use crate::arguments::{Load, Mode};
use crate::client::{begin, discard, get, tunnel};
use crate::process::sample;
use crate::statistics::rounded;

/// Most bytes that are thrown away at once, and bytes of a write.
const ROOM: usize = 4 << 20;
const CHUNK: usize = 256 << 10;

/// Moves bytes for the measured time.
pub(crate) async fn run(mode: Mode, load: Load) -> io::Result<Value> {
    let load = Rc::new(load);
    let moved = Rc::new(Cell::new(0_u64));
    let errors = Rc::new(RefCell::new(Vec::new()));
    for _ in 0..load.connections {
        let (mode, load, moved, errors) = (mode.clone(), Rc::clone(&load), Rc::clone(&moved), Rc::clone(&errors));
        spawn_local(async move {
            let outcome = match mode {
                Mode::Upload => upload(&load, &moved).await,
                _ => download(&load, &moved).await,
            };
            if let Err(error) = outcome {
                errors.borrow_mut().push(error.to_string());
            }
        });
    }
    let from = Instant::now() + load.warm_up();
    sleep_until(from).await;
    let (bytes_before, before) = (moved.get(), sample(load.pid));
    sleep_until(from + load.measured()).await;
    let (bytes_after, after) = (moved.get(), sample(load.pid));
    let gigabytes = (bytes_after - bytes_before) as f64 / 1e9;
    let milliseconds = (after.processor - before.processor) as f64 / 1e6;
    Ok(json!({
        "gigabytesPerSecond": rounded(gigabytes / from.elapsed().as_secs_f64()),
        "processorMillisecondsPerGigabyte": rounded(milliseconds / gigabytes.max(1e-9)),
        "residentKib": after.resident,
        "errors": errors.borrow().len(),
        "firstError": errors.borrow().first(),
    }))
}

/// The same body again and again through one tunnel.
async fn download(load: &Load, moved: &Cell<u64>) -> io::Result<()> {
    let mut stream = tunnel(load).await?;
    let request = get(load, false);
    let (mut buffer, mut room) = (BytesMut::new(), vec![0; ROOM]);
    loop {
        let (answer, received) = begin(&mut stream, &request, &mut buffer).await?;
        let mut left = answer.length.saturating_sub(received);
        while left > 0 {
            let count = discard(&stream, &mut room).await? as u64;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            moved.set(moved.get() + count);
            left = left.saturating_sub(count);
        }
    }
}

/// One body without an end.
async fn upload(load: &Load, moved: &Cell<u64>) -> io::Result<()> {
    let mut stream = tunnel(load).await?;
    let head = format!("POST / HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n", load.target, u64::MAX >> 1);
    stream.write_all(head.as_bytes()).await?;
    let chunk = vec![b'x'; CHUNK];
    loop {
        moved.set(moved.get() + stream.write(&chunk).await? as u64);
    }
}
