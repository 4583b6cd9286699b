//! The program itself, on its standard streams: what it does with descriptors, and without a controller.

use std::io::{BufRead, BufReader, Write};
use std::net::Ipv4Addr;
use std::process::{Child, ChildStdin, Command as Program, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use cloister::guardian::protocol::{Admission, Answer, Command, Message, PROXY_PORT, Request, VERSION};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::net::TcpSocket;

use super::client::{RawClient, get};
use super::world::{allow, shop};

struct Guardian {
    child: Child,
    input: Option<ChildStdin>,
    network: [u8; 3],
}

static NETWORKS: AtomicU8 = AtomicU8::new(0);

impl Guardian {
    /// Starts it with these limits of `ulimit`, and sandboxes on networks of 127.0.0.0/8 that nobody else has.
    fn start(ulimit: &str, sandboxes: u8) -> Self {
        let mut program = Program::new("sh");
        program.args(["-c", &format!("{ulimit}\nexec \"$0\""), env!("CARGO_BIN_EXE_cloister-guardian")]);
        let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let process = std::process::id().to_le_bytes();
        let network = [100 + NETWORKS.fetch_add(1, Ordering::Relaxed), process[0], process[1]];
        let mut guardian = Self { input: child.stdin.take(), child, network };
        let hello = Command::Hello { version: VERSION, epoch: String::new(), acknowledged: 0, keeps: false };
        let admissions = (0..sandboxes).map(|number| {
            let sandbox = format!("sandbox{number}");
            let subnet = format!("{}/28", guardian.address(number, 0)).parse().unwrap();
            let listen = guardian.address(number, 2);
            Command::Admit(Box::new(Admission { sandbox, subnet, listen, ..shop(allow(&["example.com"])) }))
        });
        let commands: Vec<Command> = std::iter::once(hello).chain(admissions).collect();
        let mut output = BufReader::new(guardian.child.stdout.take().unwrap());
        for (id, command) in (1..).zip(commands) {
            let line = serde_json::to_string(&Request { id, command }).unwrap();
            writeln!(guardian.input.as_mut().unwrap(), "{line}").unwrap();
            let mut answer = String::new();
            while answer.trim().is_empty() {
                answer.clear();
                assert_ne!(output.read_line(&mut answer).unwrap(), 0, "it ended");
            }
            let answer = serde_json::from_str(&answer).unwrap();
            let welcome = matches!(answer, Message::Answer { answer: Answer::Welcome { .. } | Answer::Done, .. });
            assert!(welcome, "{answer:?}");
        }
        guardian
    }

    fn address(&self, sandbox: u8, host: u8) -> Ipv4Addr {
        let [one, two, three] = self.network;
        Ipv4Addr::new(127, one, two ^ three, sandbox * 16 + host)
    }

    /// A client on the network of a sandbox.
    async fn client(&self, sandbox: u8) -> RawClient {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((self.address(sandbox, 3), 0).into()).unwrap();
        RawClient::over(socket.connect((self.address(sandbox, 2), PROXY_PORT).into()).await.unwrap())
    }

    fn files(&self) -> Rlimit {
        let text = std::fs::read_to_string(format!("/proc/{}/limits", self.child.id())).unwrap();
        let line = text.lines().find(|line| line.starts_with("Max open files")).unwrap();
        let mut numbers = line.split_whitespace().skip(3).map(|number| number.parse().ok());
        Rlimit { current: numbers.next().unwrap(), maximum: numbers.next().unwrap() }
    }

    fn set_files(&self, limit: Rlimit) {
        let process = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        prlimit(process, Resource::Nofile, limit).unwrap();
    }

    /// The number that the next descriptor gets.
    fn next_descriptor(&self) -> u64 {
        let exists = |number: &u64| std::fs::exists(format!("/proc/{}/fd/{number}", self.child.id())).unwrap();
        (0..).take_while(exists).count() as u64
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

async fn refused(client: &mut RawClient) {
    client.send(get("http://evil.test/", "")).await;
    assert!(client.head().await.starts_with("HTTP/1.1 403 "));
    client.until("reload\n").await;
}

#[tokio::test]
async fn without_descriptors_only_new_connections_wait() {
    let guardian = Guardian::start("ulimit -S -n 256", 1);
    let limit = guardian.files();
    assert_eq!(limit.current, limit.maximum, "the soft limit is raised to the hard one");
    let mut old = guardian.client(0).await;
    refused(&mut old).await;
    guardian.set_files(Rlimit { current: Some(guardian.next_descriptor()), ..limit });
    let mut new = guardian.client(0).await;
    new.send(get("http://evil.test/", "")).await;
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(30)).await;
        refused(&mut old).await;
    }
    let waiting = new.stream.try_read(&mut [0; 16]);
    assert_eq!(waiting.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    guardian.set_files(limit);
    assert!(new.head().await.starts_with("HTTP/1.1 403 "));
    refused(&mut old).await;
}

#[tokio::test]
async fn few_descriptors_are_shared() {
    // (192 - 160) / 2 connections, which eight sandboxes want all of
    let guardian = Guardian::start("ulimit -n 192", 9);
    let mut clients = Vec::new();
    for (sandbox, share) in (0..).zip([4, 3, 2, 2, 1, 1, 1, 1]) {
        for _ in 0..share {
            let mut client = guardian.client(sandbox).await;
            refused(&mut client).await;
            clients.push(client);
        }
        let mut one_more = guardian.client(sandbox).await;
        assert!(one_more.rest().await.starts_with("HTTP/1.1 503 "), "more than its share: {sandbox}");
    }
    let mut last = guardian.client(8).await;
    refused(&mut last).await;
    clients.push(last);
    let mut one_more = guardian.client(8).await;
    assert!(one_more.rest().await.starts_with("HTTP/1.1 503 "), "more than all");
    for client in &mut clients {
        refused(client).await;
    }
}

#[tokio::test]
async fn without_a_controller_the_last_policy_stays_and_nothing_new_comes() {
    let mut guardian = Guardian::start(":", 1);
    let mut old = guardian.client(0).await;
    refused(&mut old).await;
    drop(guardian.input.take());
    tokio::time::sleep(Duration::from_millis(50)).await;
    refused(&mut old).await;
    refused(&mut guardian.client(0).await).await;
    assert!(guardian.child.try_wait().unwrap().is_none(), "it goes on");
}
