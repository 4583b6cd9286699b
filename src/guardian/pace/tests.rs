use std::time::Duration;

use super::Pace;
use crate::guardian::limits::Limits;

const LIMITS: (u32, u64, u64) = (3, 10, 50);

fn waits(times: &[u64]) -> Vec<u128> {
    let (refusal_burst, pace, wait) = LIMITS;
    let limits = Limits {
        refusal_burst,
        refusal_pace: Duration::from_millis(pace),
        refusal_wait: Duration::from_millis(wait),
        ..Limits::default()
    };
    let mut pace = Pace::default();
    times.iter().map(|time| pace.wait(Duration::from_millis(*time), &limits).as_millis()).collect()
}

#[test]
fn a_burst_is_free_and_what_follows_waits() {
    for (times, expected) in [
        // a burst, then one step more for each
        (vec![0; 6], vec![0, 0, 0, 10, 20, 30]),
        // never longer than the longest wait, however many there were
        (vec![0; 12], vec![0, 0, 0, 10, 20, 30, 40, 50, 50, 50, 50, 50]),
        // at the pace itself nobody waits
        ((0..8).map(|step| step * 10).collect(), vec![0; 8]),
        // a pause gives the burst back, and not more than one
        (vec![0, 0, 0, 0, 1000, 1000, 1000, 1000], vec![0, 0, 0, 10, 0, 0, 0, 10]),
        // a flood leaves no debt beyond the longest wait
        ([vec![0; 1000], vec![80, 80]].concat(), [vec![0, 0, 0, 10, 20, 30, 40], vec![50; 993], vec![0, 0]].concat()),
    ] {
        assert_eq!(waits(&times), expected, "{times:?}");
    }
}
