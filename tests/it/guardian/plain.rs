//! Plain http: forwarded as it comes, framed anew, never shared.

use std::time::Duration;

use cloister::guardian::limits::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::{RawClient, basic, get};
use super::tunnel::wait_for;
use super::world::{Serve, Stage, TOKEN, allow, answer, ok, read_request};

#[tokio::test]
async fn connections_are_kept_on_both_sides() {
    let stage = Stage::new(allow(&["example.com", "example.org"]), ok).await;
    let mut client = RawClient::new(stage.address).await;
    for path in ["one", "two", "three"] {
        client.send(get(&format!("http://example.com/{path}"), "")).await;
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("content-length: 2\r\n"), "{head}");
        assert_eq!(client.text(2).await, "ok");
    }
    assert_eq!(stage.dials().len(), 1, "one connection for three requests");
    client.send(get("http://example.org/", "")).await;
    assert!(client.head().await.starts_with("HTTP/1.1 200 "));
    assert_eq!(stage.dials().len(), 2, "another host is another connection");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let stage = Stage::new(allow(&["example.com"]), ok).await;
    let mut client = RawClient::new(stage.address).await;
    client
        .send([get("http://example.com/1", ""), get("http://evil.test/", ""), get("http://example.com/2", "")].concat())
        .await;
    for status in ["200", "403", "200"] {
        let head = client.head().await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        let length = head
            .to_ascii_lowercase()
            .split_once("content-length: ")
            .map(|(_, rest)| rest.lines().next().unwrap().parse().unwrap());
        client.exactly(length.unwrap()).await;
    }
    assert!(!stage.heard().contains("evil"));
}

#[tokio::test]
async fn close_is_respected() {
    let stage = Stage::new(allow(&["example.com"]), ok).await;
    let mut client = RawClient::new(stage.address).await;
    client.send(get("http://example.com/", "Connection: close\r\n")).await;
    let all = client.rest().await;
    assert!(all.contains("connection: close\r\n") && all.ends_with("\r\n\r\nok"), "{all}");
}

