use super::{interface_names, nameservers, on_link, unclaimed};

#[test]
fn resolvers_are_read() {
    let text =
        "# comment\nnameserver 127.0.0.11\noptions ndots:0\n  nameserver\t2001:db8::1  # x\nnameserver\nnameserver x\n";
    assert_eq!(nameservers(text).iter().map(ToString::to_string).collect::<Vec<_>>(), ["127.0.0.11", "2001:db8::1"]);
}

#[test]
fn interfaces_are_read() {
    let text = "Inter-| Receive\n face |bytes\n    lo: 1 2\n  eth0:12 3\n";
    assert_eq!(interface_names(text), ["eth0"]);
}

#[test]
fn on_link_networks_are_read() {
    let text = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n\
        eth0\t0000DE0A\t00000000\t0001\t0\t0\t0\tF0FFFFFF\t0\t0\t0\n\
        eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";
    let found: Vec<String> = on_link(text).iter().map(|(net, mask)| format!("{net} {mask}")).collect();
    assert_eq!(found, ["10.222.0.0 255.255.255.240"]);
}

#[test]
fn neighbours_that_nobody_claims_are_read() {
    let text = "IP address       HW type     Flags       HW address            Mask     Device\n\
        10.222.0.18      0x1         0x2         02:42:0a:de:00:12     *        eth0\n\
        10.222.0.17      0x1         0x0         00:00:00:00:00:00     *        eth0\n\
        10.222.0.19      0x1         0x6         02:42:0a:de:00:13     *        eth0\n\
        10.222.0.20\n";
    assert_eq!(unclaimed(text).iter().map(ToString::to_string).collect::<Vec<_>>(), ["10.222.0.17"]);
    assert!(unclaimed("").is_empty());
}
