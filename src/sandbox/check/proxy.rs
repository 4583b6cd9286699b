//! The proxy as the environment names it: `http://user:token@host:port`.

use std::net::Ipv4Addr;

/// Where the guardian is, and what it wants to hear.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Its address.
    pub address: Ipv4Addr,
    /// Its port.
    pub port: u16,
    /// `user:token`.
    pub credentials: String,
}

/// The token stays out of logs.
impl std::fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Proxy({}:{})", self.address, self.port)
    }
}

/// Why the environment names no guardian.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// The variable is not set.
    #[error("HTTPS_PROXY is not set")]
    Absent,
    /// It is not `http://user:token@host:port`.
    #[error("HTTPS_PROXY has not the form that cloister gives it")]
    Form,
    /// `/etc/hosts` does not name the host; no resolver is asked.
    #[error("/etc/hosts does not name {0}")]
    Unknown(String),
}

impl Proxy {
    /// Reads the variable; `hosts` is the text of `/etc/hosts`.
    ///
    /// # Errors
    /// When it names no guardian.
    pub fn parse(variable: &str, hosts: &str) -> Result<Self, ProxyError> {
        if variable.is_empty() {
            return Err(ProxyError::Absent);
        }
        let rest = variable.strip_prefix("http://").ok_or(ProxyError::Form)?;
        let (credentials, place) = rest.trim_end_matches('/').rsplit_once('@').ok_or(ProxyError::Form)?;
        let (host, port) = place.rsplit_once(':').ok_or(ProxyError::Form)?;
        let port = port.parse().map_err(|_| ProxyError::Form)?;
        let address = match host.parse() {
            Ok(address) => address,
            Err(_) => lookup(hosts, host).ok_or_else(|| ProxyError::Unknown(host.to_owned()))?,
        };
        Ok(Self { address, port, credentials: credentials.to_owned() })
    }
}

/// The first IPv4 address of a name, hosts(5).
pub(super) fn lookup(hosts: &str, name: &str) -> Option<Ipv4Addr> {
    let line = |line: &str| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address = words.next()?.parse().ok()?;
        words.any(|word| word.eq_ignore_ascii_case(name)).then_some(address)
    };
    hosts.lines().find_map(line)
}

#[cfg(test)]
mod tests;
