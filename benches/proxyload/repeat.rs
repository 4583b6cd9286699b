//! The same small operation again and again: as fast as answers come, or so many a second.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::Duration;

use bytes::BytesMut;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep_until, timeout};

use crate::arguments::{Load, Mode};
use crate::client::{dial, exchange, get, refusal, tunnel};
use crate::process::sample;
use crate::statistics::Statistics;

/// An operation that takes longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Each connection begins the next operation when the last one has ended.
pub(crate) async fn closed(mode: Mode, load: Load) -> io::Result<Value> {
    let load = Rc::new(load);
    let from = Instant::now() + load.warm_up();
    let end = from + load.measured();
    let mut workers = JoinSet::new();
    for _ in 0..load.connections {
        workers.spawn_local(work(mode.clone(), Rc::clone(&load), from, end));
    }
    sleep_until(from).await;
    let before = sample(load.pid);
    sleep_until(end).await;
    let after = sample(load.pid);
    let mut all = Statistics::default();
    while let Some(statistics) = workers.join_next().await {
        all.merge(statistics?);
    }
    Ok(all.line(load.measured(), before, after))
}

async fn work(mode: Mode, load: Rc<Load>, from: Instant, end: Instant) -> Statistics {
    let mut statistics = Statistics::default();
    let mut kept = None;
    loop {
        let began = Instant::now();
        if began >= end {
            return statistics;
        }
        let outcome = within(operate(&mode, &load, &mut kept)).await;
        if (from..end).contains(&Instant::now()) {
            statistics.record(began.elapsed(), outcome);
        }
    }
}

async fn operate(mode: &Mode, load: &Load, kept: &mut Option<TcpStream>) -> io::Result<()> {
    match mode {
        Mode::Http => request(load, kept).await,
        Mode::Deny => refusal(load).await,
        _ => connect(load).await,
    }
}

/// A tunnel, one request in it, and its end.
async fn connect(load: &Load) -> io::Result<()> {
    let mut stream = tunnel(load).await?;
    exchange(&mut stream, &get(load, false), &mut BytesMut::new()).await.map(drop)
}

/// A plain request over a connection that is kept for the next one; over another where the proxy did not keep it, which not
/// every proxy says.
async fn request(load: &Load, kept: &mut Option<TcpStream>) -> io::Result<()> {
    let (request, mut buffer) = (get(load, true), BytesMut::new());
    if let Some(mut stream) = kept.take()
        && let Ok(keep) = exchange(&mut stream, &request, &mut buffer).await
    {
        *kept = keep.then_some(stream);
        return Ok(());
    }
    let mut stream = dial(load).await?;
    *kept = exchange(&mut stream, &request, &mut buffer).await?.then_some(stream);
    Ok(())
}

/// An operation begins at each tick, whether or not earlier ones have ended.
pub(crate) async fn open(load: Load) -> io::Result<Value> {
    let load = Rc::new(load);
    let all = Rc::new(RefCell::new(Statistics::default()));
    let mut ticks = interval(Duration::from_secs(1) / load.connections);
    let from = Instant::now() + load.warm_up();
    let end = from + load.measured();
    let before = Cell::new(None);
    let mut operations = JoinSet::new();
    while Instant::now() < end {
        ticks.tick().await;
        let began = Instant::now();
        if began >= from && before.get().is_none() {
            before.set(Some(sample(load.pid)));
        }
        let (load, all) = (Rc::clone(&load), Rc::clone(&all));
        operations.spawn_local(async move {
            let outcome = within(connect(&load)).await;
            if began >= from {
                all.borrow_mut().record(began.elapsed(), outcome);
            }
        });
    }
    while operations.join_next().await.is_some() {}
    let after = sample(load.pid);
    Ok(all.take().line(load.measured(), before.get().unwrap_or_default(), after))
}

async fn within(work: impl Future<Output = io::Result<()>>) -> Result<(), String> {
    match timeout(PATIENCE, work).await {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(_) => Err("no answer in time".to_owned()),
    }
}
