//! Connections from a sandbox's own network, by this process: thousands of them need no program inside. Needs root.

use std::fs::File;
use std::future::Future;
use std::os::fd::AsFd;
use std::thread::JoinHandle;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Ran, User, inspect};

/// A sandbox, from its network.
#[derive(Debug, Clone)]
pub(super) struct Inside {
    process: i64,
    proxy: String,
    credentials: String,
}

impl Inside {
    /// The sandbox of a project that was started.
    pub(super) fn of(user: &User, project: &std::path::Path) -> Self {
        let run = |words: &[&str]| Ran(user.command(words).current_dir(project).output().unwrap()).expect(0);
        let proxy = run(&["exec", "--", "printenv", "https_proxy"]);
        let (credentials, address) = proxy.trim().trim_start_matches("http://").rsplit_once('@').unwrap();
        let container = user.listed().into_iter().find(|one| one["workspace"] == project.to_str().unwrap()).unwrap();
        let found = inspect("container", container["container"].as_str().unwrap()).unwrap();
        Self {
            process: found["State"]["Pid"].as_i64().unwrap(),
            proxy: address.trim_end_matches('/').to_owned(),
            credentials: STANDARD.encode(credentials),
        }
    }

    /// Does something in the sandbox's network, in a thread of its own.
    pub(super) fn run<T: Send + 'static, F: Future<Output = T>>(
        &self,
        work: impl FnOnce(Self) -> F + Send + 'static,
    ) -> JoinHandle<T> {
        let own = self.clone();
        std::thread::spawn(move || {
            let network = File::open(format!("/proc/{}/ns/net", own.process)).unwrap();
            let entered = move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network));
            entered.expect("this test enters the network of a sandbox, and needs root");
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(work(own))
        })
    }

    /// Asks for a tunnel, and returns the status that is answered and the connection.
    pub(super) async fn tunnel(&self, target: &str) -> std::io::Result<(u16, TcpStream)> {
        let mut stream = TcpStream::connect(&self.proxy).await?;
        let credentials = &self.credentials;
        let request = format!("CONNECT {target} HTTP/1.1\r\nProxy-Authorization: Basic {credentials}\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let status = std::str::from_utf8(&head).ok().and_then(|head| head.split(' ').nth(1)?.parse().ok());
        Ok((status.unwrap_or_default(), stream))
    }
}
