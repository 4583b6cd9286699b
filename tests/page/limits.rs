//! What a page that hangs, floods or stays does, and what ends.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::desk::card;
use crate::served::{Answer, LoggedIn, PATIENCE, Served};

/// Somebody else (nobody).
const OTHER: u32 = 65534;

/// A page that hears news.
struct Tab {
    stream: TcpStream,
    heard: String,
}

impl Tab {
    async fn open(served: &Served, who: &LoggedIn) -> Self {
        let mut stream = served.connect().await;
        let (port, cookie) = (served.port, &who.cookie);
        let request = format!("GET /events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut tab = Self { stream, heard: String::new() };
        tab.until("\r\n\r\n").await;
        tab
    }

    fn status(&self) -> u16 {
        Answer::parse(&self.heard).status
    }

    /// Reads until this was heard; false if the stream ends before.
    async fn until(&mut self, text: &str) -> bool {
        let mut bytes = [0; 4096];
        while !self.heard.contains(text) {
            let read = timeout(PATIENCE, self.stream.read(&mut bytes)).await.expect("something is said").unwrap_or(0);
            if read == 0 {
                return false;
            }
            self.heard.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
        true
    }
}

#[tokio::test]
async fn news_come_when_there_are_any_and_end_with_the_session() {
    let served = Served::start().await;
    let (who, other) = (served.log_in().await, served.log_in().await);
    let (mut tab, mut another) = (Tab::open(&served, &who).await, Tab::open(&served, &other).await);
    assert_eq!(tab.status(), 200);
    assert!(tab.until(r#""cards":[]"#).await, "what there is comes at once");
    served.desk.put(card(1, "first.example.com:443"));
    assert!(tab.until("first.example.com:443").await);
    assert_eq!(served.post("/api/logout", &who, "{}").await.status, 204);
    served.desk.put(card(2, "second.example.com:443"));
    assert!(!tab.until("second.example.com:443").await, "nothing is told after the session ended");
    assert!(another.until("second.example.com:443").await, "another session goes on");
    assert_eq!(served.get("/", Some(&who)).await.status, 401);
    assert_eq!(served.get("/", Some(&other)).await.status, 200);
}

#[tokio::test]
async fn few_tabs_of_a_session_hear_news_and_closed_ones_make_place() {
    let served = Served::start().await;
    let who = served.log_in().await;
    let mut tabs = Vec::new();
    for _ in 0..3 {
        tabs.push(Tab::open(&served, &who).await);
    }
    assert!(tabs.iter().all(|tab| tab.status() == 200));
    assert_eq!(Tab::open(&served, &who).await.status(), 429);
    let other = served.log_in().await;
    assert_eq!(Tab::open(&served, &other).await.status(), 200, "others have their own places");
    tabs.pop();
    let begin = Instant::now();
    while Tab::open(&served, &who).await.status() != 200 {
        assert!(begin.elapsed() < PATIENCE, "a closed tab keeps its place");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn nobody_sits_there_without_asking() {
    let served = Served::start().await;
    let mut silent = served.connect().await;
    let mut half = served.connect().await;
    half.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1").await.unwrap();
    let mut answer = Vec::new();
    for stream in [&mut silent, &mut half] {
        let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "it is still connected");
    }
    let who = served.log_in().await;
    let LoggedIn { cookie, token } = &who;
    let port = served.port;
    let answer = served
        .send(&format!(
            "POST /api/decide HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\nCookie: {cookie}\r\n\
             X-Cloister-Token: {token}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
        ))
        .await;
    assert_eq!(answer.status, 408);
}

#[tokio::test]
async fn who_asks_is_answered_during_a_flood_of_who_does_not() {
    let served = Served::start().await;
    let mut flood = Vec::new();
    for _ in 0..200 {
        flood.push(served.connect().await);
    }
    served.log_in().await;
    let mut newest = flood.pop().unwrap();
    newest.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    newest.read_to_string(&mut answer).await.unwrap();
    assert_eq!(Answer::parse(&answer).status, 400, "the newest is still heard");
    let read = timeout(PATIENCE, flood[0].read(&mut [0])).await.expect("the oldest made place");
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
}

#[tokio::test]
async fn who_is_logged_in_stays_so_after_a_restart_at_the_same_address() {
    let served = Served::start().await;
    let who = served.log_in().await;
    let link = served.link();
    let served = served.restart().await;
    assert_eq!(served.get("/", Some(&who)).await.status, 200);
    let path = link.rsplit_once('/').unwrap().1;
    assert_eq!(
        served.get(&format!("/{path}"), None).await.status,
        401,
        "a link that was printed before is good no more"
    );
    let kept = std::fs::read_to_string(served.folder.path().join("control/sessions.json")).unwrap();
    let secret = who.cookie.split_once('=').unwrap().1;
    assert!(!kept.contains(secret), "what lies on the disk logs nobody in");
    assert_eq!(served.post("/api/logout", &who, "{}").await.status, 204);
    let served = served.restart().await;
    assert_eq!(served.get("/", Some(&who)).await.status, 401, "who logged out stays so");
}

/// A cookie reaches every server of 127.0.0.1, so another user of this machine may have one that is good.
#[tokio::test]
async fn no_other_user_of_this_machine_is_answered_whatever_they_know() {
    let served = Served::start().await;
    let LoggedIn { cookie, token } = served.log_in().await;
    served.desk.put(card(1, "api.example.com:443"));
    let (port, digest) = (served.port, format!("sha256:{:064x}", 1));
    let body =
        format!(r#"{{"card":1,"digest":"{digest}","choice":{{"verdict":"allow","term":"session","reach":"exact"}}}}"#);
    let decide = format!(
        "POST /api/decide HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\nCookie: {cookie}\r\n\
         X-Cloister-Token: {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    // Whoever closes at once leaves a socket that is nobody's.
    for (reads, uid) in [(true, OTHER), (false, OTHER), (true, 0)] {
        let end = if reads { "cat <&3" } else { "exec 3>&-" };
        let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; printf %s \"$REQUEST\" >&3; {end}");
        let mut bash = tokio::process::Command::new("bash");
        bash.args(["-c", &script]).env("REQUEST", &decide).current_dir("/").uid(uid).gid(uid);
        let answer = bash.output().await.expect("this test acts as another user, and needs root");
        let answer = String::from_utf8(answer.stdout).unwrap();
        let expected = if uid == 0 { "HTTP/1.1 200" } else { "HTTP/1.1 403" };
        assert!(!reads || answer.starts_with(expected), "{uid}: {answer}");
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(served.desk.decided().len(), usize::from(uid == 0), "{uid}");
    }
}
