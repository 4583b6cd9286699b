use super::*;

#[test]
fn an_address_of_version_6_stands_in_brackets() {
    assert_eq!(place("2001:db8::1", 443), "[2001:db8::1]:443");
    assert_eq!(place("192.0.2.1", 80), "192.0.2.1:80");
}
