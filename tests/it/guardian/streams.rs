//! Streams from sandboxes to the controller.

use cloister::guardian::limits::Limits;
use cloister::guardian::protocol::{CONTROL_HOST, PIECE_LIMIT, Piece, STREAM_WINDOW};
use tokio::io::AsyncWriteExt;

use super::client::{RawClient, basic, connect, get};
use super::keeper::{Keeper, data};
use super::tunnel::wait_for;
use super::world::{OTHER_TOKEN, Stage, TOKEN, allow, echo, neighbour};

const SHOP: &str = "5h0p5h0p5h0p";
const WINDOW: usize = STREAM_WINDOW as usize;

fn control() -> String {
    format!("{CONTROL_HOST}:443")
}

async fn stage() -> (Stage, Keeper) {
    let stage = Stage::new(allow(&["example.com"]), echo).await;
    let keeper = Keeper::new(&stage).await;
    (stage, keeper)
}

async fn open(stage: &Stage) -> RawClient {
    RawClient::tunnel(stage.address, &control()).await
}

/// Opens a stream and says something, so that the controller knows its number.
async fn opened(stage: &Stage, keeper: &mut Keeper) -> (RawClient, u64) {
    let mut client = open(stage).await;
    client.send("hello").await;
    let (stream, bytes) = keeper.bytes(true).await;
    assert_eq!(bytes, b"hello");
    (client, stream)
}

#[tokio::test]
async fn bytes_go_both_ways_and_nothing_is_dialled() {
    let (stage, mut keeper) = stage().await;
    let (mut client, stream) = opened(&stage, &mut keeper).await;
    for text in ["one", "and another"] {
        keeper.say(stream, data(text)).await;
        assert_eq!(client.text(text.len()).await, text);
        let (_, sandbox, piece) = keeper.next().await;
        assert_eq!((sandbox.as_str(), piece), (SHOP, Piece::Taken(text.len().try_into().unwrap())));
    }
    assert!(stage.dials().is_empty() && stage.world.asked.lock().unwrap().is_empty());
    assert!(keeper.events().is_empty(), "the controller knows what it does");
}

#[tokio::test]
async fn a_stream_is_for_who_has_the_token_and_an_end_to_speak_to() {
    let (stage, keeper) = stage().await;
    let wrong = connect(&control()).replace(&basic(TOKEN), &basic("wrong"));
    for (request, status) in [
        (wrong, "407"),
        (connect(&format!("{CONTROL_HOST}:80")), "403"),
        (connect("cloister-control.invalid.example:443"), "403"),
        (get(&format!("http://{CONTROL_HOST}/"), "Connection: close\r\n"), "403"),
        (get(&format!("http://{CONTROL_HOST}:443/"), "Connection: close\r\n"), "403"),
    ] {
        let mut client = RawClient::new(stage.address).await;
        client.send(request).await;
        assert!(client.rest().await.starts_with(&format!("HTTP/1.1 {status} ")));
    }
    keeper.hello(false).await;
    let mut client = RawClient::new(stage.address).await;
    client.send(connect(&control())).await;
    let answer = client.rest().await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("X-Cloister-Reason: control-plane"), "{answer}");
    assert!(answer.contains("cloister guardian start"), "{answer}");
}

/// No rule makes it a destination.
#[tokio::test]
async fn a_list_cannot_lead_it_elsewhere() {
    let stage = Stage::new(allow(&["cloister-control.invalid", "cloister-control.invalid:443/raw"]), echo).await;
    let mut client = RawClient::new(stage.address).await;
    client.send(connect(&control())).await;
    assert!(client.rest().await.starts_with("HTTP/1.1 503 "));
    assert!(stage.dials().is_empty());
}

#[tokio::test]
async fn sandboxes_are_named_by_the_guardian() {
    let (stage, mut keeper) = stage().await;
    let (_client, first) = opened(&stage, &mut keeper).await;
    let address = stage.proxy.admit(&neighbour(8, allow(&[]))).await.unwrap();
    let mut other = RawClient::of_neighbour(8, address).await;
    other.send(connect(&control()).replace(&basic(TOKEN), &basic(OTHER_TOKEN))).await;
    other.head().await;
    other.send(format!("{{\"sandbox\":\"{SHOP}\"}}")).await;
    let (second, sandbox, _) = keeper.next().await;
    assert!(second > first && sandbox == "07he207he208", "{sandbox}");
}

#[tokio::test]
async fn ends_are_passed_on_one_by_one() {
    let (stage, mut keeper) = stage().await;
    let (mut client, stream) = opened(&stage, &mut keeper).await;
    client.stream.shutdown().await.unwrap();
    assert_eq!(keeper.next().await.2, Piece::End);
    keeper.say(stream, data("answer")).await;
    keeper.say(stream, Piece::End).await;
    assert_eq!(client.rest().await, "answer");
    assert_eq!(keeper.next().await.2, Piece::Taken(6));
    wait_for(|| stage.proxy.status().connections == 0).await;
    assert!(keeper.says_nothing().await, "both ends are no reset");
}

