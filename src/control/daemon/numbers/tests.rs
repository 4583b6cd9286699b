use super::*;

#[test]
fn numbers_go_on_behind_those_that_were_read_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut numbers = Numbers::of(folder.path(), 0);
    assert_eq!(numbers.last(), 0);
    for number in [1, 2, 7] {
        numbers.used(number).unwrap();
    }
    numbers.used(3).unwrap();
    assert_eq!(Numbers::of(folder.path(), 0).last(), 7);
}

#[test]
fn a_file_that_tells_nothing_begins_far_behind() {
    let now = 1_800_000_000_000;
    for text in
        ["", "seven", "-1", "99999999999999999999999999", "a text that is much longer than any number that there is"]
    {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("card"), text).unwrap();
        assert_eq!(Numbers::of(folder.path(), now).last(), UNKNOWN + now / 1000, "{text}");
    }
}
