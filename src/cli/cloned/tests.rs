use super::*;

#[test]
fn what_a_clone_is_without_is_counted() {
    let cases = [
        (None, ""),
        (Some(0), ""),
        (Some(1), ", without 1 change that is not committed"),
        (Some(12), ", without 12 changes that are not committed"),
    ];
    for (uncommitted, expected) in cases {
        assert_eq!(without(uncommitted), expected);
    }
}

#[test]
fn what_would_be_lost_is_counted() {
    let clone = |left: Option<(u64, u64)>| Clone {
        repository: "/home/dev/web".into(),
        volume: "v".into(),
        known: [].into(),
        left: left.map(|(commits, files)| Left { commits, files }),
    };
    let cases = [
        (Some((1, 0)), "with 1 commit not pulled"),
        (Some((2, 1)), "with 2 commits not pulled and 1 file not committed"),
        (Some((0, 3)), "with 3 files not committed"),
        (None, "with whatever was not pulled, which nobody knows"),
    ];
    for (left, expected) in cases {
        assert_eq!(kept(&clone(left)), expected);
        assert_eq!(lost(&clone(left)), format!(", and its clone {expected}: that is lost"));
        assert!(at_stop("web", Some(&clone(left))).contains(expected));
    }
    assert_eq!(lost(&clone(Some((0, 0)))), ", its clone, of which everything was pulled");
    assert_eq!(at_stop("web", Some(&clone(Some((0, 0))))) + &at_stop("web", None), "");
}
