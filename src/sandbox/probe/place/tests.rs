use super::leaving;

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
