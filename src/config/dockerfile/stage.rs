//! Stages: `FROM` with its platform and name, and the images that the engine would pull for them.

use std::collections::BTreeMap;

use super::{Instruction, steps, words};
use crate::source::{Origin, Spanned};

/// One stage of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The image or the earlier stage that it begins with, with the defaults of `ARG` put in.
    pub base: String,
    /// Its name, in lower case.
    pub name: Option<String>,
    /// `--platform`.
    pub platform: Option<String>,
    /// Where its `FROM` stands.
    pub origin: Origin,
}

/// Longest text that variables are put into, in bytes; what would get longer stays as it is.
const EXPANSION_LIMIT: usize = 4096;
/// The empty image, which nobody pulls.
const SCRATCH: &str = "scratch";

/// Returns the stages of a file.
pub(super) fn stages(instructions: &[Instruction], args: &BTreeMap<String, String>) -> Vec<Stage> {
    let mut values = BTreeMap::new();
    let mut stages = Vec::new();
    for instruction in instructions.iter().filter(|instruction| !instruction.on_build) {
        match instruction.name.as_str() {
            "ARG" if stages.is_empty() => declare(&instruction.words.arguments, args, &mut values),
            "FROM" => stages.push(stage(instruction, &values)),
            _ => {}
        }
    }
    stages
}

/// An argument of the build wins over the default; without either, the variable is nothing.
fn declare(words: &[String], args: &BTreeMap<String, String>, values: &mut BTreeMap<String, String>) {
    for word in words {
        let (name, default) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
        let default = default.map(|value| expand(value.trim_matches(['"', '\'']), values));
        match args.get(name).cloned().or(default) {
            Some(value) => values.insert(name.to_owned(), value),
            None => values.remove(name),
        };
    }
}

fn stage(from: &Instruction, values: &BTreeMap<String, String>) -> Stage {
    let arguments = &from.words.arguments;
    let base = arguments.first().map_or("", |word| word.trim_matches(['"', '\'']));
    let is_named = arguments.get(1).is_some_and(|word| word.eq_ignore_ascii_case("as"));
    Stage {
        base: expand(base, values),
        name: arguments.get(2).filter(|_| is_named).map(|name| name.to_ascii_lowercase()),
        platform: from.words.flag("platform").map(|platform| expand(&platform, values)),
        origin: from.origin.clone(),
    }
}

/// Returns every image that is neither an earlier stage nor `scratch`: only what stands above is a stage to a builder.
pub(super) fn images(stages: &[Stage], instructions: &[Instruction]) -> Vec<Spanned<String>> {
    let is_named = |name: &str, before: &[Stage]| {
        let name = name.to_ascii_lowercase();
        name == SCRATCH || before.iter().any(|stage| stage.name.as_ref() == Some(&name))
    };
    let mut images = Vec::new();
    let mut begun = 0;
    for instruction in instructions.iter().filter(|instruction| !instruction.on_build) {
        if instruction.name == "FROM" {
            let pulled = stages.get(begun).filter(|stage| !is_named(&stage.base, &stages[..begun]));
            images.extend(pulled.map(|stage| Spanned::new(stage.base.clone(), stage.origin.clone())));
            begun += 1;
        }
        let above = begun.saturating_sub(1);
        let is_stage =
            |name: &str| is_named(name, &stages[..above]) || name.parse::<usize>().is_ok_and(|index| index < above);
        let pulled = sources(instruction).into_iter().filter(|name| !is_stage(name));
        images.extend(pulled.map(|name| Spanned::new(name, instruction.origin.clone())));
    }
    images
}

/// Returns what `ONBUILD` would copy from; which stages are there then is not known here.
pub(super) fn images_on_build(instructions: &[Instruction]) -> Vec<Spanned<String>> {
    let triggers = instructions.iter().filter(|instruction| instruction.on_build);
    let names = triggers.flat_map(|one| sources(one).into_iter().map(move |name| (name, &one.origin)));
    names.map(|(name, origin)| Spanned::new(name, origin.clone())).collect()
}

fn sources(instruction: &Instruction) -> Vec<String> {
    match instruction.name.as_str() {
        "COPY" | "ADD" => instruction.words.flag("from").into_iter().collect(),
        "RUN" => mounted(instruction),
        _ => Vec::new(),
    }
}

fn mounted(run: &Instruction) -> Vec<String> {
    let flags = run.words.flags.iter().map(|flag| words::plain(flag));
    let mounts = flags.filter_map(|flag| Some(flag.strip_prefix("--mount=")?.to_owned()));
    let from = |mount: String| {
        let fields = steps::fields(&mount).filter(|(key, _)| key == "from");
        fields.map(|(_, image)| image.to_owned()).collect::<Vec<_>>()
    };
    mounts.flat_map(from).collect()
}

/// Puts values in for `$NAME`, `${NAME}`, `${NAME:-word}` and `${NAME:+word}`; what is not known stays as it is.
fn expand(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    // Values that double at each step would fill the memory; a longer reference is none anyway.
    while let Some(start) = rest.find('$') {
        result.push_str(&rest[..start]);
        let after = &rest[start + 1..];
        let length = reference(after);
        match value(&after[..length], values) {
            Some(value) => result.push_str(&value),
            None => result.push_str(&rest[start..start + 1 + length]),
        }
        rest = &after[length..];
        if result.len() > EXPANSION_LIMIT {
            return text.to_owned();
        }
    }
    result.push_str(rest);
    result
}

/// Returns the length of what follows a `$` and belongs to it.
fn reference(text: &str) -> usize {
    if text.starts_with('{') {
        return text.find('}').map_or(text.len(), |end| end + 1);
    }
    text.find(|character: char| !character.is_ascii_alphanumeric() && character != '_').unwrap_or(text.len())
}

fn value(reference: &str, values: &BTreeMap<String, String>) -> Option<String> {
    let Some(inner) = reference.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        return values.get(reference).cloned();
    };
    let known = |name: &str| values.get(name).filter(|value| !value.is_empty());
    if let Some((name, word)) = inner.split_once(":-") {
        return Some(known(name).map_or_else(|| word.to_owned(), Clone::clone));
    }
    if let Some((name, word)) = inner.split_once(":+") {
        return Some(known(name).map_or_else(String::new, |_| word.to_owned()));
    }
    values.get(inner).cloned()
}
