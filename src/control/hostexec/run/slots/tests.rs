use super::*;

#[test]
fn each_sandbox_has_its_own_and_gets_them_back() {
    let slots = Slots::default();
    let held: Vec<Slot> = (0..2).filter_map(|_| slots.enter("a", 2)).collect();
    assert_eq!(held.len(), 2);
    assert!(slots.enter("a", 2).is_none());
    assert!(slots.enter("b", 2).is_some(), "another sandbox is not held up");
    drop(held);
    assert!(slots.enter("a", 1).is_some());
}
