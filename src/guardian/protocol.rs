//! The channel between a controller on the host and the guardian: newline-delimited JSON over the guardian's standard
//! input and output, carried by the engine's attach call. It adds no network listener.
//!
//! Every client begins with a newline (a killed predecessor may have left half a line) and a [`Command::Hello`].
//! Lines that are broken or longer than [`LINE_LIMIT`] are skipped. Events are numbered from 1 within an epoch.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

/// Version of the protocol; a guardian of another version is replaced.
pub const VERSION: u32 = 1;
/// Longest line in bytes that either side reads.
pub const LINE_LIMIT: usize = 16 << 20;
/// Port of the proxy on the guardian's sandbox-side addresses.
pub const PROXY_PORT: u16 = 3128;
/// User name of the proxy credentials; the token is the password.
pub const PROXY_USER: &str = "cloister";

/// A line from the controller. `id` is chosen by the controller and comes back in the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Number of the request.
    pub id: u64,
    /// What is wanted.
    pub command: Command,
}

/// What the controller wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Opens the conversation; events after `acknowledged` are sent again if the epoch is still the same.
    Hello {
        /// [`VERSION`] of the controller.
        version: u32,
        /// Epoch that `acknowledged` belongs to; empty when none was seen.
        epoch: String,
        /// Last event that was kept.
        acknowledged: u64,
    },
    /// Admits a sandbox, or replaces its policy. Answered once the proxy listens for it.
    Admit(Box<Admission>),
    /// Forgets a sandbox and cuts its connections.
    Withdraw {
        /// Id of the sandbox.
        sandbox: String,
    },
    /// Asks for [`Answer::Status`].
    Status,
    /// Events up to this number are kept.
    Acknowledge {
        /// Number of the event.
        event: u64,
    },
}

/// A sandbox, its network, its token and its policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Admission {
    /// Id of the sandbox.
    pub sandbox: String,
    /// Name that people know it by.
    pub name: String,
    /// The sandbox's own network; peers must come from it.
    pub subnet: Ipv4Net,
    /// The guardian's address on that network, where it listens for this sandbox alone.
    pub listen: Ipv4Addr,
    /// Second factor, valid on this network only.
    pub token: String,
    /// What the sandbox may reach.
    pub policy: WirePolicy,
}

/// A policy on the wire: rules in their text form.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct WirePolicy {
    /// Allowed destinations.
    pub allow: Vec<String>,
    /// Denied destinations; they win.
    pub deny: Vec<String>,
    /// Networks exempt from address vetting.
    pub permit_addresses: Vec<IpNet>,
    /// Names with addresses of their own.
    pub hosts: BTreeMap<String, IpAddr>,
    /// The host's own addresses, never dialled.
    pub host_addresses: Vec<IpAddr>,
}

/// A line from the guardian.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// The answer to a request.
    Answer {
        /// Number of the request.
        id: u64,
        /// The answer.
        answer: Answer,
    },
    /// Something that happened.
    Event(Event),
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// To `Hello`.
    Welcome {
        /// [`VERSION`] of the guardian.
        version: u32,
        /// Random name of this life of the guardian.
        epoch: String,
        /// Ids of the sandboxes that it has a policy for.
        sandboxes: Vec<String>,
    },
    /// It is done.
    Done,
    /// It could not be done; nothing changed.
    Failed {
        /// Lower-case fragment: why.
        reason: String,
    },
    /// To `Status`.
    Status(Status),
}

/// What the guardian says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Ids of the sandboxes that it has a policy for.
    pub sandboxes: Vec<String>,
    /// Open connections.
    pub connections: u64,
    /// Requests allowed since it started.
    pub allowed: u64,
    /// Requests refused since it started.
    pub refused: u64,
    /// Requests since it started that were allowed, and whose destination did not answer.
    #[serde(default)]
    pub failed: u64,
    /// Number of the newest event.
    pub last_event: u64,
    /// Events that were lost because nobody kept them in time.
    pub lost_events: u64,
    /// What was refused or failed lately, of each sandbox that had something refused or failing.
    #[serde(default)]
    pub refusals: Vec<Refusals>,
}

/// What was refused to one sandbox lately, and what was allowed and failed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusals {
    /// Id of the sandbox.
    pub sandbox: String,
    /// Name that people know it by.
    pub name: String,
    /// Destinations, the latest first.
    pub refused: Vec<Refused>,
    /// Refusals whose destinations are not among them any more.
    pub forgotten: u64,
    /// Destinations that were allowed and did not answer, the latest first.
    #[serde(default)]
    pub failed: Vec<Refused>,
    /// Failures whose destinations are not among them any more.
    #[serde(default)]
    pub failures_forgotten: u64,
}

/// A destination that was refused, or that was allowed and did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// Canonical host.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Machine-readable reason.
    pub reason: String,
    /// How often.
    pub count: u64,
    /// When last, in milliseconds since the Unix epoch by the guardian's clock.
    pub last: u64,
}

/// A numbered event. Times are the reader's business: the guardian's clock is not trusted more than its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Number, from 1, without gaps but for declared ones.
    pub number: u64,
    /// Milliseconds since the Unix epoch by the guardian's clock.
    pub time: u64,
    /// Id of the sandbox; empty for the guardian itself.
    pub sandbox: String,
    /// What happened.
    pub what: Happening,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Happening {
    /// A request was decided.
    Decision {
        /// Number of the connection, within the epoch.
        connection: u64,
        /// `CONNECT`, or the method of a plain request.
        method: String,
        /// Canonical host, or the escaped text where there is none.
        host: String,
        /// Port, 0 where there is none.
        port: u16,
        /// Whether it went through.
        allowed: bool,
        /// Machine-readable reason.
        reason: String,
        /// The rule that decided, empty where none did.
        rule: String,
        /// Address that was dialled, where one was.
        address: Option<IpAddr>,
    },
    /// A connection ended.
    Closed {
        /// Number of the connection.
        connection: u64,
        /// Bytes from the sandbox.
        sent: u64,
        /// Bytes to the sandbox.
        received: u64,
        /// Duration in milliseconds.
        milliseconds: u64,
    },
    /// Events before this one were lost.
    Gap {
        /// How many.
        lost: u64,
    },
    /// Something about the guardian itself.
    Diagnostic {
        /// Lower-case text.
        message: String,
    },
}
