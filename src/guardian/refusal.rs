//! What a refused client reads: one line that says what, why, and what to do next. Status line for those who show only
//! that (curl with `CONNECT`), body for people, JSON for programs.
//!
//! Invariant: pure, and no address that was not in the request is ever in an answer.

use std::fmt::Write as _;

use serde_json::json;

use super::address::Forbidden;
use super::decide::Decision;
use super::reason::Reason;
use super::request::Malformed;
use super::target::{Name, Target};
use crate::policy::rule::Rule;
use crate::policy::rules::Use;

const FILE: &str = "~/.config/cloister/config.json5";
const RELOAD: &str = "cloister guardian reload";
/// Ports whose protocol is not TLS, so that a rule without `/raw` would be of no use: ssh, http, git.
const WITHOUT_TLS: &[u16] = &[22, 80, 9418];

/// A refusal, before it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    status: u16,
    reason: Reason,
    /// Short text behind the status code.
    phrase: String,
    /// What and why.
    text: String,
    /// What to do next; empty where there is nothing to do.
    next: String,
    /// What it is about, where that is known.
    subject: Option<Box<Subject>>,
}

/// What a refusal is about, for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Subject {
    target: Target,
    /// Name of the sandbox, where the refusal is about its policy.
    sandbox: Option<String>,
    /// The rule that decided.
    rule: Option<Rule>,
    /// The rule that would allow it.
    allow: Option<String>,
    /// What asks for it inside the sandbox; empty where nobody can be asked.
    ask: Vec<String>,
}

/// The program inside a sandbox that asks whoever is at the controller.
const ASK: [&str; 2] = ["cloister-hostexec", "request-domain"];

impl Refusal {
    /// Returns the refusal of a decision; `None` where it allows. `closed` says why no rule would help.
    pub fn decided(decision: Decision, target: &Target, sandbox: &str, closed: Option<Forbidden>) -> Option<Self> {
        let Decision::Refused { reason, rule } = decision else { return None };
        let allow = rule_for(target);
        let name = &target.name;
        let add = format!("to allow it, add \"{allow}\" to allow in {FILE} and run: {RELOAD}");
        let denying = rule.as_ref().map(Rule::as_str).unwrap_or_default();
        let (phrase, text, next) = match (reason, closed, name) {
            (_, Some(forbidden), _) => (
                format!("{name} is never reachable"),
                format!("{target} leads to {forbidden}, and no rule opens it"),
                String::new(),
            ),
            (Reason::Denied, ..) => (
                format!("{name} is denied"),
                format!("{target} is denied to sandbox \"{sandbox}\" by the rule \"{denying}\""),
                format!("deny wins over allow; to change that, edit deny in {FILE} and run: {RELOAD}"),
            ),
            (Reason::Port, ..) => (
                format!("port {} of {name} is not on the allowlist", target.port),
                format!(
                    "port {} of {name} is not on the allowlist of sandbox \"{sandbox}\"{}",
                    target.port,
                    as_used(target)
                ),
                add,
            ),
            (Reason::LocalName, ..) => (
                format!("{name} is never reachable"),
                format!("{name} is a name of the machine itself or of a metadata service, and no rule opens it"),
                String::new(),
            ),
            (Reason::AddressLiteral, _, Name::Address(_)) => (
                format!("{name} is an address"),
                format!("{target} is an address, and sandbox \"{sandbox}\" reaches names only"),
                format!("use the name of the host, or {}", add.trim_start_matches("to allow it, ")),
            ),
            (Reason::AddressLiteral, ..) => (
                format!("{name} is a number"),
                format!("{target} is a number that may be read as an address"),
                "use the name of the host".to_owned(),
            ),
            _ => (
                format!("{name} is not on the allowlist"),
                format!("{target} is not on the allowlist of sandbox \"{sandbox}\""),
                add,
            ),
        };
        let helps = closed.is_none() && matches!(reason, Reason::NotListed | Reason::Port);
        let allow = helps.then_some(allow);
        let subject =
            Subject { target: target.clone(), sandbox: Some(sandbox.to_owned()), rule, allow, ask: Vec::new() };
        Some(Self { status: 403, reason, phrase, text, next, subject: Some(Box::new(subject)) })
    }

    /// Says in a refusal by [`Self::decided`] how somebody can be asked, and for how many seconds nobody answered already.
    #[must_use]
    pub fn askable(mut self, unanswered: Option<u32>) -> Self {
        if let Some(subject) = &mut self.subject {
            let command = ASK.iter().map(|&word| word.to_owned());
            subject.ask = command.chain([host_of(&subject.target)]).collect();
            self.next = format!("to ask for it and wait for an answer, run: {}", subject.ask.join(" "));
        }
        if let Some(seconds) = unanswered {
            let unit = if seconds == 1 { "second" } else { "seconds" };
            self.text = format!("{}, and nobody answered in {seconds} {unit}", self.text);
        }
        self
    }

