//! A client that knows no HTTP: it sends bytes and reads bytes.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use base64::Engine as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::world::TOKEN;

/// Longer than anything here takes; only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(20);

/// An extension of ECH, as far as anybody on the way can tell.
pub(super) const ECH: &[u8] = &[0xfe, 0x0d, 0, 1, 0];

pub(super) struct RawClient {
    pub(super) stream: TcpStream,
    read: Vec<u8>,
}

impl RawClient {
    pub(super) async fn new(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap())
    }

    /// A client on the network of `neighbour`.
    pub(super) async fn of_neighbour(number: u8, address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::new(127, 0, number, 3), 0).into()).unwrap();
        Self::over(socket.connect(address).await.unwrap())
    }

    pub(super) fn over(stream: TcpStream) -> Self {
        Self { stream, read: Vec::new() }
    }

    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // the guardian may close before everything is sent, which is no failure of the client
        drop(self.stream.write_all(bytes.as_ref()).await);
    }

    /// Opens a tunnel with the token of the sandbox `shop`.
    pub(super) async fn tunnel(address: SocketAddr, target: &str) -> Self {
        let mut client = Self::new(address).await;
        client.send(connect(target)).await;
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        client
    }

    /// Reads the head of a response, or what there is at the end.
    pub(super) async fn head(&mut self) -> String {
        loop {
            if let Some(end) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                return String::from_utf8_lossy(&self.read.drain(..end + 4).collect::<Vec<u8>>()).into_owned();
            }
            if !self.more().await {
                return String::from_utf8_lossy(&std::mem::take(&mut self.read)).into_owned();
            }
        }
    }

    pub(super) async fn exactly(&mut self, count: usize) -> Vec<u8> {
        while self.read.len() < count && self.more().await {}
        self.read.drain(..count.min(self.read.len())).collect()
    }

    pub(super) async fn text(&mut self, count: usize) -> String {
        String::from_utf8_lossy(&self.exactly(count).await).into_owned()
    }

    /// Reads until `end` has come, and returns everything up to it.
    pub(super) async fn until(&mut self, end: &str) -> String {
        loop {
            if let Some(position) = self.read.windows(end.len()).position(|window| window == end.as_bytes()) {
                return String::from_utf8_lossy(&self.read.drain(..position + end.len()).collect::<Vec<u8>>())
                    .into_owned();
            }
            assert!(self.more().await, "ended before {end:?}: {:?}", String::from_utf8_lossy(&self.read));
        }
    }

    /// Reads until the guardian closes.
    pub(super) async fn rest(&mut self) -> String {
        String::from_utf8_lossy(&self.rest_of_bytes().await).into_owned()
    }

    pub(super) async fn rest_of_bytes(&mut self) -> Vec<u8> {
        while self.more().await {}
        std::mem::take(&mut self.read)
    }

    async fn more(&mut self) -> bool {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.read)).await.expect("the guardian hangs");
        matches!(read, Ok(1..))
    }
}

pub(super) fn basic(token: &str) -> String {
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("cloister:{token}"));
    format!("Basic {pair}")
}

pub(super) fn connect(target: &str) -> String {
    format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nProxy-Authorization: {}\r\n\r\n", basic(TOKEN))
}

/// A plain request without body.
pub(super) fn get(address: &str, more: &str) -> String {
    format!("GET {address} HTTP/1.1\r\nHost: x\r\nProxy-Authorization: {}\r\n{more}\r\n", basic(TOKEN))
}

/// The first message of a TLS client, as one record, with a server name and more extensions.
pub(super) fn client_hello(server_name: Option<&str>, more: &[u8]) -> Vec<u8> {
    let long = |content: &[u8]| [&u16::try_from(content.len()).unwrap().to_be_bytes(), content].concat();
    let name =
        server_name.map(|name| [&[0, 0][..], &long(&long(&[&[0], &long(name.as_bytes())[..]].concat()))].concat());
    let extensions = long(&[&name.unwrap_or_default(), more].concat());
    let body = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0], &extensions].concat();
    let message = [&[1, 0][..], &long(&body)].concat();
    [&[22, 3, 1][..], &long(&message)].concat()
}
