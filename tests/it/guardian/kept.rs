//! A controller that keeps events: nothing is dialled before it has, and nothing is forgotten.

use std::time::{Duration, Instant};

use cloister::guardian::limits::Limits;
use cloister::guardian::protocol::Command;
use tokio::time::sleep;

use super::client::{RawClient, basic, connect, get};
use super::keeper::Keeper;
use super::tunnel::wait_for;
use super::world::{OTHER_TOKEN, Stage, TOKEN, allow, echo, neighbour, ok};

/// Long enough for a dial that must not be.
const MOMENT: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_millis(300);

fn impatient() -> Limits {
    Limits { acknowledge: PATIENCE, ..Limits::default() }
}

async fn asks(stage: &Stage) -> RawClient {
    let mut client = RawClient::new(stage.address).await;
    client.send(connect("example.com:443")).await;
    client
}

#[tokio::test]
async fn nothing_is_dialled_before_its_event_is_kept() {
    for request in [connect("example.com:443"), get("http://example.com/", "")] {
        let stage = Stage::new(allow(&["example.com"]), ok).await;
        let keeper = Keeper::silent(&stage).await;
        let mut client = RawClient::new(stage.address).await;
        client.send(request).await;
        keeper.hears(&["yes listed"]).await;
        sleep(MOMENT).await;
        assert!(stage.dials().is_empty() && stage.world.asked.lock().unwrap().is_empty());
        keeper.acknowledge().await;
        assert!(client.head().await.starts_with("HTTP/1.1 200 "));
        assert_eq!(stage.dials().len(), 1);
    }
}

#[tokio::test]
async fn a_kept_server_hears_nothing_before_the_event_is_kept() {
    let stage = Stage::new(allow(&["example.com"]), ok).await;
    let keeper = Keeper::new(&stage).await;
    let mut client = RawClient::new(stage.address).await;
    client.send(get("http://example.com/first", "")).await;
    client.until("ok").await;
    keeper.stop_acknowledging();
    client.send(get("http://example.com/second", "")).await;
    keeper.hears(&["yes listed", "yes listed"]).await;
    sleep(MOMENT).await;
    assert!(!stage.heard().contains("/second"));
    keeper.acknowledge().await;
    client.until("ok").await;
    assert_eq!(stage.dials().len(), 1);
}

/// Without a timer in the way: an event that something waits for goes out at once.
#[tokio::test]
async fn waiting_costs_no_gathering() {
    let stage = Stage::new(allow(&["example.com"]), echo).await;
    let _keeper = Keeper::new(&stage).await;
    let mut times = Vec::new();
    for _ in 0..21 {
        let began = Instant::now();
        drop(RawClient::tunnel(stage.address, "example.com:443").await);
        times.push(began.elapsed());
    }
    times.sort();
    assert!(times[5] < Duration::from_millis(4), "{times:?}");
}

#[tokio::test]
async fn a_controller_that_keeps_nothing_is_not_waited_for() {
    let stage = Stage::with(allow(&["example.com"]), echo, impatient(), &[]).await;
    let _keeper = Keeper::with(&stage, false, false).await;
    RawClient::tunnel(stage.address, "example.com:443").await;
}

/// It is not there: whoever waited is refused, and the last policy holds for the next.
#[tokio::test]
async fn a_controller_that_says_nothing_is_lost() {
    let stage = Stage::with(allow(&["example.com"]), echo, impatient(), &[]).await;
    let keeper = Keeper::silent(&stage).await;
    let answer = asks(&stage).await.rest().await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("X-Cloister-Reason: audit"), "{answer}");
    assert!(stage.dials().is_empty());
    keeper.hears(&["yes listed", "failed audit"]).await;
    let refused = stage.proxy.status().refusals.remove(0).refused;
    assert_eq!((refused[0].host.as_str(), refused[0].reason.as_str()), ("example.com", "audit"));
    drop(RawClient::tunnel(stage.address, "example.com:443").await);
    keeper.acknowledge().await;
    keeper.stop_acknowledging();
    wait_for(|| stage.proxy.status().connections == 0).await;
    let answer = asks(&stage).await.rest().await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "one word, and it is there again: {answer}");
}