    /// Returns the refusal of what somebody was asked for, and denied.
    pub fn declined(target: &Target, sandbox: &str) -> Self {
        let text = format!("{target} is not on the allowlist of sandbox \"{sandbox}\", and whoever was asked said no");
        let mut refusal = Self::about(target, 403, Reason::Denied, format!("{} is denied", target.name), text);
        if let Some(subject) = &mut refusal.subject {
            subject.sandbox = Some(sandbox.to_owned());
        }
        refusal
    }

    /// Returns the answer while what happens cannot be kept.
    pub fn audit() -> Self {
        let text = "what happens cannot be written to the audit log, so nothing new may happen".to_owned();
        let next = "on the host, run: cloister guardian status".to_owned();
        Self { next, ..Self::plain(503, Reason::Audit, "Audit Log Not Available", text) }
    }

    /// Returns the answer to a stream while there is nobody at its other end.
    pub fn no_controller() -> Self {
        let text = "the control plane does not run, so nobody would answer".to_owned();
        let next = "on the host, run: cloister guardian start".to_owned();
        Self { next, ..Self::plain(503, Reason::ControlPlane, "Control Plane Not Available", text) }
    }

    /// Returns the answer to one stream too many.
    pub fn too_many_streams(limit: usize) -> Self {
        let text = format!("this sandbox has {limit} open streams to the control plane, or all have too many");
        let next = "wait for one to end, then try again".to_owned();
        Self { next, ..Self::plain(429, Reason::Limit, "Too Many Requests", text) }
    }

    /// Returns the answer to one request too many that nobody has decided yet. It is asked about all the same.
    pub fn too_many_held(target: &Target, limit: usize) -> Self {
        let text = format!(
            "{target} is not on the allowlist and was asked for; {limit} requests of this sandbox wait for an answer already, \
             which is the limit"
        );
        let next = "try again once it was answered".to_owned();
        Self { next, ..Self::about(target, 429, Reason::HeldLimit, "Too Many Requests".to_owned(), text) }
    }

    /// Returns the refusal of a name that leads to no address that may be dialled.
    pub fn address(forbidden: Forbidden, target: &Target) -> Self {
        let text = format!("{} leads to {forbidden}, which is not dialled", target.name);
        let next = match forbidden {
            Forbidden::Range(_) => {
                format!("to permit its network, add it to network.permitAddresses in {FILE} and run: {RELOAD}")
            }
            Forbidden::Host => {
                format!("to permit it, add this one address to network.permitAddresses in {FILE} and run: {RELOAD}")
            }
            Forbidden::Closed(_) | Forbidden::Sandbox | Forbidden::Nothing => String::new(),
        };
        let phrase = format!("{} does not lead to a public address", target.name);
        Self { next, ..Self::about(target, 403, Reason::Address, phrase, text) }
    }

    /// Returns the answer for a name that has no address.
    pub fn not_found(target: &Target) -> Self {
        let text = format!("the name {} has no address, or no name server answered", target.name);
        Self::about(target, 502, Reason::NotFound, format!("cannot resolve {}", target.name), text)
    }

    /// Returns the answer for a destination that does not answer.
    pub fn unreachable(target: &Target, timed_out: bool) -> Self {
        let what = if timed_out { "did not answer in time" } else { "cannot be reached" };
        let status = if timed_out { 504 } else { 502 };
        let text = format!("{target} {what}");
        Self::about(target, status, Reason::Unreachable, text.clone(), text)
    }

    /// Returns the answer for a destination whose response is not HTTP, or ended too soon.
    pub fn bad_answer(target: &Target) -> Self {
        let text = format!("{target} did not answer with HTTP/1");
        Self::about(target, 502, Reason::BadAnswer, text.clone(), text)
    }

    /// Returns the answer to a request that is not well-formed.
    pub fn malformed(malformed: &Malformed) -> Self {
        let phrase = match malformed {
            Malformed::TooLarge => "Request Header Fields Too Large",
            Malformed::Version => "HTTP Version Not Supported",
            Malformed::Method => "Not Implemented",
            Malformed::Trace => "Method Not Allowed",
            _ => "Bad Request",
        };
        Self::plain(malformed.status(), malformed.reason(), phrase, malformed.to_string())
    }

    /// Returns the answer to a body that is not well-formed.
    pub fn malformed_body() -> Self {
        Self::plain(400, Reason::Malformed, "Bad Request", "the body is not framed as announced".to_owned())
    }

    /// Returns the answer to a head that does not arrive.
    pub fn timeout() -> Self {
        Self::plain(408, Reason::Timeout, "Request Timeout", "the request did not arrive in time".to_owned())
    }

