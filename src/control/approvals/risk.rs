//! What a person should know of a host before they allow it, in a sentence each: does its name look like another one's, and
//! what can leave through it.
//!
//! Invariant: pure, tables. A warning is a hint, and no warning is no promise.

mod lookalike;

use crate::policy::host::Host;
use crate::policy::rule::{Pattern, Rule};

/// A warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Risk {
    /// How grave.
    pub level: Level,
    /// One sentence, without anything that came from a sandbox but the host's own letters.
    pub sentence: String,
}

/// How grave a warning is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// True of most hosts.
    Usual,
    /// More than usual: what is sent there is kept for others to fetch.
    High,
    /// The name pretends to be another one.
    Deceptive,
}

/// Hosts whose purpose is to take what is sent and to give it to somebody else, or to tell it on.
const RECEIVERS: &[(&[&str], &str)] = &[
    (
        &[
            "**.0x0.st",
            "**.bashupload.com",
            "**.catbox.moe",
            "**.file.io",
            "**.gofile.io",
            "**.mediafire.com",
            "**.pixeldrain.com",
            "**.tmpfiles.org",
            "**.transfer.sh",
            "**.wetransfer.com",
        ],
        "takes files from anybody, for anybody to fetch",
    ),
    (
        &[
            "**.dpaste.com",
            "**.gist.github.com",
            "**.hastebin.com",
            "**.ix.io",
            "**.paste.ee",
            "**.paste.rs",
            "**.pastebin.com",
            "**.rentry.co",
            "**.termbin.com",
        ],
        "publishes texts that anybody sends",
    ),
    (
        &[
            "**.beeceptor.com",
            "**.burpcollaborator.net",
            "**.canarytokens.com",
            "**.hookbin.com",
            "**.interact.sh",
            "**.mockbin.org",
            "**.oast.fun",
            "**.oast.live",
            "**.oast.me",
            "**.oast.online",
            "**.oast.pro",
            "**.oast.site",
            "**.oastify.com",
            "**.pipedream.net",
            "**.postb.in",
            "**.requestbin.com",
            "**.requestcatcher.com",
            "**.webhook.site",
        ],
        "records every request for whoever made the address",
    ),
    (
        &[
            "**.bore.pub",
            "**.localhost.run",
            "**.loca.lt",
            "**.localtunnel.me",
            "**.lhr.life",
            "**.ngrok-free.app",
            "**.ngrok.app",
            "**.ngrok.dev",
            "**.ngrok.io",
            "**.serveo.net",
            "**.trycloudflare.com",
        ],
        "leads to a computer of whoever opened the tunnel",
    ),
    (
        &[
            "**.amazonaws.com",
            "**.backblazeb2.com",
            "**.blob.core.windows.net",
            "**.digitaloceanspaces.com",
            "**.firebaseio.com",
            "**.r2.cloudflarestorage.com",
            "**.r2.dev",
            "**.storage.googleapis.com",
            "**.supabase.co",
            "**.wasabisys.com",
        ],
        "is storage that anybody can rent, and takes uploads of whoever has a key for it",
    ),
    (
        &[
            "**.api.telegram.org",
            "**.discord.com",
            "**.discordapp.com",
            "**.hooks.slack.com",
            "**.ntfy.sh",
            "**.pushover.net",
            "**.slack.com",
            "**.webhook.office.com",
            "**.zapier.com",
        ],
        "passes messages on to whoever has the other end",
    ),
    (
        &[
            "**.drive.google.com",
            "**.dropboxapi.com",
            "**.dropbox.com",
            "**.docs.google.com",
            "**.googleapis.com",
            "**.graph.microsoft.com",
            "**.notion.com",
            "**.notion.so",
            "**.onedrive.live.com",
        ],
        "keeps documents of everybody who has an account there",
    ),
    (
        &[
            "**.api.github.com",
            "**.bitbucket.org",
            "**.codeberg.org",
            "**.github.com",
            "**.gitlab.com",
            "**.huggingface.co",
            "**.sr.ht",
            "**.uploads.github.com",
        ],
        "takes whatever is pushed, published or written there by whoever has an account",
    ),
];

/// Ports that carry something other than TLS, which a tunnel does not let through.
const PLAIN_PORTS: &[(u16, &str)] = &[
    (21, "ftp"),
    (22, "ssh"),
    (23, "telnet"),
    (25, "mail"),
    (53, "DNS"),
    (3306, "MySQL"),
    (5432, "PostgreSQL"),
    (6379, "Redis"),
];

/// Returns what there is to know of a host and its ports, the gravest first; `listed` are the rules that allow something.
pub fn risks<'a>(
    host: &Host,
    ports: impl IntoIterator<Item = u16>,
    listed: impl IntoIterator<Item = &'a Rule>,
) -> Vec<Risk> {
    let mut risks = lookalike::of(host, listed);
    risks.push(receives(host));
    for port in ports {
        if let Some((_, what)) = PLAIN_PORTS.iter().find(|(plain, _)| *plain == port) {
            let sentence = format!(
                "port {port} is for {what}, and only TLS goes through: to open it, write `{host}:{port}/raw` under `allow` yourself"
            );
            risks.push(Risk { level: Level::Usual, sentence });
        }
    }
    risks.sort_by_key(|risk| std::cmp::Reverse(risk.level));
    risks
}

fn receives(host: &Host) -> Risk {
    let is_one = |pattern: &&str| host.is_within(pattern.trim_start_matches("**."));
    let found = RECEIVERS.iter().find(|(patterns, _)| patterns.iter().any(is_one));
    match found {
        Some((_, what)) => Risk { level: Level::High, sentence: format!("{host} {what}: data can leave through it") },
        None => Risk {
            level: Level::Usual,
            sentence: "whoever runs this host receives what is sent to it: any host can take data".to_owned(),
        },
    }
}

/// Returns the name that a rule is about.
fn named(rule: &Rule) -> Option<&Host> {
    match rule.pattern() {
        Pattern::Exact(host) | Pattern::Below(host) | Pattern::Tree(host) => Some(host),
        Pattern::Address(_) => None,
    }
}

#[cfg(test)]
mod tests;
