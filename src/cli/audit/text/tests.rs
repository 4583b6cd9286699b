use super::*;
use crate::control::audit::event::{Entry, Record, What};
use crate::control::audit::samples::{decision, every_kind};

fn seen(entry: Entry) -> Seen {
    let Entry { time, sandbox, origin, what } = entry;
    let connected = matches!(what, What::Failed(_) | What::Closed(_)).then(|| ("example.com".to_owned(), 443));
    Seen { record: Record { number: 1, time, sandbox, origin, what }, line: String::new(), connected }
}

#[test]
fn every_kind_is_one_line() {
    let lines: String = every_kind().into_iter().map(|entry| line(&seen(entry), UtcOffset::UTC, false)).collect();
    insta::assert_snapshot!(lines, @r#"
    2026-09-21 14:13:20  -             control    control plane 0.1.0 runs as process 42
    2026-09-21 14:13:20  -             control    guardian e1 answers
    2026-09-21 14:13:20  web           plan       sha256:77af778b51abd4a3c51c5ddd97204a9c3ae614ebccb75a606c3b6865aed6744e for /home/u/web
    2026-09-21 14:13:20  web           started    the sandbox runs
    2026-09-21 14:13:20  web           allowed    CONNECT example.com:443, rule example.com
    2026-09-21 14:13:20  web           closed     example.com:443 at 192.0.2.7, 512 bytes sent, 1.1 MiB received, 1.2 s
    2026-09-21 14:13:20  web           refused    CONNECT evil.test:443, not-allowed
    2026-09-21 14:13:20  web           allowed    CONNECT slow.example.com:443, rule slow.example.com
    2026-09-21 14:13:20  web           failed     example.com:443, dns
    2026-09-21 14:13:20  web           held       CONNECT new.test:443, from port 40001
    2026-09-21 14:13:20  web           asked      host new.test:443
    2026-09-21 14:13:20  web           approved   host new.test:443, 1h until 2026-09-21 15:13:20, on the page, decision 00c0ffee00
    2026-09-21 14:13:20  web           denied     host command git push, 1h, in a terminal, decision 00c0ffee00
    2026-09-21 14:13:20  web           expired    repository initializeCommand, nobody answered
    2026-09-21 14:13:20  web           unasked    host busy.test:443, cool-down
    2026-09-21 14:13:20  web           ended      host new.test:443, decision 00c0ffee00, by a rule
    2026-09-21 14:13:20  web           ended      host new.test:443, decision 00c0ffee00, by itself
    2026-09-21 14:13:20  web           asked      host command git push 'a b' in /home/u/web
    2026-09-21 14:13:20  web           refused    host command git push 'a b' in /home/u/web, denied
    2026-09-21 14:13:20  web           runs       host command git push 'a b' in /home/u/web
    2026-09-21 14:13:20  web           ended      host command git push 'a b' in /home/u/web, exit code 0, 3.3 KiB written, 78.9 s
    2026-09-21 14:13:20  web           ended      host command git push 'a b' in /home/u/web, signal 9, too-long, 3.3 KiB written, 78.9 s
    2026-09-21 14:13:20  -             policy     +allow *.example.com -deny evil.test, from config.json5, now sha256:77af778b51abd4a3c51c5ddd97204a9c3ae614ebccb75a606c3b6865aed6744e
    2026-09-21 14:13:20  web           gap        events 7 to 8 of guardian e1 lost
    2026-09-21 14:13:20  -             gap        whatever events there were from 10 on of guardian e1 lost
    2026-09-21 14:13:20  web           notice     too many connections
    2026-09-21 14:13:20  -             control    guardian e1 answers no more
    2026-09-21 14:13:20  -             control    guardian e2 in place of e1
    2026-09-21 14:13:20  -             control    17 bytes of a line that was never whole were cut off the log
    2026-09-21 14:13:20  -             control    entries 3 to 5 are missing in the log; see `cloister audit verify`
    2026-09-21 14:13:20  -             control    nothing says whether the log's end before this is missing
    2026-09-21 14:13:20  web           stopped    the sandbox runs no more
    2026-09-21 14:13:20  -             control    control plane ended
    2026-09-21 14:13:20  -             log        file 9 begins; 1 file with entries 1 to 6 removed
    "#);
}

#[test]
fn a_connection_whose_beginning_nobody_has_is_told_by_its_number() {
    let entry = every_kind().into_iter().find(|entry| entry.what.kind() == "closed").unwrap();
    let unknown = Seen { connected: None, ..seen(entry) };
    let line = line(&unknown, UtcOffset::UTC, false);
    assert!(line.contains("  connection 1 at 192.0.2.7, 512 bytes sent"), "{line}");
}

/// UI-017.
#[test]
fn nothing_from_a_sandbox_moves_the_cursor_or_fills_the_screen() {
    let hosts = ["a\nb\r", "\u{1b}[2J\u{9b}H", "moc.elpmaxe\u{202e}", "a\u{200b}b", &"x".repeat(4000)];
    for host in hosts {
        let line = line(&seen(decision(1, host, false)), UtcOffset::UTC, false);
        let inner = line.strip_suffix('\n').unwrap();
        assert!(
            !inner.chars().any(|character| character.is_control() || "\u{202e}\u{200b}".contains(character)),
            "{line:?}"
        );
        assert!(inner.chars().count() < 300, "{line:?}");
    }
}
