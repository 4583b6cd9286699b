//! What a sandbox may use, and what happens above that.

use std::time::Duration;

use cloister::guardian::limits::Limits;

use super::client::{RawClient, connect, get};
use super::tunnel::wait_for;
use super::world::{Stage, allow, echo, ok};

#[tokio::test]
async fn one_tunnel_too_many_is_told() {
    let limits = Limits { tunnels: 2, ..Limits::default() };
    let stage = Stage::with(allow(&["example.com"]), echo, limits, &[]).await;
    let first = RawClient::tunnel(stage.address, "example.com:443").await;
    let _second = RawClient::tunnel(stage.address, "example.com:443").await;
    let mut third = RawClient::new(stage.address).await;
    third.send(connect("example.com:443")).await;
    let all = third.rest().await;
    assert!(
        all.starts_with("HTTP/1.1 429 ") && all.contains("this sandbox has 2 open tunnels, which is the limit"),
        "{all}"
    );
    drop(first);
    wait_for(|| stage.proxy.status().connections == 1).await;
    RawClient::tunnel(stage.address, "example.com:443").await;
}

#[tokio::test]
async fn one_connection_too_many_is_told() {
    let limits = Limits { connections: 1, ..Limits::default() };
    let stage = Stage::with(allow(&["example.com"]), echo, limits, &[]).await;
    let mut first = RawClient::tunnel(stage.address, "example.com:443").await;
    let all = RawClient::new(stage.address).await.rest().await;
    assert!(all.starts_with("HTTP/1.1 503 "), "{all}");
    first.send("alive").await;
    assert_eq!(first.text(5).await, "alive");
}

#[tokio::test]
async fn a_slow_head_is_not_waited_for() {
    let limits = Limits { head: Duration::from_millis(200), ..Limits::default() };
    let stage = Stage::with(allow(&["example.com"]), echo, limits, &[]).await;
    let mut silent = RawClient::new(stage.address).await;
    assert_eq!(silent.rest().await, "");
    let mut slow = RawClient::new(stage.address).await;
    slow.send("GET http://example.com/ HTTP/1.1\r\nHost: ex").await;
    assert!(slow.rest().await.starts_with("HTTP/1.1 408 "));
}

#[tokio::test]
async fn dripping_does_not_extend_the_time() {
    let limits = Limits { head: Duration::from_millis(300), ..Limits::default() };
    let stage = Stage::with(allow(&["example.com"]), echo, limits, &[]).await;
    let mut client = RawClient::new(stage.address).await;
    for _ in 0..10 {
        client.send("X").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(client.rest().await.starts_with("HTTP/1.1 408 "));
}

#[tokio::test]
async fn a_kept_connection_without_requests_ends() {
    let limits = Limits { keep_alive: Duration::from_millis(200), ..Limits::default() };
    let stage = Stage::with(allow(&["example.com"]), ok, limits, &[]).await;
    let mut client = RawClient::new(stage.address).await;
    client.send(get("http://example.com/", "")).await;
    assert!(client.rest().await.ends_with("ok"));
}

#[tokio::test]
async fn a_refused_client_that_goes_on_sending_still_reads_the_answer() {
    let stage = Stage::new(allow(&["example.com"]), ok).await;
    let mut client = RawClient::new(stage.address).await;
    client.send(connect("evil.test:443")).await;
    client.send(vec![b'x'; 100_000]).await;
    assert!(client.rest().await.contains("X-Cloister-Reason: not-listed"));
}
