//! A page that is served, and whoever asks it over its socket.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::desk::Desk;
use cloister::control::web::{self, Page};

/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A page that is served, and what it asks.
pub(crate) struct Served {
    pub(crate) page: Page,
    pub(crate) desk: Desk,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) port: u16,
}

/// A page that ended, and what stays.
pub(crate) struct Ended {
    desk: Desk,
    folder: tempfile::TempDir,
    port: u16,
}

impl Ended {
    pub(crate) async fn start(self) -> Served {
        let Self { desk, folder, port } = self;
        let page = web::start(folder.path(), desk.asker()).await.unwrap();
        Served { page, desk, folder, port }
    }
}

/// A browser that is logged in, as requests show it.
#[derive(Clone)]
pub(crate) struct LoggedIn {
    pub(crate) cookie: String,
    pub(crate) token: String,
}

impl Served {
    pub(crate) async fn start() -> Self {
        let (desk, folder) = (Desk::start(), tempfile::tempdir().unwrap());
        std::fs::create_dir(folder.path().join("control")).unwrap();
        let page = web::start(folder.path(), desk.asker()).await.unwrap();
        let port = std::fs::read_to_string(folder.path().join("control/port")).unwrap().parse().unwrap();
        Self { page, desk, folder, port }
    }

    /// Ends the page as the control plane's end does, and serves it again.
    pub(crate) async fn restart(self) -> Self {
        self.end().await.start().await
    }

    /// Ends the page as the control plane's end does.
    pub(crate) async fn end(self) -> Ended {
        let Self { page, desk, folder, port } = self;
        drop(page);
        while TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            tokio::task::yield_now().await;
        }
        Ended { desk, folder, port }
    }

    pub(crate) fn link(&self) -> String {
        self.page.invite().unwrap()
    }

    pub(crate) async fn log_in(&self) -> LoggedIn {
        let link = self.link();
        let (_, path) = link.rsplit_once('/').unwrap();
        let answer = self.get(&format!("/{path}"), None).await;
        let cookie = answer.field("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let logged_in = LoggedIn { cookie, token: String::new() };
        let page = self.get("/", Some(&logged_in)).await;
        let (_, rest) = page.body.split_once("name=\"cloister-token\" content=\"").expect("the page has its token");
        LoggedIn { token: rest.split('"').next().unwrap().to_owned(), ..logged_in }
    }

    pub(crate) async fn get(&self, path: &str, who: Option<&LoggedIn>) -> Answer {
        let cookie = who.map(|who| format!("Cookie: {}\r\n", who.cookie)).unwrap_or_default();
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{cookie}\r\n", self.port)).await
    }

    pub(crate) async fn post(&self, path: &str, who: &LoggedIn, body: &str) -> Answer {
        let LoggedIn { cookie, token } = who;
        let (port, length) = (self.port, body.len());
        self.send(&format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\nCookie: {cookie}\r\n\
             X-Cloister-Token: {token}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
        .await
    }

    /// Sends these bytes and reads until the connection ends.
    pub(crate) async fn send(&self, bytes: &str) -> Answer {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the connection ends").unwrap();
        Answer::parse(&String::from_utf8(answer).unwrap())
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.unwrap()
    }
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}