    /// Returns the answer to missing or wrong credentials.
    pub fn unauthenticated() -> Self {
        let text = "this proxy needs the token of its sandbox".to_owned();
        let next = "use the address in HTTPS_PROXY as it is, it carries the token".to_owned();
        Self { next, ..Self::plain(407, Reason::Unauthenticated, "Proxy Authentication Required", text) }
    }

    /// Returns the answer to one tunnel too many.
    pub fn too_many_tunnels(limit: usize) -> Self {
        let text = format!("this sandbox has {limit} open tunnels, which is the limit");
        let next = "close some, then try again".to_owned();
        Self { next, ..Self::plain(429, Reason::Limit, "Too Many Requests", text) }
    }

    /// Returns the answer to one plain request too many.
    pub fn too_many_forwards() -> Self {
        let text = "the guardian has too many open connections for plain http".to_owned();
        let next = "close some, then try again, or use https".to_owned();
        Self { next, ..Self::plain(503, Reason::Limit, "Service Unavailable", text) }
    }

    /// Returns the answer to one connection too many.
    pub fn too_many_connections() -> Self {
        let text = "the guardian has too many open connections".to_owned();
        let next = "close some, then try again".to_owned();
        Self { next, ..Self::plain(503, Reason::Limit, "Service Unavailable", text) }
    }

    /// Returns the machine-readable reason.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Returns the rule that decided.
    pub fn rule(&self) -> Option<&Rule> {
        self.subject.as_ref()?.rule.as_ref()
    }

    /// Writes the refusal as an HTTP/1.1 response.
    pub fn encode(&self, json: bool, close: bool) -> Vec<u8> {
        let (kind, body) =
            if json { ("application/json", self.json()) } else { ("text/plain; charset=utf-8", self.line()) };
        let blocked = if self.status == 403 { "Blocked by cloister: " } else { "" };
        let mut head = format!("HTTP/1.1 {} {blocked}{}\r\n", self.status, self.phrase);
        let authenticate = if self.status == 407 { "Proxy-Authenticate: Basic realm=\"cloister\"\r\n" } else { "" };
        let connection = if close { "Connection: close\r\n" } else { "" };
        let result = write!(
            head,
            "Content-Type: {kind}\r\nContent-Length: {}\r\nX-Cloister-Reason: {}\r\nCache-Control: no-store\r\n{authenticate}{connection}\r\n{body}",
            body.len(),
            self.reason,
        );
        result.expect("writing into a string cannot fail");
        head.into_bytes()
    }

    fn line(&self) -> String {
        let separator = if self.next.is_empty() { "" } else { "; " };
        format!("cloister: {}{separator}{}\n", self.text, self.next)
    }

    fn json(&self) -> String {
        let subject = self.subject.as_deref();
        let ask = subject.map(|subject| subject.ask.as_slice()).unwrap_or_default();
        let value = json!({
            "error": "refused-by-cloister",
            "reason": self.reason.as_str(),
            "message": self.line().trim_end(),
            "host": subject.map(|subject| subject.target.name.to_string()),
            "port": subject.map(|subject| subject.target.port),
            "sandbox": subject.and_then(|subject| subject.sandbox.as_deref()),
            "rule": self.rule().map(Rule::as_str),
            "allow": subject.and_then(|subject| subject.allow.as_deref()),
            "ask": { "possible": !ask.is_empty(), "command": ask },
        });
        format!("{value}\n")
    }

    fn about(target: &Target, status: u16, reason: Reason, phrase: String, text: String) -> Self {
        let subject = Subject { target: target.clone(), sandbox: None, rule: None, allow: None, ask: Vec::new() };
        Self { phrase, subject: Some(Box::new(subject)), ..Self::plain(status, reason, "", text) }
    }

    fn plain(status: u16, reason: Reason, phrase: &str, text: String) -> Self {
        let phrase = phrase.to_owned();
        Self { status, reason, phrase, text, next: String::new(), subject: None }
    }
}

/// Returns the rule that would allow a target: without the port where that is the default, with `/raw` where that is meant.
fn rule_for(target: &Target) -> String {
    match (&target.name, target.port, target.usage) {
        (Name::Host(host), 443, Use::Tunnel) | (Name::Host(host), 80, Use::Plain) => host.to_string(),
        (_, port, Use::Tunnel) if WITHOUT_TLS.contains(&port) => format!("{target}/raw"),
        _ => target.to_string(),
    }
}

/// Returns what is asked for: the host, and the port where that is not the usual one.
fn host_of(target: &Target) -> String {
    match (target.port, target.usage) {
        (443, Use::Tunnel) | (80, Use::Plain) => target.name.to_string(),
        _ => target.to_string(),
    }
}

fn as_used(target: &Target) -> &'static str {
    match (target.usage, target.port) {
        (Use::Plain, 443) => " for plain http",
        (Use::Tunnel, 80) => " for tunnels",
        _ => "",
    }
}

#[cfg(test)]
mod tests;
