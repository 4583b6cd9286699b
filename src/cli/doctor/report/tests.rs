use super::*;

fn check(id: &'static str, status: Status, seen: &str) -> Check {
    let (hint, references) = (Some("do this".to_owned()), vec!["CIS 1.1"]);
    Check { id, status, seen: seen.to_owned(), consequence: "what follows".to_owned(), hint, references }
}

fn shown(checks: Vec<Check>) -> String {
    let works = checks.iter().all(|check| check.status != Status::Failure);
    text(&Report { version: 1, works, checks }, Options { width: 44, color: false })
}

#[test]
fn a_check_says_what_was_seen_what_follows_and_what_to_do() {
    let text = shown(vec![check("engine", Status::Warning, "a version of some \u{1b}[2J length that is long")]);
    let expected = [
        "warning  engine  a version of some \\u{1b}[2J",
        "                 length that is long",
        "                 what follows [CIS 1.1]",
        "                 hint: do this",
        "",
        "sandboxes can be started, with 1 warning",
        "",
    ];
    assert_eq!(text.split('\n').collect::<Vec<_>>(), expected);
}

#[test]
fn the_last_line_is_the_answer() {
    let cases: [(&[Status], &str); 4] = [
        (&[Status::Ok, Status::Note], "sandboxes can be started\n"),
        (&[Status::Warning, Status::Warning], "sandboxes can be started, with 2 warnings\n"),
        (&[Status::Failure, Status::Warning], "no sandbox can be started: engine\n"),
        (&[Status::Failure, Status::Failure], "no sandbox can be started: engine\n"),
    ];
    for (statuses, end) in cases {
        let text = shown(statuses.iter().map(|status| check("engine", *status, "seen")).collect());
        assert!(text.ends_with(&format!("\n\n{end}")), "{text}");
    }
}
