//! The audit log on the page: a real log, which is written meanwhile.

use std::time::{SystemTime, UNIX_EPOCH};

use cloister::control::audit::event::{Entry, Origin, Sandbox};
use cloister::control::audit::{Log, folder_in};

use crate::decided::decided;
use crate::served::Served;

/// Returns the entry of a decision of now.
fn entry(event: u64, host: &str, allowed: bool) -> Entry {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Entry {
        time: elapsed.as_millis().try_into().unwrap(),
        sandbox: Some(Sandbox { id: "0123456789ab".into(), name: "shop".into() }),
        origin: Some(Origin { epoch: "e1".into(), event }),
        what: decided(event, host, allowed),
    }
}

/// Begins a log of a working day.
pub(crate) fn write(served: &Served) -> Log {
    let folder = folder_in(served.folder.path());
    let log = Log::open(&folder).unwrap();
    let mut entries = Vec::new();
    for at in 0..40_u64 {
        // Spread over the day, more in its middle.
        let back = (at * at * 53) % 86_000 * 1000;
        let (host, allowed) = match at % 5 {
            0 => ("telemetry.example.org", false),
            1 => ("docs.example.net", true),
            _ => ("api.example.com", true),
        };
        let entry = entry(at + 1, host, allowed);
        entries.push(Entry { time: entry.time - back, ..entry });
    }
    entries.sort_by_key(|entry: &Entry| entry.time);
    // A guardian numbers its events as they happen.
    for (event, entry) in (1..).zip(&mut entries) {
        entry.origin = Some(Origin { epoch: "e1".into(), event });
    }
    log.append(entries).unwrap();
    log
}

#[tokio::test]
async fn what_is_logged_is_counted_and_searched_while_it_is_written() {
    let served = Served::start().await;
    let who = served.log_in().await;
    let page = served.get("/activity", Some(&who)).await;
    assert!(page.status == 200 && page.body.contains("Nothing was asked for"), "{page:?}");
    let log = write(&served);
    let page = served.get("/activity", Some(&who)).await;
    for text in ["32 allowed", "8 refused", "telemetry.example.org", "api.example.com", "<rect class=\"refused\""] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    log.append(vec![entry(41, "late.example.com", false)]).unwrap();
    let page = served.get("/activity", Some(&who)).await;
    for text in ["32 allowed", "9 refused", "CONNECT late.example.com:443, not-allowed"] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    assert!(!page.body.contains("data-more"), "few entries are shown at once");
    log.append((42..=61).map(|event| entry(event, "more.example.com", true)).collect()).unwrap();
    let page = served.get("/activity", Some(&who)).await;
    for text in ["class=\"older\"", "data-more=\"log-table\"", "as it is kept", "&quot;late.example.com&quot;"] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
}

#[tokio::test]
async fn markup_of_others_in_the_log_is_text() {
    let served = Served::start().await;
    let who = served.log_in().await;
    let log = Log::open(&folder_in(served.folder.path())).unwrap();
    let mut entry = entry(1, "<img src=x onerror=hurt()>\u{202e}", false);
    entry.sandbox = Some(Sandbox { id: "0123456789ab".into(), name: "\"><script>hurt()</script>".into() });
    log.append(vec![entry]).unwrap();
    let page = served.get("/activity", Some(&who)).await;
    assert!(page.body.contains("&lt;img src=x onerror=hurt()&gt;"), "{}", page.body);
    assert!(page.body.contains("&lt;U+202E&gt;</mark>"), "{}", page.body);
    for markup in ["<img src=x", "<script>hurt", "\u{202e}"] {
        assert!(!page.body.contains(markup), "{markup}");
    }
}

#[tokio::test]
async fn a_broken_line_is_told_and_what_is_behind_it_shown() {
    let served = Served::start().await;
    let who = served.log_in().await;
    let folder = folder_in(served.folder.path());
    let log = Log::open(&folder).unwrap();
    log.append(vec![entry(1, "first.example.com", true), entry(2, "second.example.com", true)]).unwrap();
    drop(log);
    let mut files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let file = files.find(|path| path.extension().is_some_and(|extension| extension == "jsonl")).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("first.example.com", "fir\"t.example.com", 1)).unwrap();
    let page = served.get("/activity", Some(&who)).await;
    assert!(page.body.contains("cloister audit verify"), "{}", page.body);
    assert!(page.body.contains("is no entry of the log"), "{}", page.body);
    assert!(page.body.contains("second.example.com"), "{}", page.body);
}
