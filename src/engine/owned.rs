//! What has the names of a sandbox, and is not this state folder's.

/// What the engine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A container.
    Container,
    /// A network.
    Network,
    /// A volume.
    Volume,
    /// An image.
    Image,
}

impl Kind {
    /// Its name, and the words of the engine's client that remove one.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Container => ("container", "docker rm -f"),
            Self::Network => ("network", "docker network rm"),
            Self::Volume => ("volume", "docker volume rm"),
            Self::Image => ("image", "docker image rm"),
        }
    }
}

/// Something has a name that this state folder's sandbox would need.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {} `{name}` of this folder's sandbox was made under another state folder", kind.words().0)]
pub struct Foreign {
    kind: Kind,
    name: String,
}

impl Foreign {
    /// Returns the error for what has this name.
    pub fn new(kind: Kind, name: &str) -> Self {
        Self { kind, name: name.to_owned() }
    }

    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        let Self { kind, name } = self;
        Some(format!(
            "with the XDG_STATE_HOME that it was made under: `cloister stop`, then `cloister gc`; or, if nobody needs it: \
             `{} {name}`",
            kind.words().1
        ))
    }
}