#[tokio::test]
async fn responses_without_length_come_in_chunks() {
    let stage = Stage::new(allow(&["example.com"]), |stream, heard| {
        Box::pin(answer(stream, heard, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Up: 1\r\nConnection: X-Up\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"))
    })
    .await;
    let mut client = RawClient::new(stage.address).await;
    client.send(get("http://example.com/", "")).await;
    let head = client.head().await;
    assert!(head.contains("transfer-encoding: chunked\r\n") && !head.contains("x-up"), "{head}");
    let body = client.until("0\r\n\r\n").await;
    assert_eq!(body.replace(|character: char| character.is_ascii_digit(), "").replace("\r\n", ""), "abcde");
    client.send(get("http://example.com/", "")).await;
    assert!(client.head().await.starts_with("HTTP/1.1 200 "), "the connection goes on behind the last chunk");
}

/// MISC-007: what logs in at the guardian is not in what a server gets, so that none can hand it on.
#[tokio::test]
async fn a_server_that_sends_requests_back_has_no_credential_to_send() {
    let stage = Stage::new(allow(&["example.com"]), |mut stream, heard| {
        Box::pin(async move {
            while let Some(request) = read_request(&mut stream).await {
                heard.lock().unwrap().extend_from_slice(&request);
                let head = format!("HTTP/1.1 200 OK\r\nX-Seen: yes\r\nContent-Length: {}\r\n\r\n", request.len());
                stream.write_all(&[head.as_bytes(), &request].concat()).await.unwrap();
            }
        })
    })
    .await;
    let own = "Proxy-Connection: keep-alive\r\nAuthorization: Bearer mine\r\nConnection: close\r\n";
    let mut client = RawClient::new(stage.address).await;
    client.send(get("http://example.com/echo", own)).await;
    let all = client.rest().await;
    assert!(
        all.contains("GET /echo HTTP/1.1") && all.to_ascii_lowercase().contains("authorization: bearer mine"),
        "{all}"
    );
    for part in [TOKEN, basic(TOKEN).rsplit(' ').next().unwrap(), "roxy-"] {
        assert!(!all.contains(part), "{part}: {all}");
    }
}

#[tokio::test]
async fn an_old_client_gets_no_chunks() {
    let stage = Stage::new(allow(&["example.com"]), |stream, heard| {
        Box::pin(answer(stream, heard, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"))
    })
    .await;
    let mut client = RawClient::new(stage.address).await;
    client.send(format!("GET http://example.com/ HTTP/1.0\r\nProxy-Authorization: {}\r\n\r\n", basic(TOKEN))).await;
    let all = client.rest().await;
    assert!(all.ends_with("\r\n\r\nabc") && !all.contains("chunked"), "{all}");
}

#[tokio::test]
async fn heads_without_bodies_have_none() {
    let stage = Stage::new(allow(&["example.com"]), |stream, heard| {
        Box::pin(answer(stream, heard, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: x\r\n\r\n"))
    })
    .await;
    let mut client = RawClient::new(stage.address).await;
    for _ in 0..2 {
        client.send(get("http://example.com/", "")).await;
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.1 304 Not Modified\r\n") && head.contains("content-length: 99\r\n"), "{head}");
    }
}

#[tokio::test]
async fn a_stream_is_not_held_back() {
    let stage = Stage::new(allow(&["example.com"]), |mut stream, heard| {
        Box::pin(async move {
            read_request(&mut stream).await.unwrap();
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: first\n\n")
                .await
                .unwrap();
            while !heard.lock().unwrap().ends_with(b"seen") {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            stream.write_all(b"data: second\n\n").await.unwrap();
        })
    })
    .await;
    let mut client = RawClient::new(stage.address).await;
    client.send(get("http://example.com/events", "Accept: text/event-stream\r\n")).await;
    client.until("data: first\n\n").await;
    stage.heard.lock().unwrap().extend_from_slice(b"seen");
    client.until("data: second\n\n").await;
    client.until("0\r\n\r\n").await;
}

#[tokio::test]
async fn a_body_streams_up_while_it_is_written() {
    let stage = Stage::new(allow(&["example.com"]), |mut stream, heard| {
        Box::pin(async move {
            let mut buffer = [0; 1024];
            loop {
                let count = stream.read(&mut buffer).await.unwrap();
                heard.lock().unwrap().extend_from_slice(&buffer[..count]);
                if heard.lock().unwrap().ends_with(b"0\r\n\r\n") {
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
                    return;
                }
            }
        })
    })
    .await;
    let mut client = RawClient::new(stage.address).await;
    client.send(format!("PUT http://example.com/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\nProxy-Authorization: {}\r\n\r\n3\r\nabc\r\n", basic(TOKEN))).await;
    wait_for(|| stage.heard().contains("abc")).await;
    client.send("3\r\ndef\r\n0\r\n\r\n").await;
    assert!(client.head().await.starts_with("HTTP/1.1 200 "));
    assert!(stage.heard().contains("def"));
}

#[tokio::test]
async fn half_a_chunked_body_is_never_a_whole_one() {
    let stage = Stage::new(allow(&["example.com"]), |mut stream, heard| {
        Box::pin(async move {
            let mut all = Vec::new();
            drop(stream.read_to_end(&mut all).await);
            heard.lock().unwrap().extend_from_slice(&all);
            heard.lock().unwrap().extend_from_slice(b"<ended>");
        })
    })
    .await;
    let mut client = RawClient::new(stage.address).await;
    client.send(format!("PUT http://example.com/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\nProxy-Authorization: {}\r\n\r\n3\r\nabc\r\n", basic(TOKEN))).await;
    wait_for(|| !stage.dials().is_empty()).await;
    drop(client);
    wait_for(|| stage.heard().ends_with("<ended>")).await;
    assert!(!stage.heard().contains("\r\n0\r\n"), "{}", stage.heard());
}

#[tokio::test]
async fn a_waiting_client_is_told_to_continue_once_it_is_allowed() {
    let stage = Stage::new(allow(&["example.com"]), ok).await;
    let expecting = |host: &str| {
        format!(
            "PUT http://{host}/ HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\nProxy-Authorization: {}\r\n\r\n",
            basic(TOKEN)
        )
    };
    let mut client = RawClient::new(stage.address).await;
    client.send(expecting("example.com")).await;
    assert_eq!(client.head().await, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hello").await;
    assert!(client.head().await.starts_with("HTTP/1.1 200 "));
    assert!(!stage.heard().to_ascii_lowercase().contains("expect"));
    let mut client = RawClient::new(stage.address).await;
    client.send(expecting("evil.test")).await;
    assert!(client.head().await.starts_with("HTTP/1.1 403 "), "a refused body is never asked for");
}

#[tokio::test]
async fn an_answer_may_come_before_the_body() {
    let stage = Stage::new(allow(&["example.com"]), |mut stream, _| {
        Box::pin(async move {
            let mut head = [0; 64];
            stream.read_exact(&mut head).await.unwrap();
            stream.write_all(b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\n\r\nbig").await.unwrap();
            drop(stream.read_to_end(&mut Vec::new()).await);
        })
    })
    .await;
    let mut client = RawClient::new(stage.address).await;
    client
        .send(format!(
            "PUT http://example.com/ HTTP/1.1\r\nContent-Length: 1000000\r\nProxy-Authorization: {}\r\n\r\nabc",
            basic(TOKEN)
        ))
        .await;
    let all = client.rest().await;
    assert!(all.starts_with("HTTP/1.1 413 ") && all.contains("connection: close\r\n") && all.ends_with("big"), "{all}");
}

#[tokio::test]
async fn a_large_body_arrives_whole() {
    const SIZE: usize = 4 << 20;
    let stage = Stage::new(allow(&["example.com"]), |mut stream, heard| {
        Box::pin(async move {
            let request = read_request(&mut stream).await.unwrap();
            heard.lock().unwrap().extend_from_slice(request.len().to_string().as_bytes());
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(&vec![b'z'; SIZE]).await.unwrap();
        })
    })
    .await;
    let mut client = RawClient::new(stage.address).await;
    client
        .send(format!(
            "PUT http://example.com/ HTTP/1.1\r\nContent-Length: {SIZE}\r\nProxy-Authorization: {}\r\n\r\n",
            basic(TOKEN)
        ))
        .await;
    client.send(vec![b'y'; SIZE]).await;
    assert!(client.head().await.starts_with("HTTP/1.1 200 "));
    assert!(client.exactly(SIZE).await == vec![b'z'; SIZE]);
    assert!(stage.heard().parse::<usize>().unwrap() > SIZE);
}

#[tokio::test]
async fn a_kept_connection_that_the_server_closed_is_opened_again() {
    let stage = Stage::new(allow(&["example.com"]), |mut stream, _| {
        Box::pin(async move {
            read_request(&mut stream).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
            // and closes without having said so
        })
    })
    .await;
    let mut client = RawClient::new(stage.address).await;
    for _ in 0..5 {
        client.send(get("http://example.com/", "")).await;
        assert!(client.head().await.starts_with("HTTP/1.1 200 "));
        client.exactly(2).await;
    }
}

#[tokio::test]
async fn what_is_not_http_is_a_bad_answer() {
    for response in [
        &b"SSH-2.0-OpenSSH_9.2\r\n"[..],
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"",
    ] {
        let stage = match response {
            [b'S', ..] => {
                Stage::new(allow(&["example.com"]), |stream, heard| {
                    Box::pin(answer(stream, heard, b"SSH-2.0-OpenSSH_9.2\r\n"))
                })
                .await
            }
            [] => Stage::new(allow(&["example.com"]), |stream, _| Box::pin(async move { drop(stream) })).await,
            _ => {
                Stage::new(allow(&["example.com"]), |stream, heard| {
                    Box::pin(answer(
                        stream,
                        heard,
                        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
                    ))
                })
                .await
            }
        };
        let mut client = RawClient::new(stage.address).await;
        client.send(get("http://example.com/", "")).await;
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.1 502 ") && head.contains("X-Cloister-Reason: bad-answer"), "{head}");
    }
}

#[tokio::test]
async fn a_response_head_has_a_size() {
    for (size, status) in [(12 << 10, "200"), (20 << 10, "502")] {
        let serve: Serve = match status {
            "200" => |stream, _| Box::pin(answer_with_head(stream, 12 << 10)),
            _ => |stream, _| Box::pin(answer_with_head(stream, 20 << 10)),
        };
        let stage = Stage::new(allow(&["example.com"]), serve).await;
        let mut client = RawClient::new(stage.address).await;
        client.send(get("http://example.com/", "")).await;
        let head = client.head().await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{size}: {head}");
    }
}

async fn answer_with_head(mut stream: TcpStream, size: usize) {
    read_request(&mut stream).await.unwrap();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: {}\r\n\r\n", "x".repeat(size));
    drop(stream.write_all(head.as_bytes()).await);
    drop(stream.read_to_end(&mut Vec::new()).await);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let limits = Limits { idle: Duration::from_millis(200), ..Limits::default() };
    let stage = Stage::with(
        allow(&["example.com"]),
        |mut stream, _| Box::pin(async move { drop(stream.read_to_end(&mut Vec::new()).await) }),
        limits,
        &[],
    )
    .await;
    let mut client = RawClient::new(stage.address).await;
    client.send(get("http://example.com/", "")).await;
    assert!(client.head().await.starts_with("HTTP/1.1 504 "));
}
