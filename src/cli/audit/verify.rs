#![expect(clippy::disallowed_methods, reason = "adapter: looks for what only comes with a log")]
//! What `cloister audit verify` says.

use std::path::{Path, PathBuf};

use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::control::audit::verify::{Fault, Verification, verify};
use crate::ui::text::{count, visible};

/// A log that is not there although sandboxes were.
#[derive(Debug, thiserror::Error)]
#[error("the audit log is gone: there are sandboxes or decisions, and each was written down in it")]
struct Gone;

/// Reads the whole log and says whether it is what was written. Where `state` has what only comes with a log, there has to be
/// one.
pub(super) fn run(folder: &Path, state: &Path) -> Result<u8, Failure> {
    let verification = verify(folder).map_err(|error| Failure::explained(&error))?;
    if verification.span.is_none() && verification.faults.is_empty() && was_used(state) {
        let hint = format!("it was in `{}`; `cloister start` begins a new one", visible(&folder.display().to_string()));
        return Err(Failure::new(&Gone).hint([hint]));
    }
    report(&verification, folder).write()
}

fn was_used(state: &Path) -> bool {
    // A start that failed leaves a lock, and no receipt.
    let holds = |folder: &str, is_one: &dyn Fn(PathBuf) -> bool| {
        state.join(folder).read_dir().is_ok_and(|entries| entries.flatten().any(|entry| is_one(entry.path())))
    };
    holds("sandboxes", &|path| path.join("receipt.json").exists())
        || holds("decisions", &|path| path.extension().is_some_and(|extension| extension == "json"))
}

fn report(found: &Verification, folder: &Path) -> Output {
    let stdout = summary(found);
    if found.faults.is_empty() {
        return Output { stdout, ..Output::default() };
    }
    let more = (found.more > 0).then(|| format!("  and {} more\n", found.more));
    let faults = found.faults.iter().map(|fault| format!("  {}\n", told(fault, folder)));
    let faults: String = faults.chain(more).collect();
    let total = count(found.faults.len() + found.more, "fault");
    let shown = visible(&folder.display().to_string());
    let stderr = format!(
        "cloister: the audit log in `{shown}` is not what was written, {total}:\n{faults}\n\
         hint: keep a copy of the folder for whoever looks into it; once it is moved away, `cloister start` begins a new log\n"
    );
    Output { stdout, stderr, code: exit::FAILURE }
}

fn told(fault: &Fault, folder: &Path) -> String {
    let name = fault.path.strip_prefix(folder).unwrap_or(&fault.path).display().to_string();
    let line = fault.line.map(|line| format!(", line {line}")).unwrap_or_default();
    format!("{}{line}: {}", visible(&name), fault.wrong)
}

fn summary(found: &Verification) -> String {
    let Some((first, last)) = found.span else {
        return if found.faults.is_empty() { "there is no audit log yet\n".to_owned() } else { String::new() };
    };
    let files = count(found.files, "file");
    let verdict = if found.faults.is_empty() { "whole" } else { "read" };
    let begins = if first > 1 {
        format!("; entries before {first} were removed, as the log says itself")
    } else {
        String::new()
    };
    let begins = if found.faults.is_empty() { begins } else { String::new() };
    let torn = match found.torn {
        0 => String::new(),
        torn => format!("; {torn} bytes at the end are a line that is not whole, which nobody was told is kept"),
    };
    format!("entries {first} to {last} in {files} {verdict}{begins}{torn}\n")
}

#[cfg(test)]
mod tests;
