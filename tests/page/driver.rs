//! A headless Chromium, told what to do through WebDriver (W3C), which is JSON over HTTP.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::served::PATIENCE;

/// Keys that are no characters (WebDriver, 17.4.2).
pub(crate) const ENTER: &str = "\u{e007}";
pub(crate) const ESCAPE: &str = "\u{e00c}";
pub(crate) const TAB: &str = "\u{e004}";

/// Name of an element in JSON (WebDriver, 12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// One browser; it ends with the value.
pub(crate) struct Browser {
    process: Child,
    port: u16,
    session: String,
}

impl Browser {
    pub(crate) async fn start() -> Self {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("there is no chromedriver; on Debian: apt-get install chromium chromium-driver");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines
            .find_map(|line| line.unwrap().split_once("successfully on port ")?.1.trim_end_matches('.').parse().ok());
        // Nobody reads what it says later, but it has to be able to say it.
        std::thread::spawn(move || lines.count());
        let mut browser = Self { process, port: port.expect("it says where it listens"), session: String::new() };
        // A browser of root's has no sandbox of its own, and what it looks at here is ours.
        let arguments =
            ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"];
        let options = json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": { "args": arguments } } } });
        let made = browser.call("POST", "/session", &options).await.expect("it starts");
        browser.session = format!("/session/{}", made["sessionId"].as_str().unwrap());
        browser
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let request = http::Request::builder().method(method).uri(format!("{}{path}", self.session));
        let request = request.header("host", "localhost").body(Full::new(Bytes::from(body))).unwrap();
        let (head, body) = sender.send_request(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        if head.status.is_success() { Ok(value["value"].clone()) } else { Err(value["value"]["message"].to_string()) }
    }

    async fn tell(&self, path: &str, body: Value) -> Value {
        self.call("POST", path, &body).await.unwrap_or_else(|error| panic!("{path} {body}: {error}"))
    }

    async fn ask(&self, path: &str) -> Value {
        self.call("GET", path, &Value::Null).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) async fn open(&self, address: &str) {
        self.tell("/url", json!({ "url": address })).await;
    }

    pub(crate) async fn address(&self) -> String {
        self.ask("/url").await.as_str().unwrap().to_owned()
    }

    /// Runs the body of a function and returns what it returns.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.tell("/execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// Waits until an expression is true.
    pub(crate) async fn until(&self, expression: &str) {
        let begin = Instant::now();
        // While a page is being left there may be nobody to run it.
        while self
            .call("POST", "/execute/sync", &json!({ "script": format!("return !!({expression})"), "args": [] }))
            .await
            != Ok(json!(true))
        {
            if begin.elapsed() > PATIENCE {
                let text = self.run("return document.documentElement.outerHTML").await;
                panic!("never: {expression}\n{}", text.as_str().unwrap_or_default());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn element(&self, selector: &str) -> String {
        let found = self.tell("/element", json!({ "using": "css selector", "value": selector })).await;
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    /// Clicks as a person does: what covers the element gets the click.
    pub(crate) async fn click(&self, selector: &str) {
        let element = self.element(selector).await;
        self.tell(&format!("/element/{element}/click"), json!({})).await;
    }

    /// Returns what a screen reader calls an element.
    pub(crate) async fn label(&self, selector: &str) -> String {
        let element = self.element(selector).await;
        self.ask(&format!("/element/{element}/computedlabel")).await.as_str().unwrap().to_owned()
    }

    /// Presses keys, one after the other, wherever the focus is.
    pub(crate) async fn press(&self, keys: &str) {
        let strokes = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() })));
        let actions = json!([{ "type": "key", "id": "keyboard", "actions": strokes.collect::<Vec<_>>() }]);
        self.tell("/actions", json!({ "actions": actions })).await;
    }

    pub(crate) async fn forget_cookies(&self) {
        self.call("DELETE", "/cookie", &Value::Null).await.unwrap();
    }

    /// Opens another tab and returns both: the one that was there, and the new one, which is in front.
    pub(crate) async fn new_tab(&self) -> (String, String) {
        let old = self.ask("/window").await.as_str().unwrap().to_owned();
        let new = self.tell("/window/new", json!({ "type": "tab" })).await["handle"].as_str().unwrap().to_owned();
        self.switch(&new).await;
        (old, new)
    }

    pub(crate) async fn switch(&self, tab: &str) {
        self.tell("/window", json!({ "handle": tab })).await;
    }

    pub(crate) async fn close_tab(&self, next: &str) {
        self.call("DELETE", "/window", &Value::Null).await.unwrap();
        self.switch(next).await;
    }

    /// Goes into the first frame of the page.
    pub(crate) async fn enter_frame(&self) {
        self.tell("/frame", json!({ "id": 0 })).await;
    }

    pub(crate) async fn leave_frame(&self) {
        self.tell("/frame", json!({ "id": null })).await;
    }

    /// Makes the page this wide and high in CSS pixels, light or dark.
    pub(crate) async fn look(&self, (width, height): (u32, u32), scheme: &str) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.tell("/goog/cdp/execute", json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": size })).await;
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.tell("/goog/cdp/execute", json!({ "cmd": "Emulation.setEmulatedMedia", "params": media })).await;
    }

    /// Returns a picture of what is seen, as PNG.
    pub(crate) async fn picture(&self) -> Vec<u8> {
        STANDARD.decode(self.ask("/screenshot").await.as_str().unwrap()).unwrap()
    }

    pub(crate) async fn end(&self) {
        let _ = self.call("DELETE", "", &Value::Null).await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
