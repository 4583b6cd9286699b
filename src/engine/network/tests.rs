use super::*;

#[test]
fn a_sandbox_network_has_no_host_on_it() {
    let keys = |purpose, engine| {
        let mut keys: Vec<_> =
            options(purpose, engine).into_iter().map(|(key, value)| format!("{key}={value}")).collect();
        keys.sort();
        keys.iter().map(|key| key.trim_start_matches("com.docker.network.bridge.").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(keys(Purpose::Sandbox, 20), ["inhibit_ipv4=true"]);
    assert_eq!(
        keys(Purpose::Sandbox, 28),
        ["gateway_mode_ipv4=isolated", "gateway_mode_ipv6=isolated", "inhibit_ipv4=true"]
    );
    assert_eq!(keys(Purpose::Egress, 28), ["enable_icc=false"]);
}

#[test]
fn versions() {
    let cases = [("26.1.5+dfsg1", 26), ("28.0.0-rc.1", 28), ("dev", 0), ("", 0)];
    for (version, expected) in cases {
        assert_eq!(major(version), expected, "{version}");
    }
}

#[test]
fn somebody_else_was_faster() {
    assert!(is_taken("Pool overlaps with other one on this address space"));
    assert!(is_taken("invalid pool request: Pool overlaps with other one on this address space"));
    assert!(!is_taken("permission denied"));
}
