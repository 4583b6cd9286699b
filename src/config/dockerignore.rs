//! `.dockerignore`: which files of a folder do not go into a build. Pure.
//!
//! The meaning is that of `moby/patternmatcher`: patterns are rooted, the last one that is about a path wins, and what a
//! pattern says of a folder it says of everything below.

mod glob;

use self::glob::Glob;

/// The patterns of one file, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ignore {
    patterns: Vec<Pattern>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    text: String,
    includes: bool,
    glob: Glob,
}

/// A pattern that no builder takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is not a pattern: `{}`", text.escape_debug())]
pub struct PatternError {
    line: usize,
    text: String,
}

impl Ignore {
    /// Reads a file's text.
    ///
    /// # Errors
    /// A line is not a pattern.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut patterns = Vec::new();
        for (line, written) in (1..).zip(text.lines()) {
            if written.starts_with('#') || written.trim().is_empty() {
                continue;
            }
            let error = || PatternError { line, text: written.to_owned() };
            let (includes, pattern) = match written.trim().strip_prefix('!') {
                Some(rest) => (true, rest.trim()),
                None => (false, written.trim()),
            };
            if pattern.is_empty() {
                return Err(error());
            }
            let clean = clean(pattern);
            let text = clean.strip_prefix('/').filter(|rest| !rest.is_empty()).unwrap_or(&clean).to_owned();
            let glob = Glob::parse(&text).ok_or_else(error)?;
            patterns.push(Pattern { text, includes, glob });
        }
        Ok(Self { patterns })
    }

    /// Tells whether a path, relative and without `.` and `..`, stays outside.
    pub fn excludes(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        let prefixes: Vec<&str> = ends.map(|end| &path[..end]).collect();
        let mut excluded = false;
        for pattern in &self.patterns {
            // One that cannot change anything needs no look.
            if pattern.includes == excluded && prefixes.iter().any(|prefix| pattern.glob.matches(prefix)) {
                excluded = !pattern.includes;
            }
        }
        excluded
    }

    /// Tells whether something below a folder that stays outside may go in all the same.
    pub fn reaches_into(&self, folder: &str) -> bool {
        let folder = format!("{folder}/");
        self.patterns.iter().any(|pattern| pattern.includes && format!("{}/", pattern.text).starts_with(&folder))
    }
}

/// Go's `filepath.Clean`.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        match parts.last() {
            Some(last) if part == ".." && *last != ".." => {
                parts.pop();
            }
            None if part == ".." && rooted => {}
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

#[cfg(test)]
mod tests;
