use super::*;

#[test]
fn a_burst_is_asked_and_then_one_at_a_time() {
    let mut flood = Flood::default();
    let asked = |flood: &mut Flood, now| flood.admit("s", "k", [0, 0], now).is_ok();
    assert_eq!((0..1000).filter(|_| asked(&mut flood, 5)).count(), 256);
    assert!(!asked(&mut flood, 2004));
    assert!(asked(&mut flood, 2005));
    assert!(!asked(&mut flood, 2006));
    assert!(asked(&mut flood, 3_600_000), "time refills it");
    assert!(
        !asked(&mut Flood { sandboxes: BTreeMap::from([("s".into(), full(9000))]) }, 0),
        "a clock that goes back gives nothing"
    );
    assert!(flood.admit("other", "k", [0, 0], 6).is_ok(), "another sandbox is not slowed");
    assert_eq!(flood.counts("s"), Counts { cooled: 0, flooded: 746 });
}

fn full(at: u64) -> Known {
    Known { used: BURST * PACE, at, ..Known::default() }
}

#[test]
fn the_queue_is_bounded_and_leaves_everybody_a_share() {
    let cases = [
        ([0, 0], true),
        ([255, 255], true),
        ([256, 256], false),
        ([15, 1024], true),
        ([16, 1024], false),
        ([16, 1023], true),
        ([256, 0], false),
    ];
    for (waiting, expected) in cases {
        assert_eq!(Flood::default().admit("s", "k", waiting, 0).is_ok(), expected, "{waiting:?}");
    }
}

#[test]
fn what_was_refused_is_not_asked_again_for_a_while() {
    let mut flood = Flood::default();
    flood.cool("s", "host a".to_owned(), 100);
    for _ in 0..50 {
        assert_eq!(flood.admit("s", "host a", [0, 0], 200), Err(Unasked::CoolDown(100 + COOL_DOWN)));
    }
    assert_eq!(flood.counts("s"), Counts { cooled: 50, flooded: 0 });
    assert_eq!(flood.admit("s", "host b", [0, 0], 200), Ok(()));
    assert_eq!(flood.admit("t", "host a", [0, 0], 200), Ok(()));
    assert_eq!(flood.admit("s", "host a", [0, 0], 100 + COOL_DOWN), Ok(()));
    for number in 0..5000 {
        flood.cool("s", format!("host {number}"), 200 + number);
    }
    assert_eq!(flood.sandboxes["s"].cooled.len(), REMEMBERED);
}
