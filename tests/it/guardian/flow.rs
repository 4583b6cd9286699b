//! Streams as clients use them: what is there goes on at once, and what nobody takes is not kept.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::client::{RawClient, basic, client_hello, get};
use super::tunnel::wait_for;
use super::world::{Stage, TOKEN, allow, read_request};

/// Far more than the buffers of three sockets hold.
const FLOOD: usize = 512 << 20;
/// What sockets may hold altogether, as they grow.
const HELD: usize = 64 << 20;

/// Writes until nobody has taken anything for a while; returns how much went out.
async fn pour(stream: &mut TcpStream) -> usize {
    let chunk = vec![b'z'; 256 << 10];
    let mut total = 0;
    while total < FLOOD {
        match timeout(Duration::from_millis(500), stream.write(&chunk)).await {
            Ok(Ok(count)) => total += count,
            _ => break,
        }
    }
    total
}

/// Answers a request that never ends, or a tunnel, with as much as is taken, and says how much that was.
async fn pouring(mut stream: TcpStream, heard: Arc<Mutex<Vec<u8>>>, head: &'static [u8]) {
    stream.read_exact(&mut [0; 16]).await.unwrap();
    stream.write_all(head).await.unwrap();
    let total = pour(&mut stream).await;
    heard.lock().unwrap().extend_from_slice(total.to_string().as_bytes());
    drop(stream.read_to_end(&mut Vec::new()).await);
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_the_server_back() {
    let plain = Stage::new(allow(&["example.com"]), |stream, heard| {
        Box::pin(pouring(stream, heard, b"HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\n"))
    });
    let tunnel = Stage::new(allow(&["example.com"]), |stream, heard| Box::pin(pouring(stream, heard, b"")));
    let (plain, tunnel) = (plain.await, tunnel.await);
    let mut one = RawClient::new(plain.address).await;
    one.send(get("http://example.com/", "")).await;
    let mut other = RawClient::tunnel(tunnel.address, "example.com:443").await;
    other.send(client_hello(Some("example.com"), &[])).await;
    for stage in [plain, tunnel] {
        wait_for(|| !stage.heard().is_empty()).await;
        let held: usize = stage.heard().parse().unwrap();
        assert!(held < HELD, "{held} bytes are held");
    }
}

#[tokio::test]
async fn a_server_that_does_not_read_holds_the_client_back() {
    let stage = Stage::new(allow(&["example.com", "example.com:443/raw"]), |stream, _| {
        Box::pin(async move {
            std::future::pending::<()>().await;
            drop(stream);
        })
    })
    .await;
    let mut tunnel = RawClient::tunnel(stage.address, "example.com:443").await;
    let mut length = RawClient::new(stage.address).await;
    let head = format!("PUT http://example.com/ HTTP/1.1\r\nProxy-Authorization: {}\r\n", basic(TOKEN));
    length.send(format!("{head}Content-Length: 1099511627776\r\n\r\n")).await;
    let mut chunked = RawClient::new(stage.address).await;
    chunked.send(format!("{head}Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n")).await;
    for client in [&mut tunnel, &mut length, &mut chunked] {
        let held = pour(&mut client.stream).await;
        assert!((1..HELD).contains(&held), "{held} bytes are held");
    }
}

/// What a WebSocket and a stream of events have in common: either side says something when it likes.
#[tokio::test]
async fn a_tunnel_holds_nothing_back() {
    let stage = Stage::new(allow(&["example.com:80/raw"]), |mut stream, heard| {
        Box::pin(async move {
            let request = read_request(&mut stream).await.unwrap();
            heard.lock().unwrap().extend_from_slice(&request);
            stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n").await.unwrap();
            for event in [&b"\x81\x05first"[..], b"\x81\x06second"] {
                stream.write_all(event).await.unwrap();
                let mut frame = [0; 9];
                stream.read_exact(&mut frame).await.unwrap();
                assert_eq!(frame, *b"\x81\x83\0\0\0\0ack");
            }
        })
    })
    .await;
    let mut client = RawClient::tunnel(stage.address, "example.com:80").await;
    client.send("GET /socket HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n").await;
    assert!(client.head().await.starts_with("HTTP/1.1 101 "));
    for event in [&b"\x81\x05first"[..], b"\x81\x06second"] {
        assert_eq!(client.exactly(event.len()).await, event);
        client.send(b"\x81\x83\0\0\0\0ack").await;
    }
    assert_eq!(client.rest().await, "");
    assert!(stage.heard().contains("Upgrade: websocket"), "a tunnel is not read");
}
