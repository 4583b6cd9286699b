use super::*;

#[test]
fn a_few_are_named_and_the_rest_is_counted() {
    let paths = |number| (0..number).map(|at| format!(".idea/{at}\n")).collect::<Vec<_>>();
    assert_eq!(line("shop", &paths(0)), None);
    for (number, expected) in [(1, "`.idea/0\\n`; see"), (5, "`.idea/2\\n`, 2 more files; see")] {
        let said = line("shop", &paths(number)).unwrap();
        assert!(said.contains(expected) && said.lines().count() == 1, "{said}");
    }
}
