use std::os::unix::net::UnixListener;

use super::{is_alive, leaving, upstream};

#[test]
fn only_on_link_routes_stay_inside() {
    let head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
    let cases = [
        ("", vec![]),
        ("eth0\t0000DE0A\t00000000\t0001\t0\t0\t0\tF0FFFFFF\t0\t0\t0\n", vec![]),
        ("eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n", vec!["0.0.0.0 via 172.17.0.1 on eth0"]),
        ("eth0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n", vec!["0.0.0.0 via 0.0.0.0 on eth0"]),
        ("eth0\t0000000A\t010011AC\t0003\t0\t0\t0\t000000FF\t0\t0\t0\n", vec!["10.0.0.0 via 172.17.0.1 on eth0"]),
        ("what is this\n", vec!["\"what is this\" is not understood"]),
    ];
    for (route, expected) in cases {
        assert_eq!(leaving(&format!("{head}{route}")), expected, "{route:?}");
    }
}

#[test]
fn the_embedded_resolver_may_forward_to_nobody() {
    let cases: [(&str, &[&str]); 6] = [
        ("nameserver 127.0.0.11\n# ExtServers: [127.0.0.1]\n", &[]),
        ("nameserver 127.0.0.11\n# ExtServers: []\n", &[]),
        ("nameserver 127.0.0.11\n", &[]),
        ("# ExtServers: [host(127.0.0.53)]\n", &["host(127.0.0.53)"]),
        ("# ExtServers: [127.0.0.1 192.0.2.53]\n", &["192.0.2.53"]),
        ("# ExtServers: [fe80::1%eth0]\n", &["fe80::1%eth0"]),
    ];
    for (resolv, expected) in cases {
        assert_eq!(upstream(resolv), expected, "{resolv:?}");
    }
}

#[test]
fn a_socket_counts_while_somebody_listens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docker.sock");
    assert!(!is_alive(&path), "absent");
    let listener = UnixListener::bind(&path).unwrap();
    assert!(is_alive(&path), "listening");
    drop(listener);
    assert!(!is_alive(&path), "left behind");
    assert!(!is_alive(folder.path()), "a folder");
}
