//! `cloister why`: which rule decides about a host, where it comes from, and what would change that. Asks no engine.

use serde_json::json;

use super::about::About;
use super::exit;
use super::failure::Failure;
use super::list::Format;
use super::origin;
use super::output::Output;
use crate::pipeline::layers::user_file;
use crate::policy::effective::{Effective, Explained, Sourced};
use crate::policy::host::{Host, HostError};
use crate::policy::rule::{Pattern, is_machine_name, parse_port};
use crate::policy::rules::{Match, Place, Use};
use crate::ui::text::{quoted, visible};

const EXAMPLES: &str = "\
Examples:
  cloister why api.example.com              in a sandbox of this folder
  cloister why example.com:22 --sandbox web";

/// Most rules that are named as being near.
const NEAR: usize = 5;

/// Explain whether a sandbox may reach a host
///
/// Says which rule decides, where it comes from, and what would have to change. Rules of every layer add up, and deny wins.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Host and port, or a URL; without a port, 443, or that of the URL
    #[arg(value_name = "HOST[:PORT]")]
    pub destination: String,
    /// Name of the sandbox, or its folder; without one, this folder
    #[arg(long, value_name = "NAME|FOLDER")]
    pub sandbox: Option<String>,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// What was asked about.
#[derive(Debug)]
struct Destination {
    place: Place,
    shown: String,
    port: u16,
    usage: Use,
}

/// Explains.
///
/// # Errors
/// The destination is none, or what the user allows cannot be read.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let destination = destination(&args.destination).map_err(|reason| {
        Failure::message(format!("`{}` is no destination: {reason}", visible(&args.destination)))
            .hint(["write HOST or HOST:PORT, as in example.com:8443"])
            .code(exit::USAGE)
    })?;
    let about = About::of(args.sandbox.as_deref())?;
    let (effective, _) = about.effective()?;
    let file = user_file(&about.paths.config).display().to_string();
    let stdout = match args.format {
        Format::Text => text(&destination, &effective, &file),
        Format::Json => json(&destination, &effective),
    };
    Output { stdout, ..Output::default() }.write()
}

fn destination(text: &str) -> Result<Destination, String> {
    let (text, default) = authority(text);
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, parse_port(port).ok_or("the port is not a number from 1 to 65535")?)
        }
        _ => (text, default),
    };
    let place = match Host::parse(host) {
        Ok(host) => Place::Name(host),
        Err(HostError::Address) => {
            let inner = host.trim_start_matches('[').trim_end_matches(']');
            Place::Address(inner.parse().map_err(|_| "write an address in its usual form".to_owned())?)
        }
        Err(error) => return Err(error.to_string()),
    };
    let shown = match &place {
        Place::Name(host) => format!("{host}:{port}"),
        Place::Address(address) => format!("{}:{port}", Pattern::Address(*address)),
    };
    Ok(Destination { place, shown, port, usage: if port == 80 { Use::Plain } else { Use::Tunnel } })
}

/// Returns what of a URL is host and port (RFC 3986), and the port of its scheme; anything else is as it came. So is one with
/// a backslash, in which programs see different hosts.
fn authority(text: &str) -> (&str, u16) {
    let (rest, default) = match text.split_once("://").filter(|_| !text.contains('\\')) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (rest, 443),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (rest, 80),
        _ => return (text, 443),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // What stands before it is a user: http://known.example@other.example leads to the other.
    (authority.rsplit('@').next().unwrap_or_default(), default)
}

fn is_never(destination: &Destination) -> bool {
    matches!(&destination.place, Place::Name(host) if is_machine_name(host))
}

fn text(destination: &Destination, effective: &Effective, file: &str) -> String {
    let Destination { place, shown, port, usage } = destination;
    if is_never(destination) {
        return format!(
            "{shown} is refused: a name of the machine itself or of a metadata service; no rule opens it\n"
        );
    }
    let Explained { found, because } = effective.explain(place, *port, *usage);
    let from: String = because.iter().map(|sourced| line(sourced)).collect();
    match found {
        Match::Allowed(_) => format!("{shown} is allowed\n{from}"),
        Match::Denied(_) => {
            format!(
                "{shown} is refused: a rule denies it, and deny wins\n{from}to allow it, take {} away there\n",
                those(&because)
            )
        }
        Match::OtherPort(_) => {
            let waits = waits(destination, effective.policy.hold);
            let to_allow = to_allow(destination, file);
            format!("{shown} is refused: the host is allowed, the port is not\n{from}{waits}{to_allow}")
        }
        Match::Nothing => {
            let near: String = near(destination, effective).into_iter().map(line).collect();
            let near = if near.is_empty() { near } else { format!("nearest to it\n{near}") };
            let waits = waits(destination, effective.policy.hold);
            format!("{shown} is refused: no rule is about it\n{near}{waits}{}", to_allow(destination, file))
        }
    }
}

/// Says that a person can be asked, where that is so: addresses are never asked about.
fn waits(destination: &Destination, hold: u32) -> String {
    match destination.place {
        Place::Name(_) if hold > 0 => {
            format!("until then a request waits up to {hold} s for an answer: cloister approve\n")
        }
        _ => String::new(),
    }
}

fn line(sourced: &Sourced) -> String {
    format!("  {} {}  ({})\n", sourced.verdict.as_str(), sourced.rule, origin::words(&sourced.origin))
}

fn those(because: &[&Sourced]) -> &'static str {
    if because.len() == 1 { "the rule" } else { "these rules" }
}

fn to_allow(destination: &Destination, file: &str) -> String {
    let shown = destination.shown.as_str();
    let rule = match (&destination.place, shown.strip_suffix(":443")) {
        (Place::Name(_), Some(host)) => host,
        _ => shown,
    };
    format!("to allow it, add \"{rule}\" to `allow` in {}\n", quoted(file))
}

/// Rules about the same registered name, or about one that is spelled nearly alike.
fn near<'a>(destination: &Destination, effective: &'a Effective) -> Vec<&'a Sourced> {
    let Place::Name(host) = &destination.place else { return Vec::new() };
    let registered = |host: &Host| psl::domain_str(host.as_str()).unwrap_or(host.as_str()).to_owned();
    let own = registered(host);
    let distance = |sourced: &Sourced| match sourced.rule.pattern() {
        Pattern::Exact(other) | Pattern::Below(other) | Pattern::Tree(other) => {
            strsim::damerau_levenshtein(&registered(other), &own)
        }
        Pattern::Address(_) => usize::MAX,
    };
    let mut near: Vec<(usize, &Sourced)> = effective.rules.iter().map(|sourced| (distance(sourced), sourced)).collect();
    near.retain(|(distance, _)| *distance <= 1);
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().take(NEAR).map(|(_, sourced)| sourced).collect()
}

fn json(destination: &Destination, effective: &Effective) -> String {
    let Explained { found, because } = effective.explain(&destination.place, destination.port, destination.usage);
    let (allowed, reason) = match (&found, is_never(destination)) {
        (_, true) => (false, "local-name"),
        (Match::Allowed(_), _) => (true, "listed"),
        (Match::Denied(_), _) => (false, "denied"),
        (Match::OtherPort(_), _) => (false, "port"),
        (Match::Nothing, _) => (false, "not-listed"),
    };
    let rules: Vec<_> = because.into_iter().map(origin::rule).collect();
    let value = json!({ "destination": destination.shown, "allowed": allowed, "reason": reason, "rules": rules });
    serde_json::to_string_pretty(&value).expect("an answer has text keys only") + "\n"
}
