//! The first line of a script (execve(2), "Interpreter scripts"): which program runs it. Pure.

/// Longest first line: what Linux reads of it (`BINPRM_BUF_SIZE`).
const LONGEST: usize = 255;

/// What a file is to somebody who runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// A program of the machine.
    Machine,
    /// A script.
    Script(Interpreter),
}

/// What the first line of a script asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    /// Absolute path, or a name that is looked for where every program is.
    pub program: String,
    /// Arguments before the script.
    pub arguments: Vec<String>,
}

/// Why nothing says how a file runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// It is neither a program of the machine nor a script.
    #[error("it is not a program: a script begins with a line such as #!/bin/sh")]
    Neither,
    /// Its first line is longer than the system reads, or not text.
    #[error("its first line is too long or not text")]
    Line,
    /// Its interpreter would be a file that depends on where it runs.
    #[error("its first line names no absolute path")]
    Relative,
    /// env(1) would do more than run a program.
    #[error("its first line asks env for more than a program and its arguments")]
    Env,
}

/// Returns what a file with these contents is.
///
/// # Errors
/// Nothing that can be run, or nobody can say what would run it.
pub fn form(bytes: &[u8]) -> Result<Form, FormError> {
    if bytes.starts_with(b"\x7fELF") {
        return Ok(Form::Machine);
    }
    let rest = bytes.strip_prefix(b"#!").ok_or(FormError::Neither)?;
    let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if line.len() > LONGEST {
        return Err(FormError::Line);
    }
    let line = std::str::from_utf8(line).ok().filter(|line| !line.contains(['\0', '\r'])).ok_or(FormError::Line)?;
    let line = line.trim_matches([' ', '\t']);
    let (program, argument) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    if !program.starts_with('/') {
        return Err(FormError::Relative);
    }
    let argument = argument.trim_start_matches([' ', '\t']);
    if program.rsplit('/').next() == Some("env") {
        return through_env(argument).map(Form::Script);
    }
    // Linux hands over the rest of the line as one argument.
    let arguments = if argument.is_empty() { Vec::new() } else { vec![argument.to_owned()] };
    Ok(Form::Script(Interpreter { program: program.to_owned(), arguments }))
}

/// What env(1) would run: `env NAME`, or `env -S NAME ARGUMENT…` of plain words.
fn through_env(argument: &str) -> Result<Interpreter, FormError> {
    let plain = |word: &str| !word.contains(['\\', '"', '\'', '$', '#']);
    let words: Vec<&str> = match argument.strip_prefix("-S") {
        Some(rest) => rest.split([' ', '\t']).filter(|word| !word.is_empty()).collect(),
        None => vec![argument],
    };
    let (program, arguments) = words.split_first().ok_or(FormError::Env)?;
    let is_name = !program.is_empty() && !program.starts_with('-') && !program.contains(['=', ' ', '\t']);
    // A relative path with a slash would be the agent's own file.
    let is_placed = !program.contains('/') || program.starts_with('/');
    if !is_name || !is_placed || !words.iter().all(|word| plain(word)) {
        return Err(FormError::Env);
    }
    let arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
    Ok(Interpreter { program: (*program).to_owned(), arguments })
}

#[cfg(test)]
mod tests;
