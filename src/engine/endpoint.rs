//! Where the engine is: `DOCKER_HOST`, `DOCKER_CONTEXT`, `currentContext`, the default socket, in the order of the
//! Docker CLI. Pure: texts in, an address out.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::ident::sha256_hex;

/// The socket of an engine that is installed in the usual way.
pub const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// How an engine is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A socket on this host.
    Unix(PathBuf),
    /// `host:port`, without encryption.
    Tcp(String),
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(formatter, "unix://{}", path.display()),
            Self::Tcp(authority) => write!(formatter, "tcp://{authority}"),
        }
    }
}

/// Why no address follows from the user's settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// The scheme is none that cloister speaks.
    #[error("`{host}` is not an address that cloister can use")]
    Unsupported {
        /// The address.
        host: String,
    },
    /// The engine wants TLS.
    #[error("engines behind TLS are not supported")]
    Tls,
    /// The context does not exist.
    #[error("docker has no context named `{name}`")]
    UnknownContext {
        /// Its name.
        name: String,
    },
    /// The file of the context is not what Docker writes.
    #[error("the docker context `{name}` cannot be read")]
    BrokenContext {
        /// Its name.
        name: String,
    },
    /// `config.json` is not what Docker writes.
    #[error("docker's `config.json` cannot be read")]
    BrokenConfig,
}

impl EndpointError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::Unsupported { host } if host.starts_with("tcp://") || host.starts_with("http://") => {
                    "write it as tcp://HOST:PORT, or use the engine of this machine: `unset DOCKER_HOST`"
                }
                Self::Unsupported { host } if host.starts_with("unix://") => {
                    "write the socket's absolute path: DOCKER_HOST=unix:///var/run/docker.sock"
                }
                Self::Unsupported { .. } | Self::Tls => {
                    "use a local engine, or forward its socket: `ssh -NL /tmp/engine.sock:/var/run/docker.sock HOST` \
                     and `DOCKER_HOST=unix:///tmp/engine.sock`"
                }
                Self::UnknownContext { .. } => "list the contexts with `docker context ls`",
                Self::BrokenContext { .. } => "look at it with `docker context inspect`",
                Self::BrokenConfig => "repair it, or move it away",
            }
            .to_owned(),
        )
    }
}

/// What the user's environment and files say about the engine.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// `DOCKER_HOST`.
    pub host: Option<String>,
    /// `DOCKER_CONTEXT`.
    pub context: Option<String>,
    /// `DOCKER_TLS_VERIFY`.
    pub tls_verify: Option<String>,
    /// Text of docker's `config.json`.
    pub config: Option<String>,
}

#[derive(Deserialize)]
struct DockerConfig {
    #[serde(default, rename = "currentContext")]
    current_context: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContextMeta {
    endpoints: ContextEndpoints,
}

#[derive(Deserialize)]
struct ContextEndpoints {
    docker: ContextEndpoint,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContextEndpoint {
    host: String,
}

/// A context as Docker stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredContext {
    /// Text of its `meta.json`.
    pub meta: String,
    /// Whether certificates are stored with it.
    pub has_tls: bool,
}

/// Returns the folder of a context below docker's `contexts/meta` and `contexts/tls`.
pub fn context_folder(name: &str) -> String {
    sha256_hex(name.as_bytes())
}

/// Decides where the engine is. `context` looks one up by name.
///
/// # Errors
/// The address is none that cloister speaks, or the context is missing or broken.
pub fn resolve(
    settings: &Settings,
    context: impl Fn(&str) -> Option<StoredContext>,
) -> Result<Endpoint, EndpointError> {
    if let Some(host) = settings.host.as_deref().filter(|host| !host.is_empty()) {
        let tls = settings.tls_verify.as_deref().is_some_and(|value| !value.is_empty());
        return parse(host, tls);
    }
    let name = match settings.context.clone().filter(|name| !name.is_empty()) {
        Some(name) => Some(name),
        None => current_context(settings.config.as_deref())?,
    };
    match name.as_deref() {
        None | Some("" | "default") => Ok(Endpoint::Unix(DEFAULT_SOCKET.into())),
        Some(name) => {
            let stored = context(name).ok_or_else(|| EndpointError::UnknownContext { name: name.to_owned() })?;
            let meta: ContextMeta = serde_json::from_str(&stored.meta)
                .map_err(|_error| EndpointError::BrokenContext { name: name.to_owned() })?;
            parse(&meta.endpoints.docker.host, stored.has_tls)
        }
    }
}

fn current_context(config: Option<&str>) -> Result<Option<String>, EndpointError> {
    let Some(text) = config else { return Ok(None) };
    let config: DockerConfig = serde_json::from_str(text).map_err(|_error| EndpointError::BrokenConfig)?;
    Ok(config.current_context)
}

fn parse(host: &str, tls: bool) -> Result<Endpoint, EndpointError> {
    let unsupported = || EndpointError::Unsupported { host: host.to_owned() };
    match host.split_once("://") {
        Some(("unix", path)) if Path::new(path).is_absolute() => Ok(Endpoint::Unix(path.into())),
        Some(("https", _)) => Err(EndpointError::Tls),
        Some(("tcp" | "http", _)) if tls => Err(EndpointError::Tls),
        Some(("tcp" | "http", rest)) => {
            let authority = rest.trim_end_matches('/');
            match authority.rsplit_once(':') {
                Some((name, port)) if !name.is_empty() && !rest.contains('@') && port.parse::<u16>().is_ok() => {
                    Ok(Endpoint::Tcp(authority.to_owned()))
                }
                _ => Err(unsupported()),
            }
        }
        _ => Err(unsupported()),
    }
}

#[cfg(test)]
mod tests;