/// A controller whose disk is full lives: as long as it says something, nothing goes past it.
#[tokio::test]
async fn a_controller_that_lives_and_keeps_nothing_stops_what_is_new() {
    let stage = Stage::with(allow(&["example.com", "example.com:443/raw"]), echo, impatient(), &[]).await;
    let keeper = Keeper::new(&stage).await;
    let mut old = RawClient::tunnel(stage.address, "example.com:443").await;
    keeper.stop_acknowledging();
    let living = async {
        loop {
            keeper.send(Command::Status).await;
            sleep(PATIENCE / 5).await;
        }
    };
    let refused = async {
        for _ in 0..3 {
            assert!(asks(&stage).await.rest().await.contains("X-Cloister-Reason: audit"));
        }
    };
    tokio::select! { () = living => {}, () = refused => {} }
    assert_eq!(stage.dials().len(), 1);
    old.send("alive").await;
    assert_eq!(old.text(5).await, "alive", "what exists goes on");
}

#[tokio::test]
async fn whoever_waits_learns_what_became_of_the_controller() {
    for (how, status) in [("ends", "503"), ("keeps nothing any more", "200"), ("comes again", "200")] {
        let stage = Stage::new(allow(&["example.com"]), echo).await;
        let keeper = Keeper::silent(&stage).await;
        let mut client = asks(&stage).await;
        keeper.hears(&["yes listed"]).await;
        match how {
            "ends" => keeper.leave().await,
            "keeps nothing any more" => keeper.hello(false).await,
            _ => {
                keeper.hello(true).await;
                keeper.hears(&["yes listed", "yes listed"]).await;
                assert!(stage.dials().is_empty(), "{how}");
                keeper.acknowledge().await;
            }
        }
        let head = client.head().await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{how}: {head}");
        drop(RawClient::tunnel(stage.address, "example.com:443"));
    }
}

/// Where somebody kept events once, a full journal is the end of what is new, and of nothing else.
#[tokio::test]
async fn a_full_journal_forgets_nothing_and_closes_nobody_else_out() {
    let limits = Limits { refusals: u32::MAX, refusal_burst: u32::MAX / 1000, ..Limits::default() };
    let stage = Stage::with(allow(&["example.com:443/raw"]), echo, limits, &[]).await;
    Keeper::new(&stage).await.leave().await;
    let mut old = RawClient::tunnel(stage.address, "example.com:443").await;
    let mut flood = RawClient::new(stage.address).await;
    let mut recorded = 0;
    loop {
        flood.send(get("http://evil.test/", "")).await;
        let head = flood.head().await;
        flood.until("\n").await;
        if head.starts_with("HTTP/1.1 503 ") {
            assert!(head.contains("X-Cloister-Reason: audit"), "{head}");
            break;
        }
        recorded += 1;
    }
    assert!((1000..4000).contains(&recorded), "{recorded}");
    let status = asks(&stage).await.head().await;
    assert!(status.starts_with("HTTP/1.1 503 "), "{status}");
    assert_eq!(stage.dials().len(), 1);
    let mut unknown = RawClient::new(stage.address).await;
    unknown.send("garbage\r\n\r\n").await;
    assert!(unknown.rest().await.starts_with("HTTP/1.1 503 "), "nor what would be refused");
    let address = stage.proxy.admit(&neighbour(7, allow(&["example.com"]))).await.unwrap();
    let mut other = RawClient::of_neighbour(7, address).await;
    other.send(connect("example.com:443").replace(&basic(TOKEN), &basic(OTHER_TOKEN))).await;
    assert!(other.head().await.starts_with("HTTP/1.1 200 "), "another sandbox has places of its own");
    old.send("alive").await;
    assert_eq!(old.text(5).await, "alive");
    drop(old);
    wait_for(|| stage.proxy.status().connections == 2).await;
    let status = stage.proxy.status();
    assert_eq!(status.lost_events, 0);
    let keeper = Keeper::new(&stage).await;
    wait_for(|| keeper.events().last().is_some_and(|event| event.number == status.last_event)).await;
    let numbers: Vec<u64> = keeper.events().iter().map(|event| event.number).collect();
    assert!(numbers.iter().copied().eq(1..=status.last_event), "no gap");
    assert_eq!(keeper.story().iter().filter(|story| *story == "closed").count(), 1);
    drop(RawClient::tunnel(stage.address, "example.com:443").await);
}
