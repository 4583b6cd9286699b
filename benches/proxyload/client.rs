//! The little http/1.1 that a proxy's client needs.

use std::io;

use bytes::BytesMut;
use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::TcpStream;

use crate::arguments::Load;

/// Longest head of an answer in bytes.
const HEAD_LIMIT: usize = 64 << 10;

/// What an answer's head says.
pub(crate) struct Answer {
    pub(crate) length: u64,
    pub(crate) keep: bool,
}

fn invalid(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message.into())
}

pub(crate) async fn dial(load: &Load) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(load.dialled()?).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Returns a stream on which bytes reach the target: a tunnel, or the target itself where there is no proxy.
pub(crate) async fn tunnel(load: &Load) -> io::Result<TcpStream> {
    let mut stream = dial(load).await?;
    if load.is_direct() {
        return Ok(stream);
    }
    match ask_for_tunnel(&mut stream, load, &load.target).await? {
        200 => Ok(stream),
        status => Err(invalid(format!("CONNECT was answered with {status}"))),
    }
}

/// Asks for a tunnel that is refused.
pub(crate) async fn refusal(load: &Load) -> io::Result<()> {
    let mut stream = dial(load).await?;
    match ask_for_tunnel(&mut stream, load, &load.denied).await? {
        403 => Ok(()),
        status => Err(invalid(format!("a host that is not allowed was answered with {status}"))),
    }
}

async fn ask_for_tunnel(stream: &mut TcpStream, load: &Load, target: &str) -> io::Result<u16> {
    let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{}\r\n", load.authorization());
    stream.write_all(request.as_bytes()).await?;
    let mut buffer = BytesMut::new();
    let end = receive_head(stream, &mut buffer).await?;
    status(&buffer[..end])
}

/// Returns a GET, for a proxy or for the inside of a tunnel.
pub(crate) fn get(load: &Load, through_proxy: bool) -> String {
    let Load { target, size, .. } = load;
    if through_proxy && !load.is_direct() {
        format!("GET http://{target}/{size} HTTP/1.1\r\nHost: {target}\r\n{}\r\n", load.authorization())
    } else {
        format!("GET /{size} HTTP/1.1\r\nHost: {target}\r\n\r\n")
    }
}

/// Sends a request and reads the head of the answer; returns it with how much of the body is in the buffer behind it.
pub(crate) async fn begin(stream: &mut TcpStream, request: &str, buffer: &mut BytesMut) -> io::Result<(Answer, u64)> {
    stream.write_all(request.as_bytes()).await?;
    buffer.clear();
    let end = receive_head(stream, buffer).await?;
    let head = &buffer[..end];
    let text = std::str::from_utf8(head).map_err(|_| invalid("a head that is no text"))?.to_ascii_lowercase();
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    match (status(head)?, field("content-length:").and_then(|length| length.parse().ok())) {
        (200, Some(length)) => {
            let keep = !field("connection:").is_some_and(|value| value.contains("close"));
            Ok((Answer { length, keep }, (buffer.len() - end) as u64))
        }
        (status, length) => Err(invalid(format!("GET was answered with {status}, length {length:?}"))),
    }
}

/// Sends a request, reads the whole answer and returns whether the connection may be used again.
pub(crate) async fn exchange(stream: &mut TcpStream, request: &str, buffer: &mut BytesMut) -> io::Result<bool> {
    let (answer, mut received) = begin(stream, request, buffer).await?;
    while received < answer.length {
        buffer.clear();
        buffer.reserve(16 << 10);
        match stream.read_buf(buffer).await? {
            0 => return Err(invalid("an answer that was cut short")),
            count => received += count as u64,
        }
    }
    Ok(answer.keep)
}

/// Reads the head of a request or an answer, and returns where it ends.
pub(crate) async fn receive_head(stream: &mut TcpStream, buffer: &mut BytesMut) -> io::Result<usize> {
    loop {
        if let Some(position) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            return Ok(position + 4);
        }
        if buffer.len() > HEAD_LIMIT {
            return Err(invalid("a head that does not end"));
        }
        buffer.reserve(4 << 10);
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "closed before a whole head"));
        }
    }
}

fn status(head: &[u8]) -> io::Result<u16> {
    let digits = head.get(9..12).and_then(|bytes| std::str::from_utf8(bytes).ok());
    digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| invalid("no status line"))
}

/// Throws away what has arrived without copying it out of the kernel, so that the generator is not what is measured:
/// of TCP, `MSG_TRUNC` takes bytes and writes none (tcp(7)). Returns how many; 0 is the end.
pub(crate) async fn discard(stream: &TcpStream, room: &mut [u8]) -> io::Result<usize> {
    let flags = RecvFlags::TRUNC | RecvFlags::DONTWAIT;
    let take = || Ok(recv(stream, &mut *room, flags)?.1);
    stream.async_io(Interest::READABLE, take).await
}
