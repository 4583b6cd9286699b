use super::{closed, of};

#[test]
fn a_network_is_closed_when_all_of_it_is() {
    for (network, expected) in [
        ("169.254.0.0/16", Some("a link-local address")),
        ("169.254.169.254/32", Some("a link-local address")),
        ("fe80::/10", Some("a link-local address")),
        ("fd00:ec2::254/128", Some("a metadata service")),
        ("168.63.129.16/32", Some("a metadata service")),
        ("100.100.100.200/32", Some("a metadata service")),
        ("224.0.0.0/4", Some("a multicast address")),
        ("ff02::/16", Some("a multicast address")),
        ("0.0.0.0/32", Some("an unspecified address")),
        ("::/128", Some("a loopback or IPv4-compatible address")),
        // these have private addresses as well, and what is closed in them stays closed
        ("100.64.0.0/10", None),
        ("fd00::/8", None),
        ("128.0.0.0/1", None),
        ("10.0.0.0/8", None),
        ("192.0.2.0/24", None),
        ("93.184.216.0/24", None),
    ] {
        assert_eq!(closed(network.parse().expect(network)), expected, "{network}");
    }
}

#[test]
fn an_address_may_lie_in_several_ranges() {
    let names = |text: &str| of(text.parse().expect(text)).map(|range| range.name).collect::<Vec<_>>();
    assert_eq!(names("100.100.100.200"), ["a shared address", "a metadata service"]);
    assert_eq!(names("93.184.216.34"), Vec::<&str>::new());
}
