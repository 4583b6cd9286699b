//! A small server: `GET /N` is answered with N bytes, the body of a POST is thrown away.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use bytes::{Buf, BytesMut};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_local;

use crate::client::{discard, receive_head};

/// Bytes that are written at once, and room for what is thrown away.
const CHUNK: usize = 256 << 10;

/// Serves until it is killed.
pub(crate) async fn serve(listen: SocketAddr) -> io::Result<serde_json::Value> {
    let listener = TcpListener::bind(listen).await?;
    let chunk: Rc<[u8]> = vec![b'x'; CHUNK].into();
    loop {
        let (stream, _) = listener.accept().await?;
        let chunk = Rc::clone(&chunk);
        // a client that leaves in the middle is its own business
        spawn_local(async move { drop(converse(stream, &chunk).await) });
    }
}

async fn converse(mut stream: TcpStream, chunk: &[u8]) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = BytesMut::new();
    loop {
        let end = receive_head(&mut stream, &mut buffer).await?;
        if buffer.starts_with(b"POST ") {
            let mut room = vec![0; CHUNK];
            while discard(&stream, &mut room).await? > 0 {}
            return Ok(());
        }
        let size = size_of_path(&buffer[..end]);
        buffer.advance(end);
        answer(&mut stream, size, chunk).await?;
    }
}

/// Returns N of `GET /N`, also of the absolute form; 0 where there is none.
fn size_of_path(head: &[u8]) -> usize {
    let text = String::from_utf8_lossy(head);
    let path = text.split(' ').nth(1).and_then(|path| path.rsplit('/').next());
    path.and_then(|size| size.parse().ok()).unwrap_or(0)
}

async fn answer(stream: &mut TcpStream, size: usize, chunk: &[u8]) -> io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n");
    let first = size.min(16 << 10);
    stream.write_all(&[head.as_bytes(), &chunk[..first]].concat()).await?;
    let mut left = size - first;
    while left > 0 {
        let count = left.min(chunk.len());
        stream.write_all(&chunk[..count]).await?;
        left -= count;
    }
    Ok(())
}
