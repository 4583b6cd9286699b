//! The channel between a controller on the host and the guardian: newline-delimited JSON over the guardian's standard
//! input and output, carried by the engine's attach call. It adds no network listener.
//!
//! Every client begins with a newline (a killed predecessor may have left half a line) and a [`Command::Hello`].
//! Lines that are broken or longer than [`LINE_LIMIT`] are skipped. Events are numbered from 1 within an epoch.
//!
//! A controller that keeps events says so in its hello: then a connection waits before it is dialled until the controller
//! has acknowledged the event that opens it, a destination that nobody listed is held where the admission says so, and
//! sandboxes can open streams to the controller, by a tunnel to [`CONTROL_HOST`].

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

/// Version of the protocol; a guardian of another version is replaced.
pub const VERSION: u32 = 2;
/// Longest line in bytes that either side reads.
pub const LINE_LIMIT: usize = 16 << 20;
/// Port of the proxy on the guardian's sandbox-side addresses.
pub const PROXY_PORT: u16 = 3128;
/// Where a sandbox opens a tunnel to that leads to the controller. No list can allow it: RFC 6761 reserves the domain, nobody
/// can own it.
pub const CONTROL_HOST: &str = "cloister-control.invalid";
/// Port of [`CONTROL_HOST`].
pub const CONTROL_PORT: u16 = 443;
/// Bytes of one stream that may be on their way in one direction without having been taken.
pub const STREAM_WINDOW: u32 = 64 << 10;
/// Most bytes of one piece of a stream, before they are written in base64.
pub const PIECE_LIMIT: usize = 16 << 10;
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
        /// Whether the controller stays and keeps every event: connections wait for it, and sandboxes may ask it.
        #[serde(default)]
        keeps: bool,
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
    /// Lets every request through that is held for a host, or refuses it; this once, without a change of policy.
    Settle {
        /// Id of the sandbox.
        sandbox: String,
        /// Canonical host.
        host: String,
        /// Port.
        port: u16,
        /// Whether it goes through.
        allow: bool,
    },
    /// Something for a stream; not answered. What is about a stream that is over is ignored.
    Stream {
        /// Number of the stream, within the epoch.
        stream: u64,
        /// What.
        piece: Piece,
    },
}

/// What goes through a stream between a sandbox and the controller, in either direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Piece {
    /// Bytes, in base64; never more on their way than [`STREAM_WINDOW`].
    Data(String),
    /// So many bytes of the other direction were taken: as many more may come.
    Taken(u32),
    /// Nothing more comes in this direction.
    End,
    /// The stream is over, in both directions.
    Reset,
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
    /// For how many seconds a request for what nobody listed is held while a controller keeps events; 0 for not at all.
    #[serde(default)]
    pub hold: u32,
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
    /// Something from a stream of a sandbox. It is not kept: with the channel, all its streams are over.
    Stream {
        /// Number of the stream, within the epoch.
        stream: u64,
        /// Id of the sandbox that opened it, as the guardian knows it; the first piece of a stream opens it.
        sandbox: String,
        /// What.
        piece: Piece,
    },
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
    /// What is held now.
    #[serde(default)]
    pub held: Vec<Held>,
}

/// A request that waits for somebody to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// Id of the sandbox.
    pub sandbox: String,
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
    /// A request is held until somebody decides, or for as long as the admission says.
    Held(Held),
    /// A request was decided; one that is allowed is not dialled before this event was acknowledged.
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
        /// Address that an earlier request of the connection dialled, where this one goes over it.
        address: Option<IpAddr>,
    },
    /// What was allowed was not reached, or did not answer.
    Failed {
        /// Number of the connection.
        connection: u64,
        /// Machine-readable reason.
        reason: String,
    },
    /// A connection ended.
    Closed {
        /// Number of the connection.
        connection: u64,
        /// Address that was dialled, where one was.
        #[serde(default)]
        address: Option<IpAddr>,
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
