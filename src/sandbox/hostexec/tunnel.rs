#![expect(clippy::disallowed_methods, reason = "adapter: the sandbox's environment and network")]
//! The way to the control plane: a tunnel through the guardian, to a name that nobody else can have.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use std::{env, fs};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::guardian::protocol::{CONTROL_HOST, CONTROL_PORT};
use crate::sandbox::check::{Proxy, ProxyError};
use crate::ui::text::visible;

/// For connecting, and for the guardian's answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest head of an answer in bytes.
const HEAD_LIMIT: usize = 16 << 10;

/// Why there is no way to the control plane.
#[derive(Debug, thiserror::Error)]
pub enum TunnelError {
    /// The environment names no guardian.
    #[error("this is not a sandbox of cloister, or its environment was changed")]
    Proxy(#[from] ProxyError),
    /// The guardian did not answer.
    #[error("the guardian did not answer")]
    Guardian(#[source] io::Error),
    /// The control plane is away.
    #[error("nobody on the host can be asked: cloister's control plane does not run")]
    Away,
    /// The guardian refused.
    #[error("the guardian refused the way to the control plane: {}", visible(.0))]
    Refused(String),
}

impl TunnelError {
    /// Returns what to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Proxy(_) => "start it with the variables of the sandbox: HTTPS_PROXY names the guardian",
            Self::Guardian(_) => "`cloister-hostexec check` says what can be reached",
            Self::Away => "ask the user to run `cloister start` on the host, then try again",
            Self::Refused(_) => {
                "ask the user to run `cloister shutdown` and `cloister start` with one version of cloister"
            }
        }
    }
}

/// Opens a tunnel to the control plane.
///
/// # Errors
/// There is no guardian, or nobody behind it.
pub(super) fn open() -> Result<TcpStream, TunnelError> {
    let hosts = fs::read_to_string("/etc/hosts").unwrap_or_default();
    let variable = ["HTTPS_PROXY", "https_proxy"].into_iter().find_map(|name| env::var(name).ok());
    let proxy = Proxy::parse(variable.as_deref().unwrap_or_default(), &hosts)?;
    let (stream, head) = connect(&proxy).map_err(TunnelError::Guardian)?;
    match head.split(' ').nth(1) {
        Some("200") => Ok(stream),
        Some("503") => Err(TunnelError::Away),
        _ => Err(TunnelError::Refused(head.lines().next().unwrap_or_default().to_owned())),
    }
}

fn connect(proxy: &Proxy) -> io::Result<(TcpStream, String)> {
    let address = SocketAddr::from((proxy.address, proxy.port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let target = format!("{CONTROL_HOST}:{CONTROL_PORT}");
    let token = STANDARD.encode(&proxy.credentials);
    let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nProxy-Authorization: Basic {token}\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let head = head(&mut stream)?;
    // From here on somebody may think it over for as long as they like.
    stream.set_read_timeout(None)?;
    Ok((stream, head))
}

/// Reads the head of an answer, and not a byte more: what follows is the tunnel's.
fn head(stream: &mut impl Read) -> io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == HEAD_LIMIT {
            return Err(io::ErrorKind::InvalidData.into());
        }
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}
