#![expect(clippy::disallowed_methods, reason = "adapter: reads the account and replaces this process")]
//! The account's shell: what `start` and `exec` give a person who names no command.
//!
//! Not a login shell: profiles of images may replace what the image and the configuration set.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::{env, fs, io};

use rustix::fs::{Access, access};
use rustix::process::getuid;

/// Why there is no shell.
#[derive(Debug, thiserror::Error)]
pub enum ShellError {
    /// None of the candidates is there.
    #[error("the image has no shell: tried {0}")]
    None(String),
    /// It is there and does not run.
    #[error("cannot run {0}")]
    Run(String, #[source] io::Error),
}

/// Replaces this process with the shell; returns only when that is not possible.
#[must_use]
pub fn become_shell() -> ShellError {
    match choose() {
        Some(shell) => ShellError::Run(shell.clone(), Command::new(&shell).env("SHELL", &shell).exec()),
        None => ShellError::None(known().join(", ")),
    }
}

/// Returns the first of the candidates that is a program.
pub(super) fn choose() -> Option<String> {
    known().into_iter().find(|path| is_program(path))
}

fn known() -> Vec<String> {
    let variable = env::var("SHELL").ok();
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    candidates(variable.as_deref(), &accounts, getuid().as_raw())
}

/// Candidates in order, without repetition.
fn candidates(variable: Option<&str>, accounts: &str, uid: u32) -> Vec<String> {
    let known = [variable, account_shell(accounts, uid), Some("/bin/bash"), Some("/bin/sh")];
    let mut list: Vec<String> = Vec::new();
    for path in known.into_iter().flatten().filter(|path| path.starts_with('/') && !is_refusal(path)) {
        if !list.iter().any(|one| one == path) {
            list.push(path.to_owned());
        }
    }
    list
}

/// The last field of the account's line, passwd(5).
fn account_shell(accounts: &str, uid: u32) -> Option<&str> {
    let fields = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let mut mine = fields.filter(|fields| fields.len() == 7 && fields[2] == uid.to_string());
    mine.next().map(|fields| fields[6].trim())
}

/// Shells of accounts that nobody logs in to: here the person is already in.
fn is_refusal(path: &str) -> bool {
    matches!(Path::new(path).file_name().and_then(|name| name.to_str()), Some("nologin" | "false"))
}

fn is_program(path: &str) -> bool {
    Path::new(path).is_file() && access(path, Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests;
