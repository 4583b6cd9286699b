use super::lines;
use crate::guardian::protocol::{Refusals, Refused};
use crate::sandbox::protocol::SELF_CHECK_HOST;

fn refused(reason: &str, entries: &[(&str, u64)]) -> Vec<Refused> {
    let one = |(host, count): &(&str, u64)| {
        let (host, reason) = ((*host).to_owned(), reason.to_owned());
        Refused { host, port: 443, reason, count: *count, last: 0 }
    };
    entries.iter().map(one).collect()
}

#[test]
fn one_line_names_the_most_frequent() {
    for (entries, expected) in [
        (&[][..], None),
        (&[(SELF_CHECK_HOST, 1)], None),
        (&[("a.test", 1)], Some("1 request was refused: a.test:443 (1)")),
        (&[("a.test", 1), ("b.test", 2)], Some("3 requests were refused: b.test:443 (2), a.test:443 (1)")),
        (
            &[("a.test", 1), ("b.test", 2), ("c.test", 1), ("d.test", 1), ("e.test", 1)],
            Some("6 requests were refused: b.test:443 (2), a.test:443 (1), c.test:443 (1), 2 more"),
        ),
        (&[("a\u{1b}[2J\n", 1)], Some("1 request was refused: a\\u{1b}[2J\\n:443 (1)")),
    ] {
        let expected = expected.map(|text| format!("cloister: {text}; see `cloister guardian status`\n"));
        let refusals = Refusals { refused: refused("not-listed", entries), ..Refusals::default() };
        assert_eq!(lines(refusals), expected.unwrap_or_default());
    }
}

#[test]
fn what_was_allowed_and_failed_has_a_line_of_its_own() {
    let failed = refused("not-found", &[("gone.test", 2)]);
    let line = "cloister: 2 requests failed: gone.test:443 (2, not-found); see `cloister guardian status`\n";
    assert_eq!(lines(Refusals { failed: failed.clone(), ..Refusals::default() }), line);
    let both = lines(Refusals { failed, refused: refused("denied", &[("a.test", 1)]), ..Refusals::default() });
    assert_eq!(
        both,
        format!("cloister: 1 request was refused: a.test:443 (1); see `cloister guardian status`\n{line}")
    );
}
