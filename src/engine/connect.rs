#![expect(clippy::disallowed_methods, reason = "adapter: docker's settings")]
//! The connection to the engine.

use std::io;
use std::path::{Path, PathBuf};

use bollard::{API_DEFAULT_VERSION, Docker};
use http::HeaderMap;
use serde::Deserialize;

use super::endpoint::{self, DEFAULT_SOCKET, Endpoint, EndpointError, Settings, StoredContext};
use super::hijack::{self, HijackError};
use crate::host::file;

/// Oldest API that has everything a sandbox needs (Engine 20.10).
const OLDEST_API: (u32, u32) = (1, 41);
/// Seconds that a call may take.
const CALL_SECONDS: u64 = 120;
/// Most bytes of a file of docker's that are read.
const SETTINGS_LIMIT: u64 = 4 << 20;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address of the engine cannot be told.
    #[error("could not tell where the engine is")]
    Endpoint(#[from] EndpointError),
    /// Nobody listens there.
    #[error("no container engine answers at `{endpoint}`")]
    NoEngine {
        /// The address.
        endpoint: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The socket is not for this user.
    #[error("no permission to use the engine's socket `{endpoint}`")]
    Permission {
        /// The address.
        endpoint: String,
    },
    /// Something else than an engine answers.
    #[error("could not ask the engine at `{endpoint}` for its version")]
    Version {
        /// The address.
        endpoint: String,
        /// Why.
        #[source]
        source: HijackError,
    },
    /// Something else than an engine answers.
    #[error("what answers at `{endpoint}` is not a container engine")]
    NotAnEngine {
        /// The address.
        endpoint: String,
    },
    /// It is older than what cloister needs.
    #[error("engine {version} is too old: its API is {api}, and cloister needs 1.41")]
    TooOld {
        /// Version of the engine.
        version: String,
        /// Version of its API.
        api: String,
    },
    /// The client library refused the address.
    #[error("could not use the engine's address `{endpoint}`")]
    Client {
        /// The address.
        endpoint: String,
        /// Why.
        #[source]
        source: bollard::errors::Error,
    },
}

impl ConnectError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Endpoint(error) => return error.hint(),
            Self::NoEngine { endpoint, .. }
            | Self::NotAnEngine { endpoint }
            | Self::Version { endpoint, .. }
            | Self::Client { endpoint, .. }
                if *endpoint != format!("unix://{DEFAULT_SOCKET}") =>
            {
                let form = if endpoint.starts_with("tcp://") { " without TLS, as tcp://HOST:PORT;" } else { "" };
                format!(
                    "correct DOCKER_HOST or the docker context, which name this address;{form} the engine of this machine \
                     is used with `unset DOCKER_HOST` and `docker context use default`"
                )
            }
            Self::NoEngine { .. } | Self::NotAnEngine { .. } | Self::Version { .. } | Self::Client { .. } => {
                "start Docker (`sudo systemctl start docker`), or set DOCKER_HOST to where it listens".to_owned()
            }
            Self::Permission { .. } => {
                "join the docker group (`sudo usermod -aG docker \"$USER\"`), then log in again".to_owned()
            }
            Self::TooOld { .. } => "install Docker Engine 20.10 or newer".to_owned(),
        })
    }
}

/// A call to the engine that failed.
#[derive(Debug, thiserror::Error)]
#[error("could not {operation}")]
pub struct CallError {
    /// What was wanted, as the rest of a sentence that begins with `could not`.
    pub operation: String,
    /// What the engine said.
    #[source]
    pub source: bollard::errors::Error,
}

impl CallError {
    /// Returns the HTTP status that the engine answered with.
    pub fn status(&self) -> Option<u16> {
        match self.source {
            bollard::errors::Error::DockerResponseServerError { status_code, .. } => Some(status_code),
            _ => None,
        }
    }

    /// Returns what to do next, where the engine did not answer at all.
    pub fn hint(&self) -> Option<String> {
        use bollard::errors::Error::{HyperLegacyError, HyperResponseError, IOError, RequestTimeoutError};
        let is_gone = matches!(
            self.source,
            HyperLegacyError { .. } | HyperResponseError { .. } | IOError { .. } | RequestTimeoutError
        );
        is_gone.then(|| {
            "the engine went away; a restart ends what it ran: once `docker info` answers, `cloister start`".to_owned()
        })
    }

    /// Returns the engine's own words.
    pub fn message(&self) -> &str {
        match &self.source {
            bollard::errors::Error::DockerResponseServerError { message, .. } => message,
            _ => "",
        }
    }
}

