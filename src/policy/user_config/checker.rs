//! Reading one key at a time: the right type or a diagnostic that names the key and what it takes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::Range;

use super::super::layer::Placed;
use crate::config::jsonc::{Data, Member, Node, pointer};
use crate::config::locate::Locator;
use crate::config::schema::shorten;
use crate::diagnostic::{Diagnostic, Kind, Level};
use crate::source::{Location, Source};

/// The mistakes found so far.
#[derive(Debug)]
pub(super) struct Checker<'a> {
    locator: Locator<'a>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        Self { locator: Locator::new(source), diagnostics: Vec::new() }
    }

    /// Reports every key that is not known.
    pub(super) fn keys(&mut self, object: &Node, path: &str, known: &[&str]) {
        for member in members(object).iter().filter(|member| !known.contains(&member.key.as_str())) {
            let near = known.iter().min_by_key(|name| strsim::damerau_levenshtein(name, &member.key));
            let near = near.filter(|name| strsim::damerau_levenshtein(name, &member.key) <= 2);
            let help = match near {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            let here = pointer(path, &member.key);
            let message = format!("{} is not a key of this file", name(&here));
            self.report(Level::Error, Kind::UnknownProperty, &here, &member.key_span, message, help);
        }
    }

    /// Returns a member that is an object with known keys.
    pub(super) fn section<'n>(&mut self, parent: &'n Node, path: &str, key: &str, known: &[&str]) -> Option<&'n Node> {
        let here = pointer(path, key);
        let node = &parent.member(key)?.node;
        if !matches!(node.data, Data::Object(_)) {
            return self.takes(&here, node, "an object");
        }
        self.keys(node, &here, known);
        Some(node)
    }

    /// Refuses a key that has no effect in this version, unless it says nothing.
    pub(super) fn unsupported(&mut self, parent: &Node, path: &str, key: &str) {
        let Some(member) = parent.member(key) else { return };
        let says_nothing = match &member.node.data {
            Data::Null => true,
            Data::Text(text) => text.is_empty(),
            Data::Array(items) => items.is_empty(),
            Data::Object(members) => members.is_empty(),
            Data::Bool(_) | Data::Number(_) => false,
        };
        if !says_nothing {
            let here = pointer(path, key);
            let message = format!("{} is not supported by this version", name(&here));
            let help = "remove it; a key without effect would promise something".to_owned();
            self.report(Level::Error, Kind::TypeError, &here, &member.key_span, message, help);
        }
    }

    pub(super) fn flag(&mut self, parent: &Node, path: &str, key: &str) -> Option<bool> {
        let node = &parent.member(key)?.node;
        match node.data {
            Data::Bool(flag) => Some(flag),
            _ => self.takes(&pointer(path, key), node, "true or false"),
        }
    }

    /// Returns the values of a list, without an order.
    pub(super) fn parsed<T: Ord, E: Display>(
        &mut self,
        parent: &Node,
        path: &str,
        key: &str,
        takes: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> BTreeSet<T> {
        self.placed(parent, path, key, takes, parse).into_iter().map(|placed| placed.value).collect()
    }

    /// Returns the values of a list of strings, each with its place; reports what `parse` does not take, and says what it
    /// takes.
    pub(super) fn placed<T, E: Display>(
        &mut self,
        parent: &Node,
        path: &str,
        key: &str,
        takes: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Vec<Placed<T>> {
        let here = pointer(path, key);
        let Some(member) = parent.member(key) else { return Vec::new() };
        let Data::Array(items) = &member.node.data else {
            return self.takes(&here, &member.node, &format!("a list of {takes}")).unwrap_or_default();
        };
        let mut placed = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let here = pointer(&here, &index.to_string());
            match &item.data {
                Data::Text(text) => match parse(text) {
                    Ok(value) => placed.push(Placed { value, location: self.locator.locate(item.span.clone()) }),
                    Err(error) => self.refuses(&here, item, &error, takes),
                },
                _ => placed.extend(self.takes::<Placed<T>>(&here, item, "a string")),
            }
        }
        placed
    }

    /// Returns where a value stands.
    pub(super) fn place(&self, node: &Node) -> Location {
        self.locator.locate(node.span.clone())
    }

    /// Returns where each key of the file stands, those of sections included.
    pub(super) fn places(&self, root: &Node) -> BTreeMap<String, Location> {
        let mut places = BTreeMap::new();
        for member in members(root) {
            places.insert(member.key.clone(), self.locator.locate(member.key_span.clone()));
            for inner in members(&member.node) {
                places.insert(format!("{}.{}", member.key, inner.key), self.locator.locate(inner.key_span.clone()));
            }
        }
        places
    }

    /// Reports a key that must be there.
    pub(super) fn missing<T>(&mut self, root: &Node, key: &str, takes: &str) -> Option<T> {
        let here = pointer("", key);
        let message = format!("{} is missing", name(&here));
        self.report(
            Level::Error,
            Kind::TypeError,
            "",
            &(root.span.start..root.span.start + 1),
            message,
            format!("add it: {takes}"),
        );
        None
    }

    /// Reports a value of the wrong type; gives nothing, so that it can end a match.
    pub(super) fn takes<T>(&mut self, here: &str, node: &Node, takes: &str) -> Option<T> {
        let message = format!("{} takes {takes}, not {}", name(here), shown(&node.data));
        self.report(Level::Error, Kind::TypeError, here, &node.span, message, format!("write {takes}"));
        None
    }

    /// Reports a value of the right type that cannot be used.
    pub(super) fn refuses(&mut self, here: &str, node: &Node, reason: &impl Display, takes: &str) {
        let message = format!("{} does not take {}: {reason}", name(here), shown(&node.data));
        self.report(Level::Error, Kind::TypeError, here, &node.span, message, format!("it takes {takes}"));
    }

    /// Reports a value that is replaced.
    pub(super) fn warns(&mut self, here: &str, node: &Node, message: &str, help: &str) {
        let message = format!("{} {message}", name(here));
        self.report(Level::Warning, Kind::TypeError, here, &node.span, message, help.to_owned());
    }

    fn report(&mut self, level: Level, kind: Kind, here: &str, span: &Range<usize>, message: String, help: String) {
        self.diagnostics.push(Diagnostic {
            level,
            kind,
            pointer: here.to_owned(),
            message,
            label: "here".to_owned(),
            location: self.locator.locate(span.clone()),
            help: Some(help),
        });
    }
}

/// Returns the members of an object; none of anything else.
pub(super) fn members(node: &Node) -> &[Member] {
    match &node.data {
        Data::Object(members) => members,
        _ => &[],
    }
}

/// Returns a key as people write it: `network.pool`, `allow[2]`.
fn name(pointer: &str) -> String {
    let mut name = String::new();
    for segment in pointer.split('/').skip(1) {
        let segment = segment.replace("~1", "/").replace("~0", "~");
        match segment.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty() {
            true => name.extend(["[", &segment, "]"]),
            false => name.extend([if name.is_empty() { "" } else { "." }, &shorten(&segment)]),
        }
    }
    format!("`{name}`")
}

fn shown(data: &Data) -> String {
    match data {
        Data::Null => "null".to_owned(),
        Data::Bool(flag) => flag.to_string(),
        Data::Number(number) => number.to_string(),
        Data::Text(text) => format!("\"{}\"", shorten(text)),
        Data::Array(_) => "a list".to_owned(),
        Data::Object(_) => "an object".to_owned(),
    }
}
