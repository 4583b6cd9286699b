use super::*;

#[test]
fn differences_stand_one_a_line_and_the_rest_is_counted() {
    let change = |number: usize| Change { path: format!("env.{number}"), was: None, is: Some("x".to_owned()) };
    for (number, last) in [(1, "+ env, 0: x"), (5, "+ env, 4: x"), (6, "and 1 more"), (40, "and 35 more")] {
        let error = SessionError::PlanChanged { name: "shop".to_owned(), changes: (0..number).map(change).collect() };
        let lines = error.lines();
        assert_eq!((lines.len(), lines[lines.len() - 1].as_str()), (number.min(6), last));
        assert_eq!(error.to_string(), "`shop` runs with another plan than this one");
    }
}

#[test]
fn a_clone_is_not_left_by_a_hint() {
    let change = |path: &str, is: Option<&str>| Change { path: path.to_owned(), was: None, is: is.map(str::to_owned) };
    let hint = |changes: Vec<Change>| SessionError::PlanChanged { name: "shop".to_owned(), changes }.hint().unwrap();
    assert!(
        hint(vec![change("env.A", None), change("workspace.clone", None)])
            .contains("`cloister start --clone` joins it")
    );
    for other in [change("workspace.clone", Some("x")), change("workspace.cloned", None)] {
        assert!(hint(vec![other]).starts_with("`cloister start --rebuild`"));
    }
}
