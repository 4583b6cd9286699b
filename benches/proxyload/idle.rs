//! Many tunnels that nobody uses.

use std::io;
use std::rc::Rc;

use bytes::BytesMut;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::arguments::Load;
use crate::client::{exchange, get, tunnel};
use crate::process::sample;
use crate::repeat::PATIENCE;
use crate::statistics::rounded;

/// Tunnels that are opened at a time, so that no queue of the kernel is what is measured.
const STEP: usize = 64;

/// Opens the tunnels, waits, and compares the memory with that before.
pub(crate) async fn run(load: Load) -> io::Result<Value> {
    let load = Rc::new(load);
    let wanted = load.connections as usize;
    let before = sample(load.pid);
    let mut held: Vec<TcpStream> = Vec::with_capacity(wanted);
    while held.len() < wanted {
        let mut opening = JoinSet::new();
        for _ in 0..STEP.min(wanted - held.len()) {
            let load = Rc::clone(&load);
            opening.spawn_local(async move { timeout(PATIENCE, open(&load)).await? });
        }
        while let Some(stream) = opening.join_next().await {
            held.push(stream??);
        }
    }
    sleep(load.warm_up()).await;
    let settled = sample(load.pid);
    sleep(load.measured()).await;
    let after = sample(load.pid);
    let kib = after.resident as f64 - before.resident as f64;
    let milliseconds = (after.processor - settled.processor) as f64 / 1e6;
    Ok(json!({
        "tunnels": held.len(),
        "kibPerTunnel": rounded(kib / wanted.max(1) as f64),
        "residentKib": after.resident,
        "residentKibBefore": before.resident,
        "processorMillisecondsPerSecond": rounded(milliseconds / load.measured().as_secs_f64()),
    }))
}

/// One exchange each: a real tunnel has carried something before it is idle.
async fn open(load: &Load) -> io::Result<TcpStream> {
    let mut stream = tunnel(load).await?;
    exchange(&mut stream, &get(load, false), &mut BytesMut::new()).await?;
    Ok(stream)
}
