//! The two doors of the guardian to the outside: names to addresses, vetted addresses to connections.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, ResolveHosts};
use hickory_resolver::net::NetError;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::address::{Permit, Vetted};
use crate::policy::host::Host;

/// A boxed future.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Name service and transport. Tests put their own in its place.
pub trait World: Send + Sync + 'static {
    /// Returns every address of a name, or nothing if it has none.
    fn resolve<'a>(&'a self, host: &'a Host) -> Answer<'a, Result<Vec<IpAddr>, ResolveError>>;

    /// Connects to an address that was vetted.
    fn connect(&self, address: Vetted) -> Answer<'_, io::Result<TcpStream>>;
}

/// Why a name has no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ResolveError {
    /// There is no usable configuration of name servers.
    #[error("cannot read the configuration of name servers")]
    Configuration(#[source] Arc<NetError>),
    /// The name servers did not help.
    #[error("cannot resolve the name")]
    Lookup(#[source] Arc<NetError>),
}

/// The real one.
#[derive(Debug)]
pub struct Internet {
    resolver: Result<TokioResolver, Arc<NetError>>,
}

impl Internet {
    /// Returns a world with the name servers of `/etc/resolv.conf`. Without them every name fails, and only that.
    pub fn new() -> Self {
        Self { resolver: resolver().map_err(Arc::new) }
    }
}

impl Default for Internet {
    fn default() -> Self {
        Self::new()
    }
}

/// `/etc/hosts` of the guardian's container is the engine's business and names no destination; search domains never
/// apply because every question ends in a dot.
fn resolver() -> Result<TokioResolver, NetError> {
    let mut builder = TokioResolver::builder_tokio()?;
    let options = builder.options_mut();
    options.use_hosts_file = ResolveHosts::Never;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.timeout = Duration::from_secs(3);
    options.attempts = 2;
    options.cache_size = 1024;
    options.try_tcp_on_error = true;
    builder.build()
}

impl World for Internet {
    fn resolve<'a>(&'a self, host: &'a Host) -> Answer<'a, Result<Vec<IpAddr>, ResolveError>> {
        Box::pin(async move {
            let resolver = self.resolver.as_ref().map_err(|error| ResolveError::Configuration(Arc::clone(error)))?;
            match resolver.lookup_ip(format!("{host}.")).await {
                Ok(answer) => Ok(answer.iter().collect()),
                Err(error) if error.is_no_records_found() => Ok(Vec::new()),
                Err(error) => Err(ResolveError::Lookup(Arc::new(error))),
            }
        })
    }

    fn connect(&self, address: Vetted) -> Answer<'_, io::Result<TcpStream>> {
        Box::pin(TcpStream::connect(address.get()))
    }
}

/// Connects to the first address of a permit that answers, each within `limit`.
pub async fn dial(world: &dyn World, permit: &Permit, limit: Duration) -> io::Result<(TcpStream, IpAddr)> {
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in permit.addresses() {
        match timeout(limit, world.connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true)?;
                return Ok((stream, address.get().ip()));
            }
            Ok(Err(error)) => failure = error,
            Err(_) => failure = io::Error::from(io::ErrorKind::TimedOut),
        }
    }
    Err(failure)
}
