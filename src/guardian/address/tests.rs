use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use proptest::prelude::*;

use super::{Forbidden, Vetting, judge, vet};

fn verdict(address: &str, permitted: &[&str]) -> String {
    let permitted: Vec<IpNet> = permitted.iter().map(|text| text.parse().expect("a network")).collect();
    let host: BTreeSet<IpAddr> =
        ["8.8.4.4", "10.1.1.1", "2606:4700::1"].iter().map(|text| text.parse().expect("an address")).collect();
    let sandboxes: Vec<Ipv4Net> = vec!["10.222.0.0/28".parse().expect("a network")];
    let vetting = Vetting { permitted: &permitted, host: &host, sandboxes: &sandboxes };
    match judge(address.parse().expect(address), vetting) {
        Ok(()) => "dial".to_owned(),
        Err(forbidden) => forbidden.to_string(),
    }
}

#[test]
fn only_public_addresses_are_dialled() {
    for (address, expected) in [
        ("93.184.216.34", "dial"),
        ("2606:2800:220:1::1", "dial"),
        ("0.0.0.0", "an unspecified address"),
        ("0.1.2.3", "an unspecified address"),
        ("10.0.0.1", "a private address"),
        ("100.64.0.1", "a shared address"),
        ("100.100.100.200", "a metadata service"),
        ("127.0.0.1", "a loopback address"),
        ("127.255.255.254", "a loopback address"),
        ("168.63.129.16", "a metadata service"),
        ("169.254.169.254", "a link-local address"),
        ("172.16.0.1", "a private address"),
        ("172.32.0.1", "dial"),
        ("192.0.0.1", "a reserved address"),
        ("192.0.2.1", "a documentation address"),
        ("192.88.99.1", "a reserved address"),
        ("192.168.1.1", "a private address"),
        ("198.18.0.1", "a benchmarking address"),
        ("198.51.100.1", "a documentation address"),
        ("203.0.113.1", "a documentation address"),
        ("224.0.0.1", "a multicast address"),
        ("240.0.0.1", "a reserved address"),
        ("255.255.255.255", "a reserved address"),
        ("::", "a loopback or IPv4-compatible address"),
        ("::1", "a loopback or IPv4-compatible address"),
        ("::7f00:1", "a loopback or IPv4-compatible address"),
        ("::ffff:127.0.0.1", "an IPv4-mapped address"),
        ("::ffff:93.184.216.34", "an IPv4-mapped address"),
        ("::ffff:0:127.0.0.1", "an IPv4-translated address"),
        ("64:ff9b::7f00:1", "a NAT64 address"),
        ("64:ff9b:1::1", "a NAT64 address"),
        ("100::1", "a discard address"),
        ("2001::1", "a Teredo or reserved address"),
        ("2001:db8::1", "a documentation address"),
        ("2002:7f00:1::1", "a 6to4 address"),
        ("fc00::1", "a unique local address"),
        ("fd00:ec2::254", "a metadata service"),
        ("fe80::1", "a link-local address"),
        ("fec0::1", "a site-local address"),
        ("ff02::1", "a multicast address"),
        ("8.8.4.4", "an address of this machine"),
        ("::ffff:8.8.4.4", "an IPv4-mapped address"),
        ("2606:4700::1", "an address of this machine"),
        ("10.222.0.2", "a network of sandboxes"),
        ("::ffff:10.222.0.3", "a network of sandboxes"),
    ] {
        assert_eq!(verdict(address, &[]), expected, "{address}");
    }
}

#[test]
fn permits_open_private_networks_and_nothing_more() {
    for (address, permitted, expected) in [
        ("10.0.0.1", "10.0.0.0/8", "dial"),
        ("10.0.0.1", "0.0.0.0/0", "dial"),
        ("10.0.0.1", "10.0.0.2/32", "a private address"),
        ("127.0.0.1", "0.0.0.0/0", "a loopback address"),
        ("127.0.0.1", "127.0.0.0/8", "a loopback address"),
        ("127.0.0.1", "127.0.0.1/32", "a loopback address"),
        ("::1", "::/0", "a loopback or IPv4-compatible address"),
        ("::1", "::1/128", "a loopback or IPv4-compatible address"),
        ("0.0.0.0", "0.0.0.0/0", "an unspecified address"),
        ("169.254.169.254", "128.0.0.0/1", "a link-local address"),
        ("169.254.169.254", "169.254.169.254/32", "a link-local address"),
        ("100.100.100.200", "100.64.0.0/10", "a metadata service"),
        ("100.100.100.200", "100.100.100.200/32", "a metadata service"),
        ("fd00:ec2::254", "fc00::/7", "a metadata service"),
        ("fd00::1", "fc00::/7", "dial"),
        ("::ffff:10.0.0.1", "10.0.0.0/8", "an IPv4-mapped address"),
        ("64:ff9b::a00:1", "10.0.0.0/8", "a NAT64 address"),
        ("10.1.1.1", "10.0.0.0/8", "an address of this machine"),
        ("10.1.1.1", "10.1.1.1/32", "dial"),
        ("10.222.0.2", "10.222.0.2/32", "a network of sandboxes"),
    ] {
        assert_eq!(verdict(address, &[permitted]), expected, "{address} with {permitted}");
    }
}

#[test]
fn a_permit_holds_what_passed_and_ipv4_first() {
    let (host, none) = (BTreeSet::new(), Vetting { permitted: &[], host: &BTreeSet::new(), sandboxes: &[] });
    let addresses: Vec<IpAddr> =
        ["2606:2800::1", "127.0.0.1", "93.184.216.34"].iter().map(|text| text.parse().expect("an address")).collect();
    let permit = vet(&addresses, 443, Vetting { host: &host, ..none }).expect("two pass");
    let dialled: Vec<String> = permit.addresses().map(|address| address.get().to_string()).collect();
    assert_eq!(dialled, ["93.184.216.34:443", "[2606:2800::1]:443"]);
    assert_eq!(vet(&[], 443, none), Err(Forbidden::Nothing));
    assert_eq!(vet(&addresses[1..2], 443, none), Err(Forbidden::Closed("a loopback address")));
}

proptest! {
    #[test]
    fn what_passes_is_public_by_the_standard_library(bits in any::<u32>()) {
        let address = std::net::Ipv4Addr::from(bits);
        let vetting = Vetting { permitted: &[], host: &BTreeSet::new(), sandboxes: &[] };
        if judge(address.into(), vetting).is_ok() {
            prop_assert!(!address.is_private() && !address.is_loopback() && !address.is_link_local() && !address.is_multicast());
            prop_assert!(!address.is_broadcast() && !address.is_documentation() && !address.is_unspecified());
        }
    }
}
