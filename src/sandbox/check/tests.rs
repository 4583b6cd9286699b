use std::net::Ipv4Addr;
use std::time::Duration;

use super::{neighbours, table};
use crate::sandbox::probe::{attempt, report};

#[test]
fn a_small_network_is_tried_whole() {
    let addresses = |network: [u8; 4], mask: [u8; 4]| neighbours(Ipv4Addr::from(network), Ipv4Addr::from(mask));
    let small = addresses([10, 222, 0, 16], [255, 255, 255, 240]);
    assert_eq!((small.len(), small[0], small[13]), (14, Ipv4Addr::new(10, 222, 0, 17), Ipv4Addr::new(10, 222, 0, 30)));
    assert_eq!(addresses([172, 17, 0, 0], [255, 255, 0, 0]), [Ipv4Addr::new(172, 17, 0, 1)]);
    assert_eq!(addresses([10, 0, 0, 1], [255, 255, 255, 255]), [Ipv4Addr::UNSPECIFIED; 0]);
}

#[test]
fn what_is_open_comes_first() {
    let attempts =
        vec![attempt("user", "every id is 1:1", true, "1:1"), attempt("ipv6-off", "ipv6", false, "on for eth0")];
    let text = table(&report(attempts.clone(), Duration::ZERO));
    assert_eq!(
        text,
        "OPEN  ipv6-off  ipv6: on for eth0\nok    user      every id is 1:1: 1:1\n\n\
         not sealed: 1 of 2 attempts found something open\n"
    );
    let text = table(&report(attempts[..1].to_vec(), Duration::ZERO));
    assert!(text.ends_with("sealed: 1 attempts, nothing but the guardian can be reached\n"), "{text}");
}

#[test]
fn nothing_tried_is_not_sealed() {
    assert!(!report(Vec::new(), Duration::ZERO).sealed);
}
