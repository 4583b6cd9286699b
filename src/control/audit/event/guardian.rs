//! What a guardian tells of the requests of sandboxes.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// The proxy decided about a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Decision {
    /// Number of the connection, within the guardian's epoch.
    pub connection: u64,
    /// `CONNECT`, or the method of a plain request.
    pub method: String,
    /// Canonical host, or the escaped text where there is none.
    pub host: String,
    /// Port, 0 where there is none.
    pub port: u16,
    /// Whether it went through.
    pub allowed: bool,
    /// Machine-readable reason.
    pub reason: String,
    /// The rule that decided, empty where none did.
    pub rule: String,
    /// Id of the person's decision that the rule came from, where it came from one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub approval: Option<String>,
    /// Address that an earlier request of the connection dialled, where this one goes over it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub address: Option<IpAddr>,
}

/// What was allowed did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Failed {
    /// Number of the connection.
    pub connection: u64,
    /// Machine-readable reason.
    pub reason: String,
}

/// A connection ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Closed {
    /// Number of the connection.
    pub connection: u64,
    /// Address that was dialled, where one was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub address: Option<IpAddr>,
    /// Bytes from the sandbox.
    pub sent: u64,
    /// Bytes to the sandbox.
    pub received: u64,
    /// Duration in milliseconds.
    pub milliseconds: u64,
}

/// A request waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Held {
    /// Number of the connection.
    pub connection: u64,
    /// `CONNECT`, or the method of a plain request.
    pub method: String,
    /// Canonical host.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Port that the connection comes from, inside the sandbox.
    pub from: u16,
}

/// Events of a guardian were lost: those from `first` to `last`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Gap {
    /// Random name of that life of the guardian.
    pub epoch: String,
    /// The first that is lost.
    pub first: u64,
    /// The last that is lost; absent where the guardian was killed and nobody knows how many there were, if any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last: Option<u64>,
}

impl Gap {
    /// Returns how many were lost, where that is known.
    pub fn lost(&self) -> Option<u64> {
        self.last.map(|last| last.saturating_sub(self.first) + 1)
    }
}
