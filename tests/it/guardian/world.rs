//! A world without a network: names from a table, every dial recorded and led to one server in this process.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use cloister::guardian::address::Vetted;
use cloister::guardian::limits::Limits;
use cloister::guardian::protocol::{Admission, WirePolicy};
use cloister::guardian::proxy::Proxy;
use cloister::guardian::world::{Answer, ResolveError, World};
use cloister::policy::host::Host;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Where every name of these tests leads, unless the table says otherwise.
pub(super) const PUBLIC: &str = "93.184.216.34";
/// An address that there is no descriptor left for.
pub(super) const NO_DESCRIPTOR: &str = "93.184.216.24";
/// A name whose answer is late: it comes when a test says so.
pub(super) const SLOW: &str = "slow.example.com";
/// Token of the sandbox `shop`.
pub(super) const TOKEN: &str = "c2hvcC1zaG9wLXNob3Atc2hvcC1zaG9wLXNob3Atc2g";
/// Token of the sandbox `other`.
pub(super) const OTHER_TOKEN: &str = "b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXItb3Q";

pub(super) struct FakeWorld {
    names: BTreeMap<String, Vec<IpAddr>>,
    server: SocketAddr,
    pub(super) asked: Mutex<Vec<String>>,
    pub(super) dials: Mutex<Vec<SocketAddr>>,
    /// One for each answer about [`SLOW`] that may come.
    pub(super) late: Semaphore,
}

impl World for FakeWorld {
    fn resolve<'a>(&'a self, host: &'a Host) -> Answer<'a, Result<Vec<IpAddr>, ResolveError>> {
        self.asked.lock().unwrap().push(host.to_string());
        let answer = self.names.get(host.as_str()).cloned().unwrap_or_else(|| vec![PUBLIC.parse().unwrap()]);
        Box::pin(async move {
            if host.as_str() == SLOW {
                self.late.acquire().await.unwrap().forget();
            }
            Ok(answer)
        })
    }

    fn connect(&self, address: Vetted) -> Answer<'_, io::Result<TcpStream>> {
        self.dials.lock().unwrap().push(address.get());
        if address.get().ip().to_string() == NO_DESCRIPTOR {
            return Box::pin(async { Err(io::Error::from_raw_os_error(rustix::io::Errno::MFILE.raw_os_error())) });
        }
        Box::pin(TcpStream::connect(self.server))
    }
}

/// What the server does with a connection.
pub(super) type Serve = fn(TcpStream, Arc<Mutex<Vec<u8>>>) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// A guardian with one or two sandboxes, and what it can reach.
pub(super) struct Stage {
    pub(super) proxy: Proxy,
    pub(super) world: Arc<FakeWorld>,
    /// Every byte that reached the server.
    pub(super) heard: Arc<Mutex<Vec<u8>>>,
    /// Where the guardian listens for the sandbox `shop`.
    pub(super) address: SocketAddr,
}

impl Stage {
    pub(super) async fn new(policy: WirePolicy, serve: Serve) -> Self {
        Self::with(policy, serve, Limits::default(), &[]).await
    }

    pub(super) async fn with(policy: WirePolicy, serve: Serve, limits: Limits, names: &[(&str, &[&str])]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = |text: &&str| text.parse().unwrap();
        let names = names
            .iter()
            .map(|(name, addresses)| ((*name).to_owned(), addresses.iter().map(address).collect()))
            .collect();
        let server = listener.local_addr().unwrap();
        let (asked, dials, late) = (Mutex::default(), Mutex::default(), Semaphore::new(0));
        let world = Arc::new(FakeWorld { names, server, asked, dials, late });
        let heard: Arc<Mutex<Vec<u8>>> = Arc::default();
        tokio::spawn(run_server(listener, serve, Arc::clone(&heard)));
        let proxy = Proxy::new(Arc::clone(&world) as Arc<dyn World>, limits, 0);
        let address = proxy.admit(&shop(policy)).await.unwrap();
        Self { proxy, world, heard, address }
    }

    pub(super) fn dials(&self) -> Vec<String> {
        self.world.dials.lock().unwrap().iter().map(ToString::to_string).collect()
    }

    pub(super) fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned()
    }
}

async fn run_server(listener: TcpListener, serve: Serve, heard: Arc<Mutex<Vec<u8>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, Arc::clone(&heard)));
    }
}

pub(super) fn shop(policy: WirePolicy) -> Admission {
    Admission {
        sandbox: "5h0p5h0p5h0p".to_owned(),
        name: "shop".to_owned(),
        subnet: "127.0.0.0/28".parse().unwrap(),
        listen: "127.0.0.1".parse().unwrap(),
        token: TOKEN.to_owned(),
        policy,
        hold: 0,
    }
}

/// Another sandbox, on the network 127.0.NUMBER.0/28.
pub(super) fn neighbour(number: u8, policy: WirePolicy) -> Admission {
    Admission {
        sandbox: format!("07he207he2{number:02}"),
        name: format!("other{number}"),
        subnet: format!("127.0.{number}.0/28").parse().unwrap(),
        listen: format!("127.0.{number}.2").parse().unwrap(),
        token: OTHER_TOKEN.to_owned(),
        policy,
        hold: 0,
    }
}

pub(super) fn allow(rules: &[&str]) -> WirePolicy {
    WirePolicy { allow: rules.iter().map(|&rule| rule.to_owned()).collect(), ..WirePolicy::default() }
}

/// Sends back what it hears.
pub(super) fn echo(
    mut stream: TcpStream,
    heard: Arc<Mutex<Vec<u8>>>,
) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            heard.lock().unwrap().extend_from_slice(&buffer[..count]);
            if stream.write_all(&buffer[..count]).await.is_err() {
                return;
            }
        }
        drop(stream.shutdown().await);
    })
}

/// Answers every request head with `ok`; what comes behind a head is only recorded.
pub(super) fn ok(stream: TcpStream, heard: Arc<Mutex<Vec<u8>>>) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(answer(stream, heard, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
}

/// Answers the head of each request with the same bytes; bodies are taken as they are framed.
pub(super) async fn answer(mut stream: TcpStream, heard: Arc<Mutex<Vec<u8>>>, response: &'static [u8]) {
    while let Some(request) = read_request(&mut stream).await {
        heard.lock().unwrap().extend_from_slice(&request);
        if stream.write_all(response).await.is_err() {
            return;
        }
    }
}

/// Reads one request with its body, byte by byte so that nothing of the next one is taken.
pub(super) async fn read_request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8_lossy(&request).to_ascii_lowercase();
    if head.contains("transfer-encoding: chunked") {
        while !request.ends_with(b"0\r\n\r\n") {
            request.push(stream.read_u8().await.ok()?);
        }
    } else if let Some((_, rest)) = head.split_once("content-length: ") {
        let length: usize = rest.lines().next()?.parse().ok()?;
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        request.extend_from_slice(&body);
    }
    Some(request)
}
