//! What an agent tries against its network, one line of data each: `tests/golden/network/*.json`.
//!
//! `{GATEWAY}` is where a bridge has the host, `{HOSTS}` are the host's other addresses, `{BRIDGE6}` its link-local address
//! on the bridge, `{CANARY}` a port that the host listens on everywhere, with TCP and UDP, `{GUARDIAN}` the guardian.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::attempts::surprises;
use super::{User, inspect, text};

/// Counts whoever gets through to the host.
pub(super) struct Canary {
    pub(super) port: u16,
    pub(super) hits: Arc<AtomicUsize>,
}

impl Canary {
    pub(super) fn new() -> Self {
        let hits = Arc::new(AtomicUsize::new(0));
        // a kernel may have no IPv6
        let everywhere = |port| [(Ipv6Addr::UNSPECIFIED, port).into(), (Ipv4Addr::UNSPECIFIED, port).into()];
        let listener = TcpListener::bind::<&[SocketAddr]>(&everywhere(0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let datagrams = UdpSocket::bind::<&[SocketAddr]>(&everywhere(port)).unwrap();
        let (tcp, udp) = (Arc::clone(&hits), Arc::clone(&hits));
        std::thread::spawn(move || {
            while listener.accept().is_ok() {
                tcp.fetch_add(1, Ordering::SeqCst);
            }
        });
        std::thread::spawn(move || {
            while datagrams.recv(&mut [0; 64]).is_ok() {
                udp.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { port, hits }
    }

    /// Reaches it from the host, so that a canary that is deaf is no comfort.
    pub(super) fn is_alive(&self) -> bool {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"x", (Ipv4Addr::LOCALHOST, self.port)).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        self.hits.swap(0, Ordering::SeqCst) == 2
    }
}

/// Returns the addresses of the host that a sandbox might try.
pub(super) fn host_addresses() -> Vec<String> {
    let probe = UdpSocket::bind("0.0.0.0:0").unwrap();
    // no packet is sent: the kernel only chooses an address
    let outward =
        probe.connect("192.0.2.1:9").and_then(|()| probe.local_addr()).map(|address| address.ip().to_string());
    outward.into_iter().chain(["172.17.0.1".to_owned()]).collect()
}

/// Returns the link-local address of an interface of the host, or some where it has none.
fn link_local(interface: &str) -> String {
    let all = std::fs::read_to_string("/proc/net/if_inet6").unwrap_or_default();
    let line = all.lines().find(|line| line.ends_with(interface) && line.starts_with("fe80"));
    let number = line.and_then(|line| u128::from_str_radix(&line[..32], 16).ok());
    number.map_or_else(|| "fe80::1".to_owned(), |number| Ipv6Addr::from(number).to_string())
}

#[test]
fn every_attempt_on_the_network_fails() {
    let user = User::with(r#"{ "image": "debian:bookworm" }"#);
    let listed = user.start();
    let network = inspect("network", text(&listed["network"])).unwrap();
    let (subnet, _) = text(&network["IPAM"]["Config"][0]["Subnet"]).split_once('/').unwrap();
    let address = |host: u32| Ipv4Addr::from(u32::from(subnet.parse::<Ipv4Addr>().unwrap()) + host).to_string();
    let bridge = format!("br-{}", &text(&network["Id"])[..12]);
    let canary = Canary::new();
    assert!(canary.is_alive());
    let fill = |text: &str| {
        text.replace("{GATEWAY}", &address(1))
            .replace("{GUARDIAN}", &address(2))
            .replace("{HOSTS}", &host_addresses().join(" "))
            .replace("{BRIDGE6}", &link_local(&bridge))
            .replace("{CANARY}", &canary.port.to_string())
    };
    let found = surprises(&user, "network", fill, || canary.hits.swap(0, Ordering::SeqCst));
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(canary.is_alive());
}
