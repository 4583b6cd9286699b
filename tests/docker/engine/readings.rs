//! Dockerfiles as cloister reads them, and as both builders of the engine do: `tests/golden/dockerfile/*.json`.
//!
//! What a builder asks a server of this test for must be on cloister's list, or the Dockerfile refused. `{SERVER}` is that
//! server, as an address of images and of files.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloister::config::dockerfile::{self, Builder};
use cloister::engine::endpoint::DEFAULT_SOCKET;
use cloister::harden::syntax::image;
use cloister::source::Source;
use serde::Deserialize;
use serde_json::json;

use super::attempts::cases;

/// The image that every test has.
const BASE: &str = "debian:bookworm";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    why: String,
    dockerfile: String,
    #[serde(default)]
    args: BTreeMap<String, String>,
    /// What the classic builder asks for: `image NAME:TAG`, `file PATH`.
    #[serde(default)]
    classic: BTreeSet<String>,
    /// The same of `BuildKit`; `None` where it is the same.
    buildkit: Option<BTreeSet<String>>,
    /// What cloister lists beyond that; `None` where it refuses the Dockerfile.
    #[serde(default)]
    more: Option<BTreeSet<String>>,
}

/// Serves a file under every path, and no image; what was asked for is kept.
struct Server {
    place: String,
    asked: Arc<Mutex<BTreeSet<String>>>,
}

impl Server {
    fn begin() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap().to_string();
        let asked = Arc::<Mutex<BTreeSet<String>>>::default();
        let kept = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || answer(stream, &kept));
            }
        });
        Self { place, asked }
    }

    fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn answer(mut stream: TcpStream, kept: &Mutex<BTreeSet<String>>) {
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut head = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    // Engines try TLS first.
    let Some(line) = head.next().filter(|line| line.ends_with(" HTTP/1.1")) else { return };
    let _rest = head.take_while(|line| !line.is_empty()).count();
    let path = line.split(' ').nth(1).unwrap_or_default();
    let (status, asked) = match path.strip_prefix("/v2/") {
        Some("") => ("200 OK", None),
        Some(image) => ("404 Not Found", Some(format!("image {}", image.replace("/manifests/", ":")))),
        // Clients of git ask for more than the address of a repository.
        None => {
            ("200 OK", path.split("/info/refs").next().map(|path| format!("file {}", path.trim_end_matches("/HEAD"))))
        }
    };
    kept.lock().unwrap().extend(asked);
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
    let body = if line.starts_with("HEAD ") { "" } else { "{}" };
    let _gone = stream.write_all(format!("{head}{body}").as_bytes());
}

/// Has a builder of the engine read a Dockerfile, and returns its account.
fn build(version: u8, text: &str, args: &BTreeMap<String, String>) -> String {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in [("Dockerfile", text), ("x", ""), ("f", ""), ("#", ""), ("<<E", "")] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, content.as_bytes()).unwrap();
    }
    let archive = archive.into_inner().unwrap();
    let encoded = |value: String| value.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let args = encoded(json!(args).to_string());
    let query = format!("version={version}&nocache=1&forcerm=1&networkmode=none&buildargs={args}");
    let head = format!(
        "POST /build?{query} HTTP/1.0\r\nHost: engine\r\nContent-Type: application/x-tar\r\nContent-Length: {}\r\n\r\n",
        archive.len()
    );
    let mut engine = UnixStream::connect(DEFAULT_SOCKET).unwrap();
    engine.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    engine.write_all(&[head.as_bytes(), &archive].concat()).unwrap();
    let mut account = Vec::new();
    engine.read_to_end(&mut account).unwrap();
    String::from_utf8_lossy(&account).into_owned()
}

/// The images of the server that `BuildKit` says it loads: without a session, it does not get to ask for them.
fn loaded(account: &str, place: &str) -> BTreeSet<String> {
    let pieces = account.split('"').filter_map(|piece| STANDARD.decode(piece).ok());
    let told: String = pieces.map(|piece| String::from_utf8_lossy(&piece).into_owned()).collect();
    let begin = format!("{place}/");
    let found = told.split(&begin).skip(1).map(|rest| {
        let is_part = |character: char| character.is_ascii_alphanumeric() || "._-/:".contains(character);
        let end = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
        format!("image {}", &rest[..end])
    });
    // Before a tag is put behind it, it is only told what stands there; addresses are told in errors.
    found.filter(|image| image.contains(':') && !image.starts_with("image v2/")).collect()
}

/// What is asked for where this is a source: without quotes and escapes, and without what a client keeps for itself.
fn file_of(source: &str, place: &str) -> String {
    let source = source.replace(['"', '\'', '\\'], "").replace("://a@", "://");
    let source = source.split('#').next().unwrap_or_default();
    format!("file {}", source.strip_prefix(&format!("http://{place}")).unwrap_or(source))
}

