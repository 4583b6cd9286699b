use time::UtcOffset;

use super::*;

#[test]
fn a_time_is_so_long_ago_or_as_rfc_3339_writes_it() {
    let cases = [
        ("30s", Some(When::Ago(30_000))),
        ("15m", Some(When::Ago(900_000))),
        ("1h", Some(When::Ago(3_600_000))),
        ("2d", Some(When::Ago(172_800_000))),
        ("0s", Some(When::Ago(0))),
        ("1970-01-01T00:00:01Z", Some(When::At(1_000))),
        ("1970-01-01T01:00:01.5+01:00", Some(When::At(1_500))),
        ("1969-12-31T23:59:59Z", None),
        ("", None),
        ("s", None),
        ("-1s", None),
        ("+1s", None),
        ("1", None),
        ("1é", None),
        ("1.5h", None),
        ("99999999999999999999d", None),
        ("18446744073709551615s", None),
        ("yesterday", None),
        ("2026-11-24", None),
    ];
    for (text, when) in cases {
        assert_eq!(When::parse(text).ok(), when, "{text:?}");
    }
}

#[test]
fn ago_is_before_now_and_never_before_the_epoch() {
    assert_eq!(When::Ago(10).before(15), 5);
    assert_eq!(When::Ago(10).before(5), 0);
    assert_eq!(When::At(10).before(5), 10);
}

#[test]
fn a_time_is_shown_in_the_offset_of_who_reads_it() {
    let offset = UtcOffset::from_hms(-3, -30, 0).unwrap();
    assert_eq!(shown(1_790_000_000_123, UtcOffset::UTC), "2026-09-21 14:13:20");
    assert_eq!(shown(1_790_000_000_123, offset), "2026-09-21 10:43:20");
    assert_eq!(shown(u64::MAX, UtcOffset::UTC), "18446744073709551615 ms");
}
