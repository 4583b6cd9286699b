use super::*;

fn networks(texts: &[&str]) -> Vec<Ipv4Net> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn the_first_free_network_is_chosen() {
    let cases: [(&str, &[&str], Option<&str>); 8] = [
        ("10.222.0.0/16", &[], Some("10.222.0.0/28")),
        ("10.222.0.0/16", &["172.17.0.0/16"], Some("10.222.0.0/28")),
        ("10.222.0.0/16", &["10.222.0.0/28", "10.222.0.32/28"], Some("10.222.0.16/28")),
        ("10.222.0.0/16", &["10.222.0.5/32"], Some("10.222.0.16/28")),
        ("10.222.0.0/16", &["10.222.0.0/24"], Some("10.222.1.0/28")),
        ("10.222.0.0/16", &["10.0.0.0/8"], None),
        ("10.222.0.0/28", &["10.222.0.0/28"], None),
        ("10.222.0.0/30", &[], None),
    ];
    for (pool, used, expected) in cases {
        let chosen = choose(pool.parse().unwrap(), &networks(used)).ok();
        assert_eq!(chosen, expected.map(|text| text.parse().unwrap()), "{pool} {used:?}");
    }
}

#[test]
fn an_exhausted_pool_says_what_to_do() {
    let error = choose("10.222.0.0/28".parse().unwrap(), &networks(&["10.222.0.0/28"])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no /28 network is left in the address pool 10.222.0.0/28: 1 are taken by networks and routes"
    );
    assert!(error.hint().unwrap().contains("network.pool"));
}

#[test]
fn places_are_fixed() {
    let places = places("10.222.0.16/28".parse().unwrap());
    assert_eq!(
        [places.gateway, places.guardian, places.sandbox].map(|place| place.to_string()),
        ["10.222.0.17", "10.222.0.18", "10.222.0.19"]
    );
    assert_eq!(places.network().to_string(), "10.222.0.16/28");
}
