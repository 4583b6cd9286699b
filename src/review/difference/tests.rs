use super::*;
use crate::review::Mark;

fn snapshot(complete: bool, marks: &[(&str, Kind, &str, i64)]) -> Snapshot {
    let marks = marks.iter().map(|(path, kind, print, changed)| {
        ((*path).to_owned(), Mark { kind: *kind, print: (*print).to_owned(), changed: *changed })
    });
    Snapshot { taken: 100, complete, marks: marks.collect() }
}

#[test]
fn only_what_was_not_so_before_is_told() {
    let before = [("Makefile", Kind::Build, "a", 1), ("b", Kind::Link, "/etc", 1), ("gone", Kind::Tool, "g", 1)];
    let now = [
        ("Makefile", Kind::Build, "b", 150),
        ("b", Kind::Link, "/etc", 150),
        (".git/hooks/x", Kind::Git, "x", 150),
        ("deep/.envrc", Kind::Tool, "x", 50),
    ];
    let paths = |complete| {
        let found = difference(&snapshot(complete, &before), &snapshot(true, &now));
        found.into_iter().map(|one| (one.path, one.change)).collect::<Vec<_>>()
    };
    let new = |path: &str| (path.to_owned(), Change::New);
    let changed = ("Makefile".to_owned(), Change::Changed);
    assert_eq!(paths(true), [new(".git/hooks/x"), new("deep/.envrc"), changed.clone()]);
    assert_eq!(paths(false), [new(".git/hooks/x"), changed], "what is older than the start is not new");
}
