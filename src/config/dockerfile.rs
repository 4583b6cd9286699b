//! A Dockerfile, as far as planning must judge it: what the build would fetch, run, and ask for. Pure.
//!
//! Lines are put together as BuildKit's parser does it (`frontend/dockerfile/parser`). Invariant: where the text leaves open
//! what a build would do, it counts as done: a source with a variable in it may be an address.

mod ambiguity;
mod directive;
mod heredoc;
mod lines;
mod sent;
mod stage;
mod steps;
mod words;

use std::collections::BTreeMap;
use std::ops::Range;

use self::lines::Line;
use super::jsonc::SIZE_LIMIT;
use super::locate::Locator;
use crate::diagnostic::{Diagnostic, Kind, Level};
use crate::ident::sha256_hex;
use crate::source::{Origin, Source, Spanned};

pub use self::sent::Builder;
pub use self::stage::Stage;
pub use self::steps::{Asks, StepFlag, StepNetwork};
pub use self::words::Words;

/// A parsed Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dockerfile {
    /// `# syntax=`: a BuildKit frontend, which is an image that reads the rest.
    pub syntax: Option<Spanned<String>>,
    /// Every instruction in order; those behind `ONBUILD` are here as well.
    pub instructions: Vec<Instruction>,
    /// What no builder would accept.
    pub diagnostics: Vec<Diagnostic>,
    /// `sha256:` and the SHA-256 of the text.
    pub digest: String,
    /// Its text.
    pub text: String,
}

/// One instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// Its name in capitals.
    pub name: String,
    /// Its flags and arguments.
    pub words: Words,
    /// Whether it stands behind `ONBUILD`, which means it runs in builds and stages on top of this one.
    pub on_build: bool,
    /// Whether a here-document follows it.
    pub heredoc: bool,
    /// Byte of the text where it begins.
    pub begin: usize,
    /// Byte of the text behind it.
    pub end: usize,
    /// Where it stands.
    pub origin: Origin,
}

/// Every instruction that a Dockerfile can have.
const NAMES: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// What to do about an instruction that can be read in two ways.
const AMBIGUOUS: &str = "write it with plain spaces, plain names and without escapes";

/// Parses a Dockerfile. No text makes it fail; what is wrong is in the diagnostics.
pub fn parse(source: &Source) -> Dockerfile {
    let locator = Locator::new(source);
    let place = |span: Range<usize>| {
        let location = locator.locate(span);
        Origin { pointer: format!("dockerfile:/{}", location.line), location: Some(location) }
    };
    let top = directive::read(&source.text);
    let text = lines::read(&source.text, top.escape);
    let mut parsed = Dockerfile {
        syntax: top.syntax.map(|(value, span)| Spanned::new(value, place(span))),
        digest: format!("sha256:{}", sha256_hex(source.text.as_bytes())),
        text: source.text.to_string(),
        ..Dockerfile::default()
    };
    if source.text.len() > SIZE_LIMIT {
        parsed.complain(&place(0..0), format!("the file is larger than {} KiB", SIZE_LIMIT >> 10));
    }
    for line in &text.lines {
        parsed.take(line, top.escape, &place(line.span.clone()), false);
    }
    for (span, message) in text.mistakes {
        parsed.complain(&place(span), message);
    }
    parsed
}

impl Dockerfile {
    /// Returns the sources of `ADD` that the engine itself would fetch: addresses, repositories, and what may become one.
    pub fn fetches(&self) -> Vec<Spanned<String>> {
        let adds = self.instructions.iter().filter(|instruction| instruction.name == "ADD");
        adds.flat_map(|add| {
            let sources = add.words.sources().filter(|source| is_remote(source));
            sources.map(|source| Spanned::new(source.to_owned(), add.origin.clone()))
        })
        .collect()
    }

    /// Returns the flags of `RUN`.
    pub fn step_flags(&self) -> Vec<StepFlag> {
        steps::flags(&self.instructions)
    }

    /// Returns the network that its steps ask for.
    pub fn step_network(&self) -> StepNetwork {
        steps::network(&self.instructions)
    }

    /// Returns the text that a builder gets; `None` when it cannot be told where the flags are that nothing is given for.
    pub fn sent(&self, builder: Builder) -> Option<String> {
        sent::text(self, builder)
    }

    /// Returns whether a build runs commands.
    pub fn runs_commands(&self) -> bool {
        self.instructions.iter().any(|instruction| instruction.name == "RUN")
    }

    /// Returns its stages, with build arguments over the defaults of `ARG`.
    pub fn stages(&self, args: &BTreeMap<String, String>) -> Vec<Stage> {
        stage::stages(&self.instructions, args)
    }