#[tokio::test]
async fn what_breaks_is_a_reset_on_both_sides() {
    let window = || vec![data([7; PIECE_LIMIT]); WINDOW / PIECE_LIMIT];
    for (why, pieces) in [
        ("reset", vec![Piece::Reset]),
        ("a piece that is too large", vec![data([7; PIECE_LIMIT + 1])]),
        ("no base64", vec![Piece::Data("\u{1b}[2J".to_owned())]),
        ("more than was sent is taken", vec![Piece::Taken(6)]),
        ("bytes behind the end", vec![Piece::End, data("x")]),
        ("more than the window", [window(), window(), window()].concat()),
    ] {
        let (stage, mut keeper) = stage().await;
        let (client, stream) = opened(&stage, &mut keeper).await;
        for piece in pieces.into_iter().cycle().take(if why.contains("window") { 4000 } else { 2 }) {
            keeper.say(stream, piece).await;
        }
        wait_for(|| stage.proxy.status().connections == 0).await;
        let mut byte = [0; 1 << 16];
        let broken = loop {
            client.stream.readable().await.unwrap();
            match client.stream.try_read(&mut byte) {
                Ok(1..) => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Ok(0) => break false,
                Err(_) => break true,
            }
        };
        assert!(broken || why == "bytes behind the end", "{why}");
        if why != "reset" {
            while keeper.next().await.2 != Piece::Reset {}
        }
        assert!(keeper.says_nothing().await, "{why}");
    }
}

#[tokio::test]
async fn sandboxes_that_leave_reset_and_so_does_another_hello() {
    let (stage, mut keeper) = stage().await;
    let (client, stream) = opened(&stage, &mut keeper).await;
    client.stream.set_zero_linger().unwrap();
    drop(client);
    assert_eq!(keeper.next().await, (stream, SHOP.to_owned(), Piece::Reset));
    let (mut client, stream) = opened(&stage, &mut keeper).await;
    stage.proxy.withdraw(SHOP);
    assert_eq!(keeper.next().await, (stream, SHOP.to_owned(), Piece::Reset));
    client.rest().await;
    let stage = Stage::new(allow(&[]), echo).await;
    let mut keeper = Keeper::new(&stage).await;
    let (mut client, old) = opened(&stage, &mut keeper).await;
    keeper.hello(true).await;
    client.rest().await;
    let (_client, new) = opened(&stage, &mut keeper).await;
    assert!(new > old, "a number is never used again");
}

#[tokio::test]
async fn a_controller_that_takes_nothing_holds_the_client_back() {
    let (stage, mut keeper) = stage().await;
    let mut client = open(&stage).await;
    let bytes: Vec<u8> = (0..=250).cycle().take(4 << 20).collect();
    let (mut reader, mut writer) = client.stream.split();
    let _ = &mut reader;
    let receiving = async {
        let mut got = Vec::new();
        while got.len() < WINDOW {
            got.extend(keeper.bytes(false).await.1);
        }
        assert!(got.len() == WINDOW && keeper.says_nothing().await, "the window is full");
        keeper.say(1, Piece::Taken(STREAM_WINDOW)).await;
        while got.len() < bytes.len() {
            got.extend(keeper.bytes(true).await.1);
        }
        assert!(got == bytes);
    };
    let (sent, ()) = tokio::join!(writer.write_all(&bytes), receiving);
    sent.unwrap();
}

#[tokio::test]
async fn a_client_that_reads_nothing_holds_the_controller_back() {
    let (stage, mut keeper) = stage().await;
    let (mut client, stream) = opened(&stage, &mut keeper).await;
    let (mut room, mut sent) = (WINDOW, 0);
    loop {
        while room >= PIECE_LIMIT {
            keeper.say(stream, data([9; PIECE_LIMIT])).await;
            (room, sent) = (room - PIECE_LIMIT, sent + PIECE_LIMIT);
        }
        if keeper.says_nothing().await {
            break;
        }
        // what was said there is lost: it was a whole piece
        room += PIECE_LIMIT;
        assert!(sent < 64 << 20, "it takes everything");
    }
    assert!(client.exactly(sent).await.iter().all(|byte| *byte == 9));
    let (mut other, _) = opened_beside(&stage, &mut keeper).await;
    other.send("x").await;
}

/// Another stream works, whatever is still said about the first.
async fn opened_beside(stage: &Stage, keeper: &mut Keeper) -> (RawClient, u64) {
    let mut client = open(stage).await;
    client.send("hello").await;
    loop {
        if let (stream, _, Piece::Data(_)) = keeper.next().await {
            return (client, stream);
        }
    }
}

#[tokio::test]
async fn streams_are_counted() {
    let limits = Limits { streams: 2, total_streams: 10, ..Limits::default() };
    let stage = Stage::with(allow(&["example.com"]), echo, limits, &[]).await;
    let keeper = Keeper::new(&stage).await;
    let (_first, _second) = (open(&stage).await, open(&stage).await);
    let mut third = RawClient::new(stage.address).await;
    third.send(connect(&control())).await;
    let answer = third.rest().await;
    assert!(answer.starts_with("HTTP/1.1 429 ") && answer.contains("X-Cloister-Reason: limit"), "{answer}");
    drop(RawClient::tunnel(stage.address, "example.com:443").await);
    keeper.say(1, Piece::Reset).await;
    wait_for(|| stage.proxy.status().connections == 1).await;
    open(&stage).await;
}
