#![expect(clippy::disallowed_methods, reason = "adapter: replaces this process")]
//! `sudo` in the set-up phase, where everything is root's already: it runs its arguments, as another account where it is
//! told to. A real one would not work: nothing gains privileges there.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::session::exit_code;

/// What it is called.
pub const NAME: &str = "sudo";

/// Why it does not run a command.
#[derive(Debug, thiserror::Error)]
pub enum SudoError {
    /// An option is none that it knows.
    #[error("in the set-up phase sudo knows -u, -g, -E, -H, -n, -S, -- and VARIABLE=value, not `{0}`")]
    Option(String),
    /// There is nothing to run.
    #[error("sudo without a command does nothing")]
    Nothing,
    /// There is no such account.
    #[error("there is no user or group `{0}`")]
    Unknown(String),
    /// The command does not run.
    #[error("cannot run `{program}`")]
    Run {
        /// The program.
        program: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl SudoError {
    /// Returns the exit code that shells use for it.
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::Run { source, .. } => exit_code(source),
            Self::Option(_) | Self::Nothing | Self::Unknown(_) => 1,
        }
    }
}

/// What it was told.
#[derive(Debug, Default, PartialEq, Eq)]
struct Order {
    user: Option<String>,
    group: Option<String>,
    variables: Vec<(OsString, OsString)>,
    command: Vec<OsString>,
}

/// An account of `/etc/passwd`.
#[derive(Debug, PartialEq, Eq)]
struct Account {
    name: String,
    uid: u32,
    gid: u32,
    home: String,
}

/// Replaces this process with the command; returns only when that is not possible.
#[must_use]
pub fn become_command(arguments: &[OsString]) -> SudoError {
    match prepared(arguments) {
        Err(error) => error,
        Ok((mut command, program)) => SudoError::Run { program, source: command.exec() },
    }
}

fn prepared(arguments: &[OsString]) -> Result<(Command, String), SudoError> {
    let order = parse(arguments)?;
    let [program, rest @ ..] = order.command.as_slice() else { return Err(SudoError::Nothing) };
    let mut command = Command::new(program);
    command.args(rest);
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    if let Some(group) = &order.group {
        let found = group_of(&read("/etc/group"), group);
        command.gid(found.ok_or_else(|| SudoError::Unknown(group.clone()))?);
    }
    if let Some(user) = &order.user {
        let account = account(&read("/etc/passwd"), user).ok_or_else(|| SudoError::Unknown(user.clone()))?;
        if order.group.is_none() {
            command.gid(account.gid);
        }
        command.uid(account.uid).env("HOME", account.home).env("USER", &account.name).env("LOGNAME", account.name);
    }
    command.envs(order.variables);
    Ok((command, program.to_string_lossy().into_owned()))
}

/// Reads the options; everything from the first word that is none on is the command.
fn parse(arguments: &[OsString]) -> Result<Order, SudoError> {
    let mut order = Order::default();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        let mut value = || words.next().map(|value| value.to_string_lossy().into_owned());
        match &*text {
            "--" => {
                order.command = words.cloned().collect();
                break;
            }
            "-u" | "--user" => order.user = Some(value().ok_or(SudoError::Nothing)?),
            "-g" | "--group" => order.group = Some(value().ok_or(SudoError::Nothing)?),
            "--preserve-env" | "--set-home" | "--non-interactive" | "--stdin" => {}
            option if option.starts_with("--user=") => order.user = Some(option["--user=".len()..].to_owned()),
            option if option.starts_with("--preserve-env=") => {}
            option if option.len() > 1 && option.starts_with('-') => {
                if !option[1..].chars().all(|letter| "EHnS".contains(letter)) {
                    return Err(SudoError::Option(option.to_owned()));
                }
            }
            assignment if is_assignment(assignment) => order.variables.extend(split(word)),
            _ => {
                order.command = std::iter::once(word).chain(words).cloned().collect();
                break;
            }
        }
    }
    Ok(order)
}

fn is_assignment(word: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && name.chars().all(plain))
}

fn split(word: &OsStr) -> Option<(OsString, OsString)> {
    use std::os::unix::ffi::OsStrExt;
    let bytes = word.as_bytes();
    let at = bytes.iter().position(|byte| *byte == b'=')?;
    Some((OsStr::from_bytes(&bytes[..at]).to_owned(), OsStr::from_bytes(&bytes[at + 1..]).to_owned()))
}

/// Returns the account with this name, or with this number after `#`.
fn account(passwd: &str, wanted: &str) -> Option<Account> {
    passwd.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, _, home, ..] = fields[..] else { return None };
        let is_wanted = name == wanted || wanted.strip_prefix('#') == Some(uid);
        let account = Account { name: name.into(), uid: uid.parse().ok()?, gid: gid.parse().ok()?, home: home.into() };
        is_wanted.then_some(account)
    })
}

fn group_of(group: &str, wanted: &str) -> Option<u32> {
    group.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, gid, ..] = fields[..] else { return None };
        let is_wanted = name == wanted || wanted.strip_prefix('#') == Some(gid);
        gid.parse().ok().filter(|_| is_wanted)
    })
}

#[cfg(test)]
mod tests;
