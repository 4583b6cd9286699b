//! The channel: hello first, answers by number, events until they are acknowledged, and a client that stalls.

use std::fmt::Write as _;
use std::time::Duration;

use cloister::guardian::protocol::{Answer, Command, Event, Happening, Message, Request, VERSION};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf};
use tokio::time::timeout;

use super::client::{RawClient, basic, connect, get};
use super::world::{PUBLIC, Stage, TOKEN, allow, echo, ok, shop};

/// A controller at the other end of the guardian's standard streams.
struct Controller {
    input: WriteHalf<DuplexStream>,
    output: BufReader<ReadHalf<DuplexStream>>,
    events: Vec<Event>,
    last_id: u64,
}

impl Controller {
    fn new(stage: &Stage, buffer: usize) -> Self {
        let (ours, theirs) = tokio::io::duplex(buffer);
        let (read, write) = tokio::io::split(theirs);
        tokio::spawn(cloister::guardian::channel::serve(read, write, stage.proxy.clone(), "epoch".to_owned()));
        let (output, input) = tokio::io::split(ours);
        Self { input, output: BufReader::new(output), events: Vec::new(), last_id: 0 }
    }

    async fn send(&mut self, command: Command) -> u64 {
        self.last_id += 1;
        let mut line = serde_json::to_vec(&Request { id: self.last_id, command }).unwrap();
        line.push(b'\n');
        self.input.write_all(&line).await.unwrap();
        self.last_id
    }

    /// Sends a command and returns its answer; events on the way are kept.
    async fn ask(&mut self, command: Command) -> Answer {
        let wanted = self.send(command).await;
        loop {
            match self.message().await {
                Message::Answer { id, answer } if id == wanted => return answer,
                Message::Answer { id, .. } => panic!("an answer to {id}"),
                Message::Event(event) => self.events.push(event),
                Message::Stream { .. } => panic!("a stream that nobody opened"),
            }
        }
    }

    async fn hello(&mut self, epoch: &str, acknowledged: u64) -> Answer {
        self.input.write_all(b"\n").await.unwrap();
        self.ask(Command::Hello { version: VERSION, epoch: epoch.to_owned(), acknowledged, keeps: false }).await
    }

    async fn message(&mut self) -> Message {
        loop {
            let mut line = String::new();
            timeout(Duration::from_secs(20), self.output.read_line(&mut line))
                .await
                .expect("the guardian says nothing")
                .unwrap();
            assert!(!line.is_empty(), "the channel ended");
            if line.trim().is_empty() {
                continue;
            }
            return serde_json::from_str(&line).unwrap();
        }
    }

    async fn event(&mut self) -> Event {
        if !self.events.is_empty() {
            return self.events.remove(0);
        }
        match self.message().await {
            Message::Event(event) => event,
            other => panic!("{other:?}"),
        }
    }
}

async fn refused_request(stage: &Stage) {
    let mut client = RawClient::new(stage.address).await;
    client.send(connect("evil.test:443")).await;
    client.rest().await;
}

#[tokio::test]
async fn hello_comes_first() {
    let stage = Stage::new(allow(&[]), echo).await;
    let mut controller = Controller::new(&stage, 1 << 16);
    assert!(matches!(controller.ask(Command::Status).await, Answer::Failed { .. }));
    let old = controller
        .ask(Command::Hello { version: VERSION + 1, epoch: String::new(), acknowledged: 0, keeps: false })
        .await;
    assert!(
        matches!(old, Answer::Welcome { version: VERSION, .. }),
        "so that the other side sees which version this is"
    );
    assert!(matches!(controller.ask(Command::Status).await, Answer::Failed { .. }));
    let welcome = controller.hello("", 0).await;
    let expected =
        Answer::Welcome { version: VERSION, epoch: "epoch".to_owned(), sandboxes: vec!["5h0p5h0p5h0p".to_owned()] };
    assert_eq!(welcome, expected);
}

#[tokio::test]
async fn broken_lines_are_skipped() {
    let stage = Stage::new(allow(&[]), echo).await;
    let mut controller = Controller::new(&stage, 1 << 16);
    controller.input.write_all(b"{\"id\":1,\"command\":{\"sta").await.unwrap();
    controller.hello("", 0).await;
    for line in [
        &b"\n\n"[..],
        b"\xff\xfe\n",
        b"{}\n",
        b"{\"id\":9,\"command\":\"explode\"}\n",
        b"{\"id\":9,\"command\":\"status\",\"extra\":1}\n",
    ] {
        controller.input.write_all(line).await.unwrap();
    }
    assert!(matches!(controller.ask(Command::Status).await, Answer::Status(_)));
}

#[tokio::test]
async fn lines_that_are_too_long_are_skipped() {
    let stage = Stage::new(allow(&[]), echo).await;
    let mut controller = Controller::new(&stage, 1 << 20);
    controller.hello("", 0).await;
    let chunk = vec![b'x'; 1 << 20];
    for _ in 0..17 {
        controller.input.write_all(&chunk).await.unwrap();
    }
    controller.input.write_all(b"\n").await.unwrap();
    assert!(matches!(controller.ask(Command::Status).await, Answer::Status(_)));
}