/// Names the operation of a call that failed.
pub(crate) trait Operation<T> {
    /// Names the operation, as the rest of a sentence that begins with `could not`.
    fn operation(self, name: impl FnOnce() -> String) -> Result<T, CallError>;
    /// The same, where "there is no such thing" is a fine answer.
    fn unless_absent(self, name: impl FnOnce() -> String) -> Result<Option<T>, CallError>;
}

impl<T> Operation<T> for Result<T, bollard::errors::Error> {
    fn operation(self, name: impl FnOnce() -> String) -> Result<T, CallError> {
        self.map_err(|source| CallError { operation: name(), source })
    }

    fn unless_absent(self, name: impl FnOnce() -> String) -> Result<Option<T>, CallError> {
        match self.operation(name) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A connection to an engine that is new enough.
#[derive(Debug, Clone)]
pub struct Engine {
    /// The client library's handle.
    pub docker: Docker,
    /// Where it is.
    pub endpoint: Endpoint,
    /// Version of the engine, for example `26.1.5`.
    pub version: String,
    /// Version of its API.
    pub api: (u32, u32),
}

#[derive(Deserialize)]
struct Version {
    #[serde(rename = "Version")]
    version: String,
    #[serde(rename = "ApiVersion")]
    api: String,
}

impl Engine {
    /// Connects to the engine that the user's environment and docker's own settings name.
    ///
    /// # Errors
    /// There is none, it is not for this user, too old, or behind something that cloister does not speak.
    pub async fn connect(home: &Path) -> Result<Self, ConnectError> {
        let variable = |name: &str| std::env::var(name).ok();
        let folder = variable("DOCKER_CONFIG").map_or_else(|| home.join(".docker"), PathBuf::from);
        let settings = Settings {
            host: variable("DOCKER_HOST"),
            context: variable("DOCKER_CONTEXT"),
            tls_verify: variable("DOCKER_TLS_VERIFY"),
            config: file::read_text(&folder.join("config.json"), SETTINGS_LIMIT).ok(),
        };
        let endpoint = endpoint::resolve(&settings, |name| stored_context(&folder, name))?;
        Self::at(endpoint).await
    }

    /// Connects to the engine at an address.
    ///
    /// # Errors
    /// As [`Engine::connect`].
    pub async fn at(endpoint: Endpoint) -> Result<Self, ConnectError> {
        let name = endpoint.to_string();
        let ask = async |path| hijack::get(&endpoint, path).await.map_err(|source| unreachable(&name, source));
        let version = match versions_of(&ask("/_ping").await?.fields) {
            Some(version) => version,
            None => serde_json::from_slice(&ask("/version").await?.text)
                .map_err(|_error| ConnectError::NotAnEngine { endpoint: name.clone() })?,
        };
        let api =
            version.api.split_once('.').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        let Some(api) = api.filter(|api| *api >= OLDEST_API) else {
            return Err(ConnectError::TooOld { version: version.version, api: version.api });
        };
        let docker = match &endpoint {
            Endpoint::Unix(path) => {
                Docker::connect_with_unix(&path.to_string_lossy(), CALL_SECONDS, API_DEFAULT_VERSION)
            }
            Endpoint::Tcp(authority) => {
                Docker::connect_with_http(&format!("http://{authority}"), CALL_SECONDS, API_DEFAULT_VERSION)
            }
        };
        tracing::debug!(endpoint = name, version = version.version, "the engine answers");
        let docker = docker.map_err(|source| ConnectError::Client { endpoint: name, source })?;
        Ok(Self { docker, endpoint, version: version.version, api })
    }
}

/// Reads versions in what comes with every answer of Docker's engine, which starts programs to answer `/version`.
fn versions_of(fields: &HeaderMap) -> Option<Version> {
    let field = |name| fields.get(name)?.to_str().ok();
    let version = field("server")?.strip_prefix("Docker/")?.split(' ').next()?;
    Some(Version { version: version.to_owned(), api: field("api-version")?.to_owned() })
}

fn unreachable(endpoint: &str, error: HijackError) -> ConnectError {
    let endpoint = endpoint.to_owned();
    match error {
        HijackError::Connect { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
            ConnectError::Permission { endpoint }
        }
        HijackError::Connect { source, .. } => ConnectError::NoEngine { endpoint, source },
        source => ConnectError::Version { endpoint, source },
    }
}

fn stored_context(docker: &Path, name: &str) -> Option<StoredContext> {
    let contexts = docker.join("contexts");
    let folder = endpoint::context_folder(name);
    let meta = file::read_text(&contexts.join("meta").join(&folder).join("meta.json"), SETTINGS_LIMIT).ok()?;
    let has_tls = contexts.join("tls").join(&folder).join("docker").is_dir();
    Some(StoredContext { meta, has_tls })
}

#[cfg(test)]
mod tests;
