use std::io;

use super::*;

#[derive(Debug, thiserror::Error)]
#[error("cannot reach the engine at {path}")]
struct Unreachable {
    path: &'static str,
    source: io::Error,
}

fn unreachable(path: &'static str) -> Failure {
    Failure::new(&Unreachable { path, source: io::Error::from(io::ErrorKind::PermissionDenied) })
}

#[test]
fn what_why_and_what_next() {
    let cases = [
        (unreachable("/run/engine"), "cloister: cannot reach the engine at /run/engine: permission denied\n"),
        (
            unreachable("/run/engine").hint(["add yourself to the group `docker`"]),
            "cloister: cannot reach the engine at /run/engine: permission denied\n\nhint: add yourself to the group `docker`\n",
        ),
        (Failure::message("nothing to do").hint(None::<String>), "cloister: nothing to do\n"),
        (
            Failure {
                lines: vec!["one".into(), "two\nhint: three".into()],
                ..Failure::message("several things").hint(["go"])
            },
            "cloister: several things:\n  one\n  two\\nhint: three\n\nhint: go\n",
        ),
        (
            Failure::message("evil\n\nhint: run \u{1b}[8mthis").hint(["one", "two"]),
            "cloister: evil\\n\\nhint: run \\u{1b}[8mthis\n\nhint: one\nhint: two\n",
        ),
    ];
    for (failure, expected) in cases {
        assert_eq!(failure.to_string(), expected);
    }
}
