//! Tunnels carry bytes as they come, both ways, to the last one.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cloister::guardian::limits::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::{RawClient, connect};
use super::world::{Stage, allow, echo};

#[tokio::test]
async fn bytes_go_both_ways() {
    let stage = Stage::new(allow(&["example.com:443/raw"]), echo).await;
    let mut client = RawClient::tunnel(stage.address, "example.com:443").await;
    for text in ["hello", "again", "and again"] {
        client.send(text).await;
        assert_eq!(client.text(text.len()).await, text);
    }
}

#[tokio::test]
async fn early_data_follows_the_head() {
    let stage = Stage::new(allow(&["example.com:443/raw"]), echo).await;
    let mut client = RawClient::new(stage.address).await;
    client.send(format!("{}early", connect("example.com:443"))).await;
    assert_eq!(client.head().await, "HTTP/1.1 200 Connection Established\r\n\r\n");
    assert_eq!(client.text(5).await, "early");
}

#[tokio::test]
async fn a_head_may_come_in_pieces() {
    let stage = Stage::new(allow(&["example.com:443/raw"]), echo).await;
    let mut client = RawClient::new(stage.address).await;
    client.stream.set_nodelay(true).unwrap();
    for piece in connect("example.com:443").as_bytes().chunks(7) {
        client.send(piece).await;
        tokio::task::yield_now().await;
    }
    assert!(client.head().await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_client_that_has_ended_still_hears_the_server() {
    let stage = Stage::new(allow(&["example.com:443/raw"]), |mut stream, _| {
        Box::pin(async move {
            let mut request = String::new();
            stream.read_to_string(&mut request).await.unwrap();
            stream.write_all(format!("you said {request}").as_bytes()).await.unwrap();
        })
    })
    .await;
    let mut client = RawClient::tunnel(stage.address, "example.com:443").await;
    client.send("goodbye").await;
    client.stream.shutdown().await.unwrap();
    assert_eq!(client.rest().await, "you said goodbye");
}

#[tokio::test]
async fn a_server_that_has_ended_still_hears_the_client() {
    let stage = Stage::new(allow(&["example.com:443/raw"]), |mut stream, heard| {
        Box::pin(async move {
            stream.write_all(b"bye").await.unwrap();
            stream.shutdown().await.unwrap();
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.unwrap();
            heard.lock().unwrap().extend_from_slice(&rest);
        })
    })
    .await;
    let mut client = RawClient::tunnel(stage.address, "example.com:443").await;
    assert_eq!(client.rest().await, "bye");
    client.send("still here").await;
    drop(client);
    wait_for(|| stage.heard() == "still here").await;
}

#[tokio::test]
async fn nothing_is_lost_when_the_reader_is_slow() {
    const SIZE: usize = 8 << 20;
    let stage = Stage::new(allow(&["example.com:443/raw"]), |mut stream, _| {
        Box::pin(async move {
            let bytes: Vec<u8> = (0..=250).cycle().take(SIZE).collect();
            drop(stream.write_all(&bytes).await);
        })
    })
    .await;
    let mut client = RawClient::tunnel(stage.address, "example.com:443").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut expected = (0..=250).cycle();
    let mut total = 0;
    while total < SIZE {
        let bytes = client.exactly(64 << 10).await;
        assert!(bytes.iter().all(|byte| expected.next() == Some(*byte)), "wrong after {total} bytes");
        total += bytes.len();
    }
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn many_tunnels_do_not_mix() {
    let stage = Arc::new(Stage::new(allow(&["example.com:443/raw"]), echo).await);
    let tasks: Vec<_> = (0_u8..50)
        .map(|number| {
            let stage = Arc::clone(&stage);
            tokio::spawn(async move {
                let mut client = RawClient::tunnel(stage.address, "example.com:443").await;
                let bytes = vec![number; 100_000];
                client.send(&bytes).await;
                assert!(client.exactly(bytes.len()).await == bytes, "tunnel {number} got another one's bytes");
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(stage.dials().len(), 50);
}

#[tokio::test]
async fn an_idle_tunnel_ends() {
    let limits = Limits { idle: Duration::from_millis(200), ..Limits::default() };
    let stage = Stage::with(allow(&["example.com:443/raw"]), echo, limits, &[]).await;
    let mut client = RawClient::tunnel(stage.address, "example.com:443").await;
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        client.send("x").await;
        assert_eq!(client.text(1).await, "x", "a tunnel that is used stays");
    }
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn a_server_that_is_gone_is_said() {
    let stage = Stage::new(allow(&["example.com:443/raw"]), |stream: TcpStream, _: Arc<Mutex<Vec<u8>>>| {
        Box::pin(async move { drop(stream) })
    })
    .await;
    let mut client = RawClient::tunnel(stage.address, "example.com:443").await;
    assert_eq!(client.rest().await, "");
}

/// Waits for something that happens on another task.
pub(super) async fn wait_for(condition: impl Fn() -> bool) {
    for _ in 0..500 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen within five seconds");
}
