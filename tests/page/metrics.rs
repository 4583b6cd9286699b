//! What is counted, for whoever scrapes it: who gets it, and whether Prometheus reads it.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use cloister::control::audit::event::{Closed, Decision, Entry, Origin, Sandbox, What};
use cloister::control::tally::{Moment, Tally};

use crate::served::Served;

fn token(served: &Served) -> String {
    std::fs::read_to_string(served.folder.path().join("control/metrics-token")).unwrap()
}

fn request(method: &str, host: &str, authorization: &str) -> String {
    let body = if method == "POST" { "Content-Length: 0\r\n" } else { "" };
    format!("{method} /metrics HTTP/1.1\r\nHost: {host}\r\n{authorization}{body}\r\n")
}

/// Another user of this machine has neither the token nor a session; a page in a browser has another host or origin.
#[tokio::test]
async fn who_has_the_token_or_is_logged_in_gets_it() {
    let served = Served::start().await;
    let (token, own) = (token(&served), format!("127.0.0.1:{}", served.port));
    let bearer = format!("Authorization: Bearer {token}\r\n");
    let cases = [
        ("GET", own.as_str(), bearer.as_str(), 200),
        ("GET", &own, "", 401),
        ("GET", &own, "Authorization: Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n", 401),
        ("GET", &own, &format!("{bearer}{bearer}"), 401),
        ("GET", &own, "Cookie: cloister=1\r\n", 401),
        ("GET", "rebound.example.org", &bearer, 421),
        ("POST", &own, &bearer, 405),
        ("HEAD", &own, &bearer, 405),
    ];
    for (method, host, authorization, status) in cases {
        let answer = served.send(&request(method, host, authorization)).await;
        assert_eq!(answer.status, status, "{method} {host} {authorization}");
        assert_eq!(answer.body.contains("cloister_"), status == 200, "{answer:?}");
        assert!(answer.field("access-control-allow-origin").is_none(), "{answer:?}");
    }
    let who = served.log_in().await;
    let answer = served.get("/metrics", Some(&who)).await;
    assert_eq!((answer.status, answer.field("content-type")), (200, Some("text/plain; version=0.0.4; charset=utf-8")));
    let (address, file) = served.page.scraped();
    assert_eq!(address, format!("http://{own}/metrics"));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    // The token opens nothing else.
    let page = format!("GET / HTTP/1.1\r\nHost: {own}\r\n{bearer}\r\n");
    assert_eq!(served.send(&page).await.status, 401);
    let again = served.restart().await;
    assert_eq!(self::token(&again), token, "a scraper goes on after a restart");
    assert_eq!(again.send(&request("GET", &own, &bearer)).await.status, 200);
}

/// The reader of Prometheus itself takes it, whatever a sandbox is called.
#[test]
fn prometheus_reads_it() {
    let mut tally = Tally::default();
    let names = ["shop", "a\"b\\c\nd{e=\"f\"} 1", "\u{202e}évil 名", &"x".repeat(5000), ""];
    for (number, name) in (1..).zip(names) {
        let sandbox = Some(Sandbox { id: format!("{number:012x}"), name: name.to_owned() });
        let mut take = |event: u64, what| {
            let origin = Some(Origin { epoch: "e1".to_owned(), event });
            tally.take(&Entry { time: event, sandbox: sandbox.clone(), origin, what });
        };
        let decision = |connection, allowed| {
            let (method, host) = ("CONNECT".to_owned(), "api.example.com".to_owned());
            let (reason, rule) = ("allowed".to_owned(), String::new());
            let (approval, address) = (None, None);
            What::Decision(Decision { connection, method, host, port: 443, allowed, reason, rule, approval, address })
        };
        take(10 * number, decision(number, true));
        take(10 * number + 1, decision(number + 100, false));
        let closed = Closed { connection: number, address: None, sent: u64::MAX, received: 7, milliseconds: 1 };
        take(10 * number + 2, What::Closed(closed));
    }
    let text = tally.text(&Moment { began: 1_790_000_000, sandboxes: 5, guardian: true, ..Moment::default() });
    let mut reader = Command::new("promtool");
    reader.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut reader = reader.spawn().expect("promtool is needed: apt-get install prometheus");
    reader.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let read = reader.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&read.stderr).into_owned() + &String::from_utf8_lossy(&read.stdout);
    assert!(read.status.success() && said.is_empty(), "{said}\n{text}");
}
