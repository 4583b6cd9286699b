use std::net::Ipv4Addr;

use super::{Rule, targets};
use crate::sandbox::probe::facts::Files;
use crate::sandbox::protocol::ProbeRequest;

fn request(forbidden: &[&str], canary_port: u16) -> ProbeRequest {
    ProbeRequest {
        guardian: Ipv4Addr::new(10, 222, 0, 2),
        guardian_port: 3128,
        forbidden: forbidden.iter().map(|address| address.parse().unwrap()).collect(),
        canary_port,
        nonce: "n".to_owned(),
        user: "1000:1000".to_owned(),
        capabilities: 0,
        mounts: Vec::new(),
    }
}

fn labels(request: &ProbeRequest, files: &Files) -> Vec<String> {
    targets(request, files).iter().map(|target| format!("{} {}", target.id, target.label())).collect()
}

#[test]
fn the_table_is_complete() {
    let files =
        Files { nameservers: vec!["127.0.0.11".parse().unwrap(), "9.9.9.9".parse().unwrap()], interfaces: vec![7] };
    let expected = [
        "guardian 10.222.0.2 tcp 3128",
        "gateway 10.222.0.1 tcp 4711,22,53,80,443,2375 udp 53",
        "host-address 192.0.2.9 tcp 4711,22,53,80,443,2375 udp 53",
        "host-address fe80::9%7 tcp 4711,22,53,80,443,2375 udp 53",
        "internet 1.1.1.1 tcp 53,443,853 udp 53",
        "internet 8.8.8.8 tcp 53,443 udp 53",
        "metadata 169.254.169.254 tcp 80",
        "dns-embedded 127.0.0.11 udp 53",
        "dns-resolver 9.9.9.9 udp 53",
        "ipv6 2606:4700:4700::1111 tcp 443 udp 53",
        "ipv6-link-local fe80::1%7 udp 53",
    ];
    assert_eq!(labels(&request(&["10.222.0.1", "127.0.0.1", "::1", "192.0.2.9", "fe80::9"], 4711), &files), expected);
}

#[test]
fn without_a_canary_its_port_is_not_tried() {
    let list = labels(&request(&["192.0.2.9"], 0), &Files::default());
    assert!(list.contains(&"host-address 192.0.2.9 tcp 22,53,80,443,2375 udp 53".to_owned()), "{list:?}");
}

#[test]
fn only_the_guardian_may_be_reached() {
    let list = targets(&request(&["10.222.0.1"], 1), &Files::default());
    let reachable: Vec<&str> =
        list.iter().filter(|target| target.rule == Rule::Reachable).map(|target| target.id).collect();
    assert_eq!(reachable, ["guardian"]);
}