#[tokio::test]
async fn sandboxes_come_and_go() {
    let stage = Stage::new(allow(&[]), echo).await;
    stage.proxy.withdraw("5h0p5h0p5h0p");
    let mut controller = Controller::new(&stage, 1 << 16);
    controller.hello("", 0).await;
    assert_eq!(controller.ask(Command::Admit(Box::new(shop(allow(&["example.com"]))))).await, Answer::Done);
    let Answer::Status(status) = controller.ask(Command::Status).await else { panic!("no status") };
    assert_eq!(status.sandboxes, ["5h0p5h0p5h0p"]);
    let Answer::Failed { reason } = controller.ask(Command::Admit(Box::new(shop(allow(&["*.com"]))))).await else {
        panic!("admitted")
    };
    assert!(
        reason.starts_with(
            "cannot take the policy of sandbox 5h0p5h0p5h0p: cannot read the rule \"*.com\": a wildcard over"
        ),
        "{reason}"
    );
    assert_eq!(controller.ask(Command::Withdraw { sandbox: "5h0p5h0p5h0p".to_owned() }).await, Answer::Done);
    assert_eq!(controller.ask(Command::Withdraw { sandbox: "nobody".to_owned() }).await, Answer::Done);
    assert!(stage.proxy.sandboxes().is_empty());
}

#[tokio::test]
async fn decisions_are_events() {
    let stage = Stage::new(allow(&["example.com:443/raw"]), echo).await;
    let mut controller = Controller::new(&stage, 1 << 16);
    controller.hello("", 0).await;
    let mut client = RawClient::tunnel(stage.address, "example.com:443").await;
    client.send("hello").await;
    client.exactly(5).await;
    drop(client);
    let opened = controller.event().await;
    assert_eq!((opened.number, opened.sandbox.as_str()), (1, "5h0p5h0p5h0p"));
    let Happening::Decision { connection, method, host, port, allowed, reason, rule, address } = opened.what else {
        panic!("{opened:?}")
    };
    assert_eq!((method.as_str(), host.as_str(), port, allowed), ("CONNECT", "example.com", 443, true));
    assert_eq!(
        (reason.as_str(), rule.as_str(), address),
        ("listed", "example.com:443/raw", None),
        "nothing was dialled yet"
    );
    let closed = controller.event().await;
    assert!(
        matches!(
            closed.what,
            Happening::Closed { connection: ended, address, sent: 5, received: 5, .. }
                if ended == connection && address == PUBLIC.parse().ok()
        ),
        "{closed:?}"
    );
}

/// Not in an event, not in the status, and not on its way to a server.
#[tokio::test]
async fn the_token_is_never_said() {
    let stage = Stage::new(allow(&["example.com"]), ok).await;
    let mut controller = Controller::new(&stage, 1 << 16);
    controller.hello("", 0).await;
    let mut said = String::new();
    for request in
        [get("http://example.com/", "Connection: close\r\n"), connect("evil.test:443"), "x\r\n\r\n".to_owned()]
    {
        let mut client = RawClient::new(stage.address).await;
        client.send(request).await;
        said += &client.rest().await;
        write!(said, "{:?}", controller.event().await).unwrap();
    }
    write!(said, "{:?}", controller.ask(Command::Status).await).unwrap();
    said += &stage.heard();
    for secret in [TOKEN, basic(TOKEN).trim_start_matches("Basic ")] {
        assert!(said.contains("not-listed") && !said.contains(secret), "{said}");
    }
}

#[tokio::test]
async fn events_wait_for_a_client_and_are_sent_again_until_acknowledged() {
    let stage = Stage::new(allow(&[]), echo).await;
    refused_request(&stage).await;
    refused_request(&stage).await;
    let mut first = Controller::new(&stage, 1 << 16);
    first.hello("", 0).await;
    assert_eq!((first.event().await.number, first.event().await.number), (1, 2));
    first.send(Command::Acknowledge { event: 1 }).await;
    assert!(matches!(first.message().await, Message::Answer { answer: Answer::Done, .. }));
    drop(first);
    let mut second = Controller::new(&stage, 1 << 16);
    second.hello("another epoch", 99).await;
    assert_eq!(second.event().await.number, 2);
}

#[tokio::test]
async fn a_client_that_does_not_read_never_stops_the_proxy() {
    let stage = Stage::new(allow(&["example.com"]), echo).await;
    let mut controller = Controller::new(&stage, 256);
    controller.hello("", 0).await;
    for _ in 0..50 {
        refused_request(&stage).await;
    }
    RawClient::tunnel(stage.address, "example.com:443").await;
    assert_eq!(stage.proxy.status().refused, 50);
}