    /// Returns the images that the engine would pull: bases of stages, and what `COPY --from` and `RUN --mount` name.
    pub fn images(&self, args: &BTreeMap<String, String>) -> Vec<Spanned<String>> {
        stage::images(&self.stages(args), &self.instructions)
    }

    /// Returns the images that the engine would pull in a stage or a build on top of this one.
    pub fn images_on_build(&self) -> Vec<Spanned<String>> {
        stage::images_on_build(&self.instructions)
    }

    /// Returns what only BuildKit knows: here-documents, every flag of `RUN`, and all but the oldest of `COPY` and `ADD`.
    pub fn beyond_classic(&self) -> Vec<Spanned<String>> {
        let beyond = |instruction: &Instruction| {
            let Instruction { name, words, heredoc, .. } = instruction;
            let known: &[&str] = if matches!(name.as_str(), "ADD" | "COPY") { &["--chown", "--from"] } else { &[] };
            let is_new = |flag: &&String| !known.contains(&words::plain(flag).split('=').next().unwrap_or_default());
            let flags = words.flags.iter().filter(is_new).cloned();
            let document = heredoc.then(|| format!("{name} <<"));
            flags.chain(document).map(|what| Spanned::new(what, instruction.origin.clone())).collect::<Vec<_>>()
        };
        let takers = self.instructions.iter().filter(|one| matches!(one.name.as_str(), "ADD" | "COPY" | "RUN"));
        takers.flat_map(beyond).collect()
    }

    /// Returns the names that `ARG` declares.
    pub fn declared(&self) -> Vec<Spanned<String>> {
        let declarations = self.instructions.iter().filter(|instruction| instruction.name == "ARG");
        let names = declarations.flat_map(|one| one.words.arguments.iter().map(move |word| (word, &one.origin)));
        names
            .map(|(word, origin)| {
                Spanned::new(words::plain(word.split('=').next().unwrap_or_default()), origin.clone())
            })
            .collect()
    }

    fn take(&mut self, line: &Line, escape: char, origin: &Origin, on_build: bool) {
        let text = line.text.trim();
        let (name, rest) = text.split_once(words::is_separator).unwrap_or((text, ""));
        let name = name.to_ascii_uppercase();
        if !NAMES.contains(&name.as_str()) {
            self.complain(origin, format!("`{}` is not an instruction", super::schema::shorten(&name)));
            return;
        }
        let words = Words::parse(&name, rest, escape);
        if let Some(what) = ambiguity::of(&name, rest, &words) {
            self.complain_of(origin, format!("`{name}` {what}"), "not everybody reads this alike", AMBIGUOUS);
        }
        if name == "ONBUILD" && !on_build {
            let inner = Line { text: rest.to_owned(), ..line.clone() };
            self.take(&inner, escape, origin, true);
        }
        let Line { heredoc, ref span, .. } = *line;
        let (begin, end) = (span.start, span.end);
        self.instructions.push(Instruction { name, words, on_build, heredoc, begin, end, origin: origin.clone() });
    }

    fn complain(&mut self, origin: &Origin, message: String) {
        self.complain_of(origin, message, "no builder accepts this", "see the Dockerfile reference");
    }

    fn complain_of(&mut self, origin: &Origin, message: String, label: &str, help: &str) {
        let Some(location) = origin.location.clone() else { return };
        if self.diagnostics.len() < super::DIAGNOSTIC_LIMIT {
            self.diagnostics.push(Diagnostic {
                level: Level::Error,
                kind: Kind::ParseError,
                pointer: origin.pointer.clone(),
                message,
                label: label.to_owned(),
                location,
                help: Some(help.to_owned()),
            });
        }
    }
}

/// Returns whether a source of `ADD` is, or could be, something else than a file of the context.
fn is_remote(source: &str) -> bool {
    let source = words::plain(source);
    let scp_like = source.split('/').next().is_some_and(|host| host.contains('@') && host.contains(':'));
    source.contains("://") || source.contains('$') || scp_like || source.starts_with("github.com/")
}

/// Whether a source of `ADD` is a repository that nobody clones without a key.
pub fn needs_key(source: &str) -> bool {
    let source = words::plain(source);
    let scheme = source.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    scheme.map_or_else(
        || source.split(['/', ':']).next().is_some_and(|host| host.contains('@')),
        |scheme| scheme == "ssh",
    )
}

/// Whether a builder that knows git would clone it, where another one downloads a file.
pub fn is_repository(source: &str) -> bool {
    let source = words::plain(source);
    let path = source.split('#').next().unwrap_or_default();
    let is_web = source.starts_with("http://") || source.starts_with("https://");
    !is_web && !source.contains('$') || path.ends_with(".git")
}

#[cfg(test)]
mod tests;
