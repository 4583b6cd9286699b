//! What is asked for on the command line.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Parser, Subcommand};

/// Load for an http proxy.
#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) mode: Mode,
    #[command(flatten)]
    pub(crate) load: Load,
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Mode {
    /// Opens a tunnel, asks for something in it, closes it; again and again
    Connect,
    /// Asks for something in plain http over kept connections
    Http,
    /// Asks for a tunnel to a host that is not allowed
    Deny,
    /// What connect does, so many times a second whatever the answers take
    Rate,
    /// Bytes from the origin through tunnels
    Download,
    /// Bytes to the origin through tunnels
    Upload,
    /// Opens tunnels and leaves them alone
    Idle,
    /// Answers GET /N with N bytes, and takes the body of any POST
    Origin {
        /// Where it listens
        #[arg(long)]
        listen: SocketAddr,
    },
    /// Starts a guardian, admits sandboxes and acknowledges their events until it is killed
    Control(Control),
    /// The guardian with limits that nothing here reaches
    Guardian,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Control {
    /// The guardian's program; without it this program's own, with wide limits
    #[arg(long)]
    pub(crate) program: Option<PathBuf>,
    /// File that becomes the guardian's process id once it listens
    #[arg(long)]
    pub(crate) pid_file: PathBuf,
    /// Rules, the one that is used last among them
    #[arg(long, default_value_t = 1000)]
    pub(crate) rules: usize,
    /// Whether the rules are wildcards
    #[arg(long)]
    pub(crate) wildcards: bool,
    /// Folder of an audit log that has every event before its connection is dialled, as the control plane has it
    #[arg(long)]
    pub(crate) log: Option<PathBuf>,
    /// Sandboxes beside the one that is used
    #[arg(long, default_value_t = 0)]
    pub(crate) others: u8,
    /// Host and port that are allowed
    #[arg(long)]
    pub(crate) allowed: String,
    /// Its address
    #[arg(long)]
    pub(crate) address: std::net::IpAddr,
    /// The guardian's address in the sandbox's network
    #[arg(long)]
    pub(crate) listen: std::net::Ipv4Addr,
    /// The sandbox's token
    #[arg(long)]
    pub(crate) token: String,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Load")]
pub(crate) struct Load {
    /// Address of the proxy; without it the target is dialled itself
    #[arg(long, global = true)]
    proxy: Option<SocketAddr>,
    /// User and password for the proxy, with a colon between them
    #[arg(long, global = true)]
    credentials: Option<String>,
    /// Host and port that are asked for
    #[arg(long, global = true, default_value = "origin.bench.example:8080")]
    pub(crate) target: String,
    /// Address of the target where there is no proxy
    #[arg(long, global = true)]
    target_address: Option<SocketAddr>,
    /// Host and port that are refused
    #[arg(long, global = true, default_value = "denied.example.com:8080")]
    pub(crate) denied: String,
    /// Bytes of an answer
    #[arg(long, global = true, default_value_t = 1024)]
    pub(crate) size: u64,
    /// Connections at a time; operations a second for rate
    #[arg(long, global = true, default_value_t = 32)]
    pub(crate) connections: u32,
    /// Seconds that are measured
    #[arg(long, global = true, default_value_t = 3.0)]
    seconds: f64,
    /// Seconds before that
    #[arg(long, global = true, default_value_t = 0.5)]
    warm_up: f64,
    /// The proxy's process
    #[arg(long, global = true)]
    pub(crate) pid: Option<u32>,
}

impl Load {
    /// Load is for this machine only: every address has to be one of its own.
    pub(crate) fn check_addresses(&self) -> io::Result<()> {
        for address in [self.proxy, self.target_address].into_iter().flatten() {
            UdpSocket::bind((address.ip(), 0)).map_err(|error| {
                io::Error::new(error.kind(), format!("{} is not an address of this machine: {error}", address.ip()))
            })?;
        }
        Ok(())
    }

    pub(crate) fn is_direct(&self) -> bool {
        self.proxy.is_none()
    }

    pub(crate) fn dialled(&self) -> io::Result<SocketAddr> {
        self.proxy
            .or(self.target_address)
            .ok_or_else(|| io::Error::other("neither --proxy nor --target-address is given"))
    }

    pub(crate) fn authorization(&self) -> String {
        let field = |text: &String| format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(text));
        self.credentials.as_ref().map(field).unwrap_or_default()
    }

    pub(crate) fn warm_up(&self) -> Duration {
        Duration::from_secs_f64(self.warm_up)
    }

    pub(crate) fn measured(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}
