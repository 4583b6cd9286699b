use super::*;

const FIB_TRIE: &str = "Main:
  +-- 0.0.0.0/0 3 0 4
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
           |-- 127.0.0.1
              /32 host LOCAL
        |-- 127.255.255.255
           /32 link BROADCAST
           |-- 192.0.2.0
              /24 link UNICAST
           |-- 192.0.2.2
              /32 host LOCAL
Local:
     |-- 192.0.2.2
        /32 host LOCAL
     |-- 198.51.100.7
        /32 universe UNICAST
";

const IF_INET6: &str = "\
fe80000000000000004290fffe175170 05 40 20 80  docker0
00000000000000000000000000000001 01 80 10 80       lo
broken
";

const ROUTE: &str = "\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
broken
";

#[test]
fn local_addresses_are_those_of_scope_host() {
    let expected = ["127.0.0.1", "192.0.2.2"].map(|text| text.parse::<Ipv4Addr>().unwrap());
    assert_eq!(local_v4(FIB_TRIE), BTreeSet::from(expected));
    let expected = ["fe80::42:90ff:fe17:5170", "::1"].map(|text| text.parse::<Ipv6Addr>().unwrap());
    assert_eq!(local_v6(IF_INET6), BTreeSet::from(expected));
}

#[cfg(target_endian = "little")]
#[test]
fn routes_are_read_without_the_default() {
    assert_eq!(destinations(ROUTE), ["172.17.0.0/16".parse::<Ipv4Net>().unwrap()]);
}

#[test]
fn garbage_is_no_address() {
    for text in ["", "\n\n", "|-- x\n/32 host LOCAL", "/32 host LOCAL"] {
        assert!(local_v4(text).is_empty(), "{text:?}");
        assert!(local_v6(text).is_empty(), "{text:?}");
        assert!(destinations(text).is_empty(), "{text:?}");
    }
}
