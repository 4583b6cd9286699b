use super::line;
use crate::guardian::protocol::Refused;
use crate::sandbox::protocol::SELF_CHECK_HOST;

fn refused(entries: &[(&str, u64)]) -> Vec<Refused> {
    let one = |(host, count): &(&str, u64)| {
        let (host, reason) = ((*host).to_owned(), "not-listed".to_owned());
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
        assert_eq!(line(refused(entries)), expected);
    }
}
