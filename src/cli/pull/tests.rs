use super::*;
use crate::review::Kind;
use crate::review::difference::{Change, Difference};

fn pulled(refs: Vec<PulledRef>) -> Pulled {
    let change = |path: &str| Difference { kind: Kind::Tool, path: path.into(), change: Change::New };
    let changes = if refs.is_empty() { Vec::new() } else { vec![change(".envrc"), change("a\u{1b}/.envrc")] };
    Pulled { name: "web".into(), repository: "/home/dev/web".into(), refs, left: None, changes }
}

fn one(name: &str, old: Option<&str>, rewritten: bool) -> PulledRef {
    let new = "0123456789abcdef0123".into();
    PulledRef { name: name.into(), old: old.map(Into::into), new, commits: 2, rewritten }
}

#[test]
fn what_came_is_a_line_each() {
    let refs = vec![
        one("refs/cloister/web/main", None, false),
        one("refs/cloister/web/b", Some("fedcba9876543210"), false),
        one("refs/cloister/web/c", Some("fedcba9876543210"), true),
    ];
    let expected = "refs/cloister/web/main  0123456789  2 new commits, first pulled\n\
                    refs/cloister/web/b  fedcba9876..0123456789  2 new commits\n\
                    refs/cloister/web/c  fedcba9876..0123456789  2 new commits, and its history was rewritten\n";
    assert_eq!(table(&pulled(refs)), expected);
    assert_eq!(table(&pulled(Vec::new())), "");
}

#[test]
fn what_to_do_next_can_be_typed() {
    let said = next(&pulled(vec![one("refs/cloister/web/a$(x)'b", None, false)]));
    assert!(
        said.starts_with("before you check it out: your own tools run or trust .envrc (new), a\\u{1b}/.envrc (new)\n")
    );
    assert!(said.contains("git merge 'refs/cloister/web/a$(x)"), "{said}");
    assert_eq!(next(&pulled(Vec::new())), "nothing new in `web`\n");
}

#[test]
fn what_stays_is_told() {
    let with = |commits, files| left(&Pulled { left: Some(Left { commits, files }), ..pulled(Vec::new()) });
    assert_eq!(with(0, 0), "");
    assert!(with(0, 1).starts_with("1 file not committed in `web`"));
    assert!(with(2, 0).starts_with("2 commits in `web` on no branch"));
    assert!(left(&pulled(Vec::new())).contains("does not say"));
}
