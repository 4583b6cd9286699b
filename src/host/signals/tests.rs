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