/// What cloister makes of a Dockerfile.
struct Reading {
    /// What a build would ask for.
    listed: BTreeSet<String>,
    /// Whether it builds nothing of it.
    refused: bool,
    /// What `BuildKit` would get in the place of a text that names a frontend, which loads nothing then.
    sent: Option<String>,
}

impl Reading {
    fn of(text: &str, args: &BTreeMap<String, String>, place: &str) -> Self {
        let read = dockerfile::parse(&Source::new("Dockerfile", text));
        let images = read.images(args).into_iter().chain(read.images_on_build()).filter(|image| image.value != BASE);
        let images: Vec<String> = images.chain(read.syntax.clone()).map(|image| image.value).collect();
        let refused = !read.diagnostics.is_empty() || images.iter().any(|name| image::parse(name).is_err());
        let named = |name: &String| {
            let name = name.strip_prefix(place).and_then(|name| name.strip_prefix('/')).unwrap_or(name);
            format!("image {}{}", name.replace('@', ":"), if name.contains(':') { "" } else { ":latest" })
        };
        let files = read.fetches().into_iter().map(|file| file_of(&file.value, place));
        let sent = read.syntax.as_ref().and_then(|_| read.sent(Builder::BuildKit));
        Self { listed: images.iter().map(named).chain(files).collect(), refused, sent }
    }

    /// Whether the user would have been asked about this. A source with a variable in it may be any.
    fn covers(&self, asked: &str) -> bool {
        let any =
            asked.starts_with("file ") && self.listed.iter().any(|one| one.starts_with("file ") && one.contains('$'));
        self.refused || any || self.listed.contains(asked)
    }
}

/// Removes what was made, unless somebody gave it a name.
fn clean_up(accounts: &[String]) {
    let told = |mark: &'static str| accounts.iter().flat_map(move |account| account.split(mark).skip(1));
    let begins = told("\\u003e ").chain(told("\"ID\":\"sha256:"));
    let made: BTreeSet<&str> = begins.filter_map(|rest| rest.split(['\\', '"']).next()).collect();
    let ids = made.into_iter().filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let docker = |words: &[&str]| Command::new("docker").args(words).output().unwrap();
    let format = "{{if not .RepoTags}}{{.Id}}{{end}}";
    let nameless = docker(&[&["image", "inspect", "--format", format][..], &ids.collect::<Vec<_>>()].concat());
    let nameless = String::from_utf8_lossy(&nameless.stdout).into_owned();
    // One takes the nameless ones below it along.
    docker(&[&["rmi"][..], &nameless.split_whitespace().collect::<Vec<_>>()].concat());
}

/// Returns what is wrong, and what the builders said.
fn check(case: &Case) -> (Option<String>, String) {
    let server = Server::begin();
    let put_in = |text: &String| text.replace("{SERVER}", &server.place);
    let text = put_in(&case.dockerfile);
    let args = case.args.iter().map(|(name, value)| (name.clone(), put_in(value))).collect();
    let reading = Reading::of(&text, &args, &server.place);
    let accounts = [1, 2].map(|version| {
        let account = build(version, &text, &args);
        let asked: BTreeSet<String> = server.take().union(&loaded(&account, &server.place)).cloned().collect();
        (asked, account)
    });
    let [(classic, of_classic), (buildkit, of_buildkit)] = accounts;
    let of_sent = reading.sent.as_ref().map(|text| build(2, text, &args)).unwrap_or_default();
    let sent = loaded(&of_sent, &server.place);
    let missed: Vec<_> = classic.union(&buildkit).filter(|asked| !reading.covers(asked)).chain(&sent).collect();
    let plain = |asked: &BTreeSet<String>| asked.iter().map(|one| one.replace(&server.place, "{SERVER}")).collect();
    let more = (!reading.refused).then(|| plain(&(&(&reading.listed - &classic) - &buildkit)));
    let expected = case.buildkit.as_ref().unwrap_or(&case.classic);
    let holds = missed.is_empty() && (&classic, &buildkit, &more) == (&case.classic, expected, &case.more);
    let wrong = (!holds).then(|| {
        let found = json!({ "classic": classic, "buildkit": buildkit, "more": more });
        let Case { name, why, .. } = case;
        format!("{name}, because {why}: not listed {missed:?}\n{found}\n{of_classic}\n{of_buildkit}")
    });
    (wrong, [of_classic, of_buildkit, of_sent].concat())
}

#[test]
fn what_a_builder_asks_for_was_listed() {
    let cases: Vec<Case> = cases("dockerfile");
    let (first, second) = cases.split_at(cases.len() / 2);
    let all = |cases: &[Case]| cases.iter().map(check).collect::<Vec<_>>();
    let checked = std::thread::scope(|scope| {
        let other = scope.spawn(|| all(first));
        [all(second), other.join().unwrap()].concat()
    });
    let (wrong, accounts): (Vec<_>, Vec<_>) = checked.into_iter().unzip();
    clean_up(&accounts);
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
