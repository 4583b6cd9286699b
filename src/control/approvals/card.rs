//! What waits for a person. One card for each sandbox and host, however many connections wait.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::ident::sha256_hex;
use crate::policy::decision::Subject;
use crate::policy::host::Host;

/// Number of a card. Numbers grow, and are not used twice while the control plane lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CardId(pub u64);

/// Something that a person is asked. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Its number; cards are shown in the order of their numbers, which never changes (SEC-51).
    pub id: CardId,
    /// Who asks.
    pub subject: Subject,
    /// What is asked.
    pub what: Asked,
    /// When it was asked first.
    pub first: u64,
    /// When it was asked last.
    pub last: u64,
    /// How often.
    pub count: u64,
    /// When it goes if nobody answers and nobody asks again.
    pub expires: u64,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// To reach a host.
    Host(HostAsk),
    /// Something that another part of the control plane knows how to do, such as a command on the host.
    Other(OtherAsk),
}

/// To reach a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostAsk {
    /// The host.
    pub host: Host,
    /// Ports that were asked for; never empty.
    pub ports: BTreeSet<u16>,
    /// What the agent gave as its reason, as it came; cut, and made visible where it is shown.
    pub reason: Option<String>,
    /// Connections that the guardian holds now.
    pub waiting: BTreeSet<Connection>,
    /// Requests of agents that wait for the answer.
    pub tickets: BTreeSet<Ticket>,
    /// Programs in the sandbox that were seen asking, in its own words: not a part of what is approved.
    pub programs: BTreeSet<String>,
}

/// A connection that the guardian holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Connection {
    /// Its number, within the guardian's epoch.
    pub number: u64,
    /// Its port.
    pub port: u16,
}

/// Who waits for an answer; chosen by whoever asks the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Something that another part of the control plane knows how to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherAsk {
    /// Its kind.
    pub kind: OtherKind,
    /// One line that says what; may hold anything.
    pub title: String,
    /// Everything that is shown, for whoever shows it; opaque here.
    pub content: serde_json::Value,
    /// Digest of everything that happens once it is allowed.
    pub digest: String,
    /// Whether it can be allowed for longer than once: for exactly this digest, of this project.
    pub keepable: bool,
    /// Requests that wait for the answer.
    pub tickets: BTreeSet<Ticket>,
}

/// Kind of a card that is not about a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OtherKind {
    /// A command on the host.
    HostCommand,
    /// Something that the repository asks for.
    Repository,
}

impl Card {
    /// Returns `sha256:…` of what an approval of the card is bound to: who asks, and everything that would be opened or
    /// was said about it. How often and when is not a part of it (SEC-50).
    pub fn digest(&self) -> String {
        let Subject { sandbox, session, name, folder } = &self.subject;
        let what = match &self.what {
            Asked::Host(HostAsk { host, ports, reason, .. }) => {
                json!({ "host": host.as_str(), "ports": ports, "reason": reason })
            }
            Asked::Other(OtherAsk { kind, digest, title, .. }) => {
                json!({ "kind": kind, "title": title, "digest": digest })
            }
        };
        let canonical = json!([self.id, sandbox, session, name, folder, what]);
        format!("sha256:{}", sha256_hex(canonical.to_string().as_bytes()))
    }
}
