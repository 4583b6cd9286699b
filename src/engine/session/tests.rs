use super::*;

#[test]
fn differences_stand_one_a_line_and_the_rest_is_counted() {
    let change = |number: usize| Change { path: format!("env.{number}"), was: None, is: Some("x".to_owned()) };
    for (number, last) in [(1, "+ env.0: x"), (5, "+ env.4: x"), (6, "and 1 more"), (40, "and 35 more")] {
        let error = SessionError::PlanChanged { name: "shop".to_owned(), changes: (0..number).map(change).collect() };
        let lines = error.lines();
        assert_eq!((lines.len(), lines[lines.len() - 1].as_str()), (number.min(6), last));
        assert_eq!(error.to_string(), "`shop` runs with another plan than this one");
    }
}
