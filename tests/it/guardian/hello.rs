//! A tunnel carries TLS for the host that was asked for, or what a rule with `/raw` lets through.

use std::time::Duration;

use cloister::guardian::limits::Limits;
use cloister::guardian::protocol::WirePolicy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::client::{ECH, RawClient, client_hello, connect};
use super::tunnel::wait_for;
use super::world::{PUBLIC, Stage, allow, echo, shop};

/// A fatal `access_denied`.
const DENIED: &[u8] = &[21, 3, 3, 0, 2, 2, 49];

fn fits() -> Vec<u8> {
    client_hello(Some("example.com"), &[])
}

#[tokio::test]
async fn a_hello_for_the_host_goes_through_as_it_is() {
    let policy = WirePolicy {
        permit_addresses: vec!["192.0.2.0/24".parse().unwrap()],
        ..allow(&["example.com", "example.org:8443", "192.0.2.1:443"])
    };
    let stage = Stage::new(policy, echo).await;
    for (target, hello) in [
        ("example.com:443", fits()),
        ("EXAMPLE.com.:443", client_hello(Some("Example.COM"), &[])),
        ("example.org:8443", client_hello(Some("example.org"), &[])),
        // an address has no name
        ("192.0.2.1:443", client_hello(None, &[])),
    ] {
        let mut client = RawClient::tunnel(stage.address, target).await;
        client.send(&hello).await;
        assert!(client.exactly(hello.len()).await == hello, "{target}");
        client.send("and whatever follows").await;
        assert_eq!(client.text(20).await, "and whatever follows");
    }
}

#[tokio::test]
async fn a_hello_may_come_with_the_head_and_more_behind_it() {
    let stage = Stage::new(allow(&["example.com"]), echo).await;
    let early = [fits(), vec![23; 100_000]].concat();
    let mut client = RawClient::new(stage.address).await;
    let (mut reader, mut writer) = client.stream.split();
    let sent = [connect("example.com:443").into_bytes(), early.clone()].concat();
    let mut heard = Vec::new();
    let (written, _) = tokio::join!(writer.write_all(&sent), async {
        while heard.len() < early.len() + 39 {
            reader.read_buf(&mut heard).await.unwrap();
        }
    });
    written.unwrap();
    let (head, rest) = heard.split_at(39);
    assert_eq!(String::from_utf8_lossy(head), "HTTP/1.1 200 Connection Established\r\n\r\n");
    assert!(rest == early);
}

#[tokio::test]
async fn a_hello_may_come_in_pieces_and_records() {
    let stage = Stage::new(allow(&["example.com"]), echo).await;
    let whole = fits();
    let records: Vec<u8> = whole[5..]
        .chunks(9)
        .flat_map(|piece| [&[22, 3, 1, 0, u8::try_from(piece.len()).unwrap()][..], piece].concat())
        .collect();
    for hello in [whole, records] {
        let mut client = RawClient::tunnel(stage.address, "example.com:443").await;
        client.stream.set_nodelay(true).unwrap();
        for piece in hello.chunks(3) {
            client.send(piece).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(client.exactly(hello.len()).await == hello);
    }
}

#[tokio::test]
async fn anything_else_is_closed_and_said() {
    let large = [&[22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xf0][..], &[0; 16 << 10]].concat();
    for (what, bytes, answer, reason) in [
        ("another name", client_hello(Some("evil.test"), &[]), DENIED, "server-name"),
        ("a name below", client_hello(Some("www.example.com"), &[]), DENIED, "server-name"),
        ("no name", client_hello(None, &[]), DENIED, "server-name"),
        ("an address as name", client_hello(Some("93.184.216.34"), &[]), DENIED, "server-name"),
        ("a hidden name", client_hello(Some("example.com"), ECH), DENIED, "ech"),
        ("ssh", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), b"", "not-tls"),
        ("http", b"GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n".to_vec(), b"", "not-tls"),
        ("a hello that is too large", large, b"", "not-tls"),
    ] {
        let stage = Stage::new(allow(&["example.com"]), echo).await;
        let mut client = RawClient::tunnel(stage.address, "example.com:443").await;
        client.send(bytes).await;
        assert_eq!(client.rest().await.as_bytes(), String::from_utf8_lossy(answer).as_bytes(), "{what}");
        assert_eq!(stage.heard(), "", "{what}");
        let status = stage.proxy.status();
        assert_eq!((status.allowed, status.refused), (1, 1), "{what}: the tunnel, and what it carried");
        let refused = &status.refusals[0].refused[0];
        assert_eq!(
            (refused.host.as_str(), refused.port, refused.reason.as_str()),
            ("example.com", 443, reason),
            "{what}"
        );
    }
}

