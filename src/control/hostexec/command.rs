//! A command as it would run, to the last byte, and what changed since an earlier one. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;
use similar::TextDiff;

use super::shown::quoted;
use crate::ident::sha256_hex;

/// Most lines of two scripts that are compared one by one: what an agent writes decides how long that takes.
const COMPARED: usize = 2000;
/// Most differences that are listed.
const LISTED: usize = 200;

/// Everything that an approval covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct HostCommand {
    /// Program and arguments, as they were asked for.
    pub argv: Vec<String>,
    /// The file that the first word leads to.
    pub program: File,
    /// What runs the program, where an agent can write it and it is a script.
    pub interpreter: Option<Interpreter>,
    /// What the program consists of, where an agent can write it: that runs, whatever becomes of the file.
    pub content: Option<Content>,
    /// Where it runs.
    pub folder: Folder,
    /// Its whole environment.
    pub env: BTreeMap<String, Value>,
    /// Whether it gets what the agent writes to it.
    pub stdin: bool,
}

/// A file, so that it is known again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct File {
    /// Absolute path on the host; no link leads to it.
    pub path: String,
    /// Its device.
    pub device: u64,
    /// Its inode.
    pub inode: u64,
    /// SHA-256 of its contents, in hexadecimal.
    pub sha256: String,
}

/// What runs a script: the program of its first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Interpreter {
    /// The name that it is called by, and its arguments before the script.
    pub argv: Vec<String>,
    /// Its file, which no agent can write.
    pub file: File,
}

/// The contents of a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Content {
    /// How long it is.
    pub bytes: u64,
    /// The contents of a script, as text; `None` of anything else.
    pub text: Option<String>,
}

/// A working directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Folder {
    /// As the sandbox calls it.
    pub inside: String,
    /// On the host.
    pub outside: String,
}

/// The value of a variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// One that cloister sets.
    Set(String),
    /// One of the user's own, of which only the SHA-256 is kept: it may be a secret.
    Own(String),
}

impl HostCommand {
    /// Returns `sha256:…` of everything that an approval covers.
    pub fn digest(&self) -> String {
        let Self { argv, program, interpreter, content, folder, env, stdin } = self;
        // The text of the content is what the program's SHA-256 stands for.
        let bytes = content.as_ref().map(|content| content.bytes);
        let canonical = json!(["hostexec", argv, program, interpreter, bytes, folder, env, stdin]);
        format!("sha256:{}", sha256_hex(canonical.to_string().as_bytes()))
    }

    /// Returns what is different from an earlier command, as lines that can be shown anywhere; none where nothing is.
    pub fn changes(&self, earlier: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut differ = |what: &str, before: String, now: String| {
            if before != now {
                lines.push(format!("{what}: {before} → {now}"));
            }
        };
        for at in 0..self.argv.len().max(earlier.argv.len()) {
            let word = |argv: &[String]| argv.get(at).map_or_else(|| "nothing".to_owned(), |word| quoted(word));
            differ(&format!("word {at}"), word(&earlier.argv), word(&self.argv));
        }
        differ("program", earlier.program.described(), self.program.described());
        differ("interpreter", interpreter(earlier), interpreter(self));
        differ("folder", quoted(&earlier.folder.outside), quoted(&self.folder.outside));
        differ("folder in the sandbox", quoted(&earlier.folder.inside), quoted(&self.folder.inside));
        for name in earlier.env.keys().chain(self.env.keys().filter(|name| !earlier.env.contains_key(*name))) {
            differ(&format!("variable {name}"), variable(earlier.env.get(name)), variable(self.env.get(name)));
        }
        differ("standard input", stdin(earlier.stdin), stdin(self.stdin));
        lines.extend(content_changes(earlier, self));
        if lines.len() > LISTED {
            let more = lines.split_off(LISTED).len();
            lines.push(format!("and {more} more"));
        }
        lines
    }

    /// Returns the command among these, the oldest first, that this one may have become of: the latest with the same words,
    /// else the latest that is the same script by its path.
    pub fn nearest<'a>(&self, earlier: impl IntoIterator<Item = &'a Self>) -> Option<&'a Self> {
        let same_script = |other: &Self| other.content.is_some() && other.program.path == self.program.path;
        let rank = |other: &Self| if other.argv == self.argv { 2 } else { u8::from(same_script(other)) };
        earlier
            .into_iter()
            .map(|other| (rank(other), other))
            .filter(|(rank, _)| *rank > 0)
            .max_by_key(|(rank, _)| *rank)
            .map(|(_, other)| other)
    }
}

impl File {
    /// Returns the file as one line.
    pub fn described(&self) -> String {
        let Self { path, device, inode, sha256 } = self;
        format!("{} (device {device}, inode {inode}, sha256 {sha256})", quoted(path))
    }
}

fn interpreter(command: &HostCommand) -> String {
    command.interpreter.as_ref().map_or_else(
        || "none".to_owned(),
        |one| {
            let words: Vec<String> = one.argv.iter().map(|word| quoted(word)).collect();
            format!("{}, called {}", one.file.described(), words.join(" "))
        },
    )
}

/// Returns the value of a variable as it is shown.
pub(super) fn variable(value: Option<&Value>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(Value::Set(value)) => quoted(value),
        Some(Value::Own(sha256)) => format!("your own (sha256 {sha256})"),
    }
}

fn stdin(open: bool) -> String {
    if open { "what the agent writes".to_owned() } else { "nothing".to_owned() }
}

/// Lines of a script that are different; what is before the first and behind the last of them is not looked at.
fn content_changes(earlier: &HostCommand, now: &HostCommand) -> Vec<String> {
    let (Some(before), Some(after)) = (script(earlier), script(now)) else { return Vec::new() };
    let head = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
    let (before, after) = (&before[head..], &after[head..]);
    let tail = before.iter().rev().zip(after.iter().rev()).take_while(|(one, other)| one == other).count();
    let (before, after) = (&before[..before.len() - tail], &after[..after.len() - tail]);
    if before.len() + after.len() > COMPARED {
        return vec![format!("content: {} lines gave way to {} others", before.len(), after.len())];
    }
    let diff = TextDiff::from_slices(before, after);
    let changes = diff.iter_all_changes().filter(|change| change.tag() != similar::ChangeTag::Equal);
    changes.map(|change| format!("{}{}", change.tag(), quoted(change.value()))).collect()
}

fn script(command: &HostCommand) -> Option<Vec<&str>> {
    Some(command.content.as_ref()?.text.as_ref()?.split_inclusive('\n').collect())
}

#[cfg(test)]
mod tests;
