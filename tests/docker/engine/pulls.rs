//! An image that is missing comes from a registry, and somebody who waits sees how far it is.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use cloister::ident::sha256_hex;
use serde_json::json;

use super::User;
use super::terminal::pty::Terminal;

/// Bytes of the image's layer: random, so that nothing makes them fewer.
const LAYER: usize = 3 << 20;
/// How much of it comes at once.
const PIECE: usize = 256 << 10;

/// A registry with one image, which takes its time.
struct Registry {
    image: String,
}

impl Registry {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let image = format!("{}/slow:1", listener.local_addr().unwrap());
        let layer = layer();
        let digest = |bytes: &[u8]| format!("sha256:{}", sha256_hex(bytes));
        let config = json!({
            "architecture": if std::env::consts::ARCH == "aarch64" { "arm64" } else { "amd64" },
            "os": "linux", "config": {}, "rootfs": { "type": "layers", "diff_ids": [digest(&layer)] },
        });
        let config = config.to_string().into_bytes();
        let kind = |name: &str| format!("application/vnd.docker.{name}");
        let manifest = json!({
            "schemaVersion": 2, "mediaType": kind("distribution.manifest.v2+json"),
            "config": { "mediaType": kind("container.image.v1+json"), "size": config.len(), "digest": digest(&config) },
            "layers": [{ "mediaType": kind("image.rootfs.diff.tar"), "size": layer.len(), "digest": digest(&layer) }],
        });
        let manifest = manifest.to_string().into_bytes();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let things = [layer.clone(), config.clone(), manifest.clone()];
                std::thread::spawn(move || serve(client, &things));
            }
        });
        Self { image }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rmi", "-f", &self.image]).output();
    }
}

fn layer() -> Vec<u8> {
    let mut bytes = Vec::new();
    std::fs::File::open("/dev/urandom").unwrap().take(LAYER as u64).read_to_end(&mut bytes).unwrap();
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(LAYER as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, "noise", bytes.as_slice()).unwrap();
    archive.into_inner().unwrap()
}

/// Answers one request; whoever begins with TLS is not answered, and comes again without.
fn serve(mut client: TcpStream, [layer, config, manifest]: &[Vec<u8>; 3]) -> Option<()> {
    let mut lines = BufReader::new(client.try_clone().ok()?).lines().map_while(Result::ok);
    let request = lines.next()?;
    let mut words = request.split(' ');
    let (method, path) = (words.next()?, words.next()?);
    while !lines.next()?.is_empty() {}
    let found = [layer, config].into_iter().find(|bytes| path.ends_with(&sha256_hex(bytes)));
    let (kind, body) = match found {
        Some(bytes) => ("application/octet-stream", bytes.as_slice()),
        None if path.contains("/manifests/") => {
            ("application/vnd.docker.distribution.manifest.v2+json", manifest.as_slice())
        }
        None => ("application/json", &b"{}"[..]),
    };
    let digest = sha256_hex(body);
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nDocker-Content-Digest: sha256:{digest}\r\n\
         Docker-Distribution-Api-Version: registry/2.0\r\nConnection: close\r\n\r\n",
        body.len()
    );
    client.write_all(head.as_bytes()).ok()?;
    for piece in body.chunks(PIECE).filter(|_| method != "HEAD") {
        client.write_all(piece).ok()?;
        std::thread::sleep(Duration::from_millis(if body.len() > PIECE { 150 } else { 0 }));
    }
    Some(())
}

fn user(registry: &Registry) -> User {
    User::with(&format!(r#"{{ "image": "{}" }}"#, registry.image))
}

#[test]
fn a_missing_image_is_pulled_and_said_in_two_lines() {
    let registry = Registry::new();
    let user = user(&registry);
    let started = user.run(&["start", "--detach"]);
    started.expect(0);
    let image = &registry.image;
    let said = format!("cloister: pulling {image}\ncloister: pulled {image}\n");
    assert!(started.stderr().starts_with(&said), "{}", started.stderr());
    user.run(&["stop"]).expect(0);
    let again = user.run(&["start", "--detach"]);
    again.expect(0);
    assert!(!again.stderr().contains("pull"), "{}", again.stderr());
    user.run(&["stop"]).expect(0);
}

#[test]
fn a_terminal_shows_how_far_it_is() {
    let registry = Registry::new();
    let user = user(&registry);
    let mut terminal = Terminal::open(&user, (24, 120), &["start", "--detach"]);
    terminal.shows(&format!("pulling {}", registry.image), 1);
    terminal.shows("MiB of 3.00 MiB, ", 1);
    terminal.ends_with(0);
    terminal.shows(&format!("pulled {}", registry.image), 1);
    user.run(&["stop"]).expect(0);
}

#[test]
fn a_pull_ends_at_once_when_somebody_says_so() {
    let registry = Registry::new();
    let user = user(&registry);
    let mut terminal = Terminal::open(&user, (24, 120), &["start", "--detach"]);
    terminal.shows("MiB of 3.00 MiB, ", 1);
    terminal.types("\x03");
    terminal.ends_with(130);
    assert!(!terminal.shown().contains("pulled"), "{}", terminal.shown());
    assert!(user.listed().is_empty());
}
