//! What a sandbox may use, and what happens above that.

use std::time::Duration;

use cloister::guardian::limits::Limits;

use super::client::{RawClient, basic, connect, get};
use super::tunnel::wait_for;
use super::world::{NO_DESCRIPTOR, OTHER_TOKEN, Stage, TOKEN, allow, echo, neighbour, ok};

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
async fn one_plain_forward_too_many_is_told() {
    let limits = Limits { total_forwards: 1, ..Limits::default() };
    let stage = Stage::with(allow(&["example.com", "example.com:443/raw"]), ok, limits, &[]).await;
    let mut first = RawClient::new(stage.address).await;
    for _ in 0..2 {
        first.send(get("http://example.com/", "")).await;
        first.until("ok").await;
    }
    let mut second = RawClient::new(stage.address).await;
    second.send(get("http://example.com/", "")).await;
    let head = second.head().await;
    assert!(head.starts_with("HTTP/1.1 503 ") && head.contains("X-Cloister-Reason: limit"), "{head}");
    second.until("use https\n").await;
    assert_eq!(stage.dials().len(), 1, "the server hears nothing of it");
    drop(RawClient::tunnel(stage.address, "example.com:443").await);
    drop(first);
    wait_for(|| stage.proxy.status().connections == 1).await;
    second.send(get("http://example.com/", "Connection: close\r\n")).await;
    assert!(second.rest().await.ends_with("ok"), "a place is free again");
}

/// Whatever four sandboxes take and keep, the fifth is served.
#[tokio::test]
async fn greedy_sandboxes_leave_places_to_others() {
    let of_forwards = Limits { total_forwards: 16, ..Limits::default() };
    let of_connections = Limits { total: 16, place: Duration::ZERO, ..Limits::default() };
    for limits in [of_forwards, of_connections] {
        let stage = Stage::with(allow(&[]), ok, limits, &[]).await;
        let mut kept = Vec::new();
        for (number, expected) in (1..).zip([4, 3, 2, 2, 1]) {
            let address = stage.proxy.admit(&neighbour(number, allow(&["example.com"]))).await.unwrap();
            let mut share = 0;
            for _ in 0..10 {
                let mut client = RawClient::of_neighbour(number, address).await;
                client.send(get("http://example.com/", "").replace(&basic(TOKEN), &basic(OTHER_TOKEN))).await;
                share += usize::from(client.head().await.starts_with("HTTP/1.1 200 "));
                kept.push(client);
            }
            assert_eq!(share, expected, "sandbox {number}");
        }
    }
}

#[tokio::test]
async fn one_connection_too_many_is_told() {
    let limits = Limits { connections: 1, ..Limits::default() };
    let stage = Stage::with(allow(&["example.com:443/raw"]), echo, limits, &[]).await;
    let mut first = RawClient::tunnel(stage.address, "example.com:443").await;
    let all = RawClient::new(stage.address).await.rest().await;
    assert!(all.starts_with("HTTP/1.1 503 "), "{all}");
    first.send("alive").await;
    assert_eq!(first.text(5).await, "alive");
}

/// More than there are places for, all at once and each for a moment: none is refused, since places become free.
#[tokio::test]
async fn a_burst_of_connections_waits_for_places() {
    let limits = Limits { connections: 4, ..Limits::default() };
    let stage = Stage::with(allow(&["example.com"]), ok, limits, &[]).await;
    let mut clients = Vec::new();
    for _ in 0..200 {
        let mut client = RawClient::new(stage.address).await;
        client.send(get("http://example.com/", "Connection: close\r\n")).await;
        clients.push(client);
    }
    for mut client in clients {
        assert!(client.rest().await.ends_with("ok"));
    }
    assert_eq!(stage.proxy.status().allowed, 200);
}

#[tokio::test]
async fn a_guardian_without_descriptors_says_so() {
    let stage =
        Stage::with(allow(&["example.com"]), echo, Limits::default(), &[("example.com", &[NO_DESCRIPTOR])]).await;
    let mut client = RawClient::new(stage.address).await;
    client.send(connect("example.com:443")).await;
    let all = client.rest().await;
    assert!(all.starts_with("HTTP/1.1 503 ") && all.contains("X-Cloister-Reason: limit"), "{all}");
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

#[tokio::test]
async fn a_connection_ends_with_the_last_of_its_refusals() {
    let limits = Limits { refusals: 3, ..Limits::default() };
    let stage = Stage::with(allow(&["example.com"]), ok, limits, &[]).await;
    let mut client = RawClient::new(stage.address).await;
    client.send(get("http://evil.test/", "").repeat(50)).await;
    let all = client.rest().await;
    assert_eq!((all.matches("HTTP/1.1 403 ").count(), all.matches("Connection: close").count()), (3, 1), "{all}");
    assert_eq!(stage.proxy.status().refused, 3, "what came behind was not even looked at");
    let mut next = RawClient::new(stage.address).await;
    next.send(get("http://example.com/", "Connection: close\r\n")).await;
    assert!(next.rest().await.ends_with("ok"), "another connection is none of its business");
}

#[tokio::test]
async fn a_flood_of_refusals_waits_its_turn() {
    let limits = Limits { refusal_burst: 2, refusal_pace: Duration::from_mins(1), ..Limits::default() };
    let limits = Limits { refusal_wait: Duration::from_mins(1), ..limits };
    let stage = Stage::with(allow(&["example.com"]), ok, limits, &[]).await;
    let mut client = RawClient::new(stage.address).await;
    client.send(get("http://evil.test/", "").repeat(10)).await;
    for _ in 0..2 {
        assert!(client.head().await.starts_with("HTTP/1.1 403 "));
        client.until("reload\n").await;
    }
    wait_for(|| stage.proxy.status().refused == 3).await;
    let mut other = RawClient::new(stage.address).await;
    other.send(get("http://example.com/", "Connection: close\r\n")).await;
    assert!(other.rest().await.ends_with("ok"), "what is allowed does not wait");
    assert_eq!(stage.proxy.status().refused, 3, "the flood still waits");
}

/// One thread runs the guardian and this test: whoever counts gets a turn for every request, or hardly any.
#[tokio::test]
async fn many_requests_at_once_leave_turns_to_others() {
    const COUNT: u8 = 100;
    let limits = Limits { refusals: u32::MAX, refusal_burst: u32::MAX / 1000, ..Limits::default() };
    let stage = Stage::with(allow(&[]), ok, limits, &[]).await;
    let mut client = RawClient::new(stage.address).await;
    client.send(get("http://evil.test/", "").repeat(COUNT.into())).await;
    let mut turns = 0;
    while stage.proxy.status().refused < COUNT.into() {
        turns += u64::from(stage.proxy.status().refused > 0);
        tokio::task::yield_now().await;
    }
    assert!(turns >= u64::from(COUNT) / 2, "{turns} turns");
}
