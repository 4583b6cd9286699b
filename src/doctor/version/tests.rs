use super::*;

#[test]
fn versions_are_read_as_distributions_write_them() {
    let cases = [
        ("26.1.5+dfsg1", Some(Version::new(26, 1, 5))),
        ("1.1.5+ds1", Some(Version::new(1, 1, 5))),
        ("1.7.24~ds1", Some(Version::new(1, 7, 24))),
        ("v1.3.3", Some(Version::new(1, 3, 3))),
        ("1.4.0-rc.2", Some(Version::new(1, 4, 0).candidate(2))),
        ("1.4.0~rc2", Some(Version::new(1, 4, 0).candidate(2))),
        ("1.0.0-rc95", Some(Version::new(1, 0, 0).candidate(95))),
        ("28", Some(Version::new(28, 0, 0))),
        ("6.18.44-fc-v669", Some(Version::new(6, 18, 44))),
        ("", None),
        ("dev", None),
        ("99999999999.1", None),
        ("1.99999999999", None),
    ];
    for (text, version) in cases {
        assert_eq!(Version::parse(text), version, "{text}");
    }
}

#[test]
fn a_candidate_comes_before_its_release() {
    let order = ["1.1.5", "1.2.7", "1.2.8", "1.3.2", "1.3.3", "1.4.0-rc.1", "1.4.0-rc.3", "1.4.0", "1.10.0"];
    for pair in order.windows(2) {
        assert!(Version::parse(pair[0]) < Version::parse(pair[1]), "{pair:?}");
    }
}