#[tokio::test]
async fn a_port_of_its_own_is_no_licence() {
    let stage = Stage::new(allow(&["example.com:22"]), echo).await;
    let mut client = RawClient::tunnel(stage.address, "example.com:22").await;
    client.send("SSH-2.0-OpenSSH_9.2\r\n").await;
    assert_eq!(client.rest().await, "");
    assert_eq!(stage.heard(), "");
}

#[tokio::test]
async fn raw_rules_let_anything_through_on_their_port() {
    let stage = Stage::new(allow(&["**.example.com", "example.com:22/raw", "*.example.com:443/raw"]), echo).await;
    for target in ["example.com:22", "www.example.com:443"] {
        let mut client = RawClient::tunnel(stage.address, target).await;
        client.send("SSH-2.0-OpenSSH_9.2\r\n").await;
        assert_eq!(client.text(21).await, "SSH-2.0-OpenSSH_9.2\r\n");
    }
    let mut client = RawClient::tunnel(stage.address, "example.com:443").await;
    client.send("SSH-2.0-OpenSSH_9.2\r\n").await;
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn a_server_says_nothing_before_the_hello() {
    let stage = Stage::new(allow(&["example.com"]), |mut stream, _| {
        Box::pin(async move {
            stream.write_all(b"banner").await.unwrap();
            drop(stream.read_to_end(&mut Vec::new()).await);
        })
    })
    .await;
    let mut client = RawClient::tunnel(stage.address, "example.com:443").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let early = client.stream.try_read(&mut [0; 16]);
    assert_eq!(early.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    client.send(fits()).await;
    assert_eq!(client.text(6).await, "banner");
}

#[tokio::test]
async fn a_hello_is_not_waited_for_long() {
    let limits = Limits { hello: Duration::from_millis(200), ..Limits::default() };
    let stage = Stage::with(allow(&["example.com"]), echo, limits, &[]).await;
    for piece in [&b""[..], b"\x16\x03\x01"] {
        let mut client = RawClient::tunnel(stage.address, "example.com:443").await;
        client.send(piece).await;
        assert_eq!(client.rest().await, "");
    }
    let mut client = RawClient::tunnel(stage.address, "example.com:443").await;
    for byte in fits().chunks(1).take(8) {
        client.send(byte).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(client.rest().await, "", "dripping does not extend the time");
    assert_eq!((stage.heard().as_str(), stage.proxy.status().refused), ("", 3));
}

#[tokio::test]
async fn refused_hellos_wait_their_turn() {
    let limits = Limits { refusal_burst: 1, refusal_pace: Duration::from_mins(1), ..Limits::default() };
    let limits = Limits { refusal_wait: Duration::from_mins(1), ..limits };
    let stage = Stage::with(allow(&["example.com"]), echo, limits, &[]).await;
    let mut clients = Vec::new();
    for _ in 0..2 {
        let mut client = RawClient::tunnel(stage.address, "example.com:443").await;
        client.send("no TLS").await;
        clients.push(client);
    }
    wait_for(|| stage.proxy.status().refused == 2).await;
    assert_eq!(clients[0].rest().await, "");
    let waiting = clients[1].stream.try_read(&mut [0; 16]);
    assert_eq!(waiting.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_client_that_leaves_before_its_hello_is_no_refusal() {
    let stage = Stage::new(allow(&["example.com"]), echo).await;
    let mut client = RawClient::tunnel(stage.address, "example.com:443").await;
    client.send(&fits()[..20]).await;
    drop(client);
    wait_for(|| stage.proxy.status().connections == 0).await;
    assert_eq!((stage.proxy.status().refused, stage.heard().as_str()), (0, ""));
}

#[tokio::test]
async fn a_policy_that_wants_tls_cuts_what_nobody_looked_at() {
    let stage = Stage::new(allow(&["example.com", "example.org:443/raw"]), echo).await;
    let mut waiting = RawClient::tunnel(stage.address, "example.com:443").await;
    let mut checked = RawClient::tunnel(stage.address, "example.com:443").await;
    let mut raw = RawClient::tunnel(stage.address, "example.org:443").await;
    checked.send(fits()).await;
    checked.exactly(fits().len()).await;
    stage.proxy.admit(&shop(allow(&["example.com", "example.org"]))).await.unwrap();
    assert_eq!(raw.rest().await, "");
    for client in [&mut waiting, &mut checked] {
        client.send(fits()).await;
        assert!(client.exactly(fits().len()).await == fits(), "stays open");
    }
    stage.proxy.admit(&shop(allow(&["example.com:443/raw"]))).await.unwrap();
    checked.send("still").await;
    assert_eq!(checked.text(5).await, "still", "a wider rule changes nothing for what is open");
    assert!(stage.dials().iter().all(|dial| *dial == format!("{PUBLIC}:443")));
}
