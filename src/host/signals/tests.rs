use super::*;

fn heard(counts: [u32; 4]) -> (watch::Sender<[u32; 4]>, Signals) {
    let (sender, heard) = watch::channel(counts);
    (sender, Signals { heard, taken: [0; 4] })
}

#[test]
fn each_is_taken_once() {
    let (sender, mut signals) = heard([2, 0, 1, 0]);
    let taken: Vec<_> = std::iter::from_fn(|| signals.waiting()).collect();
    assert_eq!(taken, [Stop::Interrupt, Stop::Interrupt, Stop::Terminate]);
    sender.send_modify(|counts| counts[3] += 1);
    assert_eq!((signals.waiting(), signals.waiting()), (Some(Stop::HangUp), None));
}

#[test]
fn what_was_given_back_is_taken_again() {
    let (_sender, mut signals) = heard([1, 0, 0, 0]);
    let stop = signals.waiting().unwrap();
    signals.give_back(stop);
    assert_eq!((signals.waiting(), signals.waiting()), (Some(Stop::Interrupt), None));
}

#[test]
fn what_a_clone_took_is_taken_once_they_are_merged() {
    let (sender, mut signals) = heard([0; 4]);
    let mut clone = signals.clone();
    sender.send_modify(|counts| counts[0] += 1);
    assert_eq!(clone.waiting(), Some(Stop::Interrupt));
    signals.merge(&clone);
    assert_eq!(signals.waiting(), None);
    sender.send_modify(|counts| counts[0] += 1);
    assert_eq!(signals.waiting(), Some(Stop::Interrupt), "what came after it is not");
}

#[test]
fn what_was_to_be_ignored_is_told_by_the_kernel() {
    let status = |set: &str| format!("Name:\tcloister\nSigBlk:\t0000000000000000\nSigIgn:\t{set}\nSigCgt:\t0\n");
    let cases: [(String, &[Stop]); 4] = [
        (status("0000000000001000"), &[]),
        (status("0000000000000001"), &[Stop::HangUp]),
        (status("0000000000004006"), &[Stop::Interrupt, Stop::Quit, Stop::Terminate]),
        (String::new(), &[]),
    ];
    for (status, expected) in cases {
        let set = ignored(&status);
        assert_eq!(ALL.into_iter().filter(|stop| stop.is_in(set)).collect::<Vec<_>>(), expected, "{status}");
    }
}
