use super::{Limits, is_fair};

/// What sandboxes have in the end that take what they can get, one after the other, of places that none gives back.
fn greedy(sandboxes: usize, limit: usize, total: usize) -> Vec<usize> {
    let mut all = 0;
    let take = |_| {
        let own = (1..=limit).take_while(|own| is_fair(*own, all + own, total)).count();
        all += own;
        own
    };
    (0..sandboxes).map(take).collect()
}

#[test]
fn greedy_sandboxes_leave_places_to_others() {
    let Limits { connections, total, total_forwards, .. } = Limits::SHIPPED;
    for (sandboxes, limit, total, first, last, free) in [
        (1, total_forwards, total_forwards, 52, 52, 204),
        (4, total_forwards, total_forwards, 52, 26, 104),
        (12, total_forwards, total_forwards, 52, 4, 16),
        (1, connections, total, 256, 256, 1792),
        (8, connections, total, 256, 105, 419),
        (20, connections, total, 256, 7, 27),
        // few descriptors
        (5, connections, 16, 4, 1, 4),
    ] {
        let own = greedy(sandboxes, limit, total);
        assert_eq!(
            (own[0], own[sandboxes - 1], total - own.iter().sum::<usize>()),
            (first, last, free),
            "{sandboxes} of {total}: {own:?}"
        );
        assert!(is_fair(1, total - free + 1, total), "one more finds a place");
    }
}

#[test]
fn the_last_place_goes_to_whoever_has_none() {
    for total in [1, 16, 256] {
        assert!(is_fair(1, total, total) && !is_fair(2, total, total));
        assert!(!is_fair(1, total + 1, total), "and there are no more");
    }
}
