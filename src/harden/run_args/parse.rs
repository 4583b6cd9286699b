//! pflag's reading of an argument list, continued after a mistake so that each mistake is told.

use std::ops::Range;

use super::{Argument, Flag, Item, Kind, Mistake};
use crate::config::model::Text;
use crate::harden::syntax::words;
use crate::source::Spanned;
use crate::ui::text::visible;

/// Reads `runArgs` the way `docker run` does.
pub fn parse(elements: &[Spanned<Text>]) -> Vec<Item> {
    let nul = elements.iter().map(|element| element.value.value.contains('\0')).collect();
    let mut reader = Reader { elements, nul, next: 0, items: Vec::new() };
    while reader.next < elements.len() {
        reader.element();
    }
    reader.items
}

/// Returns the value of a switch as Go's `strconv.ParseBool` does.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

struct Reader<'a> {
    elements: &'a [Spanned<Text>],
    /// Which elements have a NUL: a bundle is read once, not once for each of its letters.
    nul: Vec<bool>,
    next: usize,
    items: Vec<Item>,
}

impl<'a> Reader<'a> {
    fn element(&mut self) {
        let start = self.next;
        let text = self.take();
        if let Some(long) = text.strip_prefix("--") {
            if long.is_empty() {
                self.mistake(Mistake::EndOfFlags, start);
                self.bare_words();
            } else {
                self.long(long, start);
            }
        } else if let Some(letters) = text.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            self.letters(letters, start);
        } else {
            self.next = start;
            self.bare_words();
        }
    }

    fn take(&mut self) -> &'a str {
        let text = &self.elements[self.next].value.value;
        self.next += 1;
        text
    }

    /// A bare word ends the flags: what follows is the image's command.
    fn bare_words(&mut self) {
        while self.next < self.elements.len() {
            let start = self.next;
            let text = self.take();
            self.mistake(if text.is_empty() { Mistake::Empty } else { Mistake::BareWord }, start);
        }
    }

    fn long(&mut self, text: &str, start: usize) {
        let (long, attached) = match text.split_once('=') {
            Some((long, value)) => (long, Some(value)),
            None => (text, None),
        };
        if long.is_empty() || long.starts_with('-') {
            return self.mistake(Mistake::Syntax, start);
        }
        let Some(flag) = Flag::by_long(long) else {
            if attached.is_none() {
                self.skip_word();
            }
            return self.mistake(Mistake::Unknown(visible(&format!("--{long}"))), start);
        };
        let value = attached.or_else(|| self.following(flag));
        self.flag(flag, value, start, None);
    }

    fn letters(&mut self, mut letters: &str, start: usize) {
        while let Some(letter) = letters.chars().next() {
            let rest = &letters[letter.len_utf8()..];
            // The client silently ignores the rest of such a bundle, for the sake of `go test`; nobody means it.
            let ignored = letters.starts_with("test.");
            let Some(flag) = Flag::by_short(letter).filter(|_| !ignored) else {
                if rest.is_empty() {
                    self.skip_word();
                }
                let unknown = Mistake::Unknown(visible(&format!("-{letters}")));
                return self.push(Argument::Mistake(unknown), start, self.written_part(letters, start));
            };
            let attached = rest.strip_prefix('=').filter(|value| !value.is_empty());
            let value = match flag.kind {
                Kind::Switch => attached,
                Kind::Single | Kind::List => {
                    attached.or_else(|| Some(rest).filter(|rest| !rest.is_empty())).or_else(|| self.following(flag))
                }
            };
            let part = if value.is_some() || rest.is_empty() { letters } else { &letters[..letter.len_utf8()] };
            self.flag(flag, value, start, Some(part));
            letters = if value.is_some() { "" } else { rest };
        }
    }

    /// Takes the next element as the flag's value, whatever it looks like.
    fn following(&mut self, flag: &Flag) -> Option<&'a str> {
        (flag.kind != Kind::Switch && self.next < self.elements.len()).then(|| self.take())
    }

    /// Takes a word after an unknown flag for its value: the client stops there, and a second mistake would mislead.
    fn skip_word(&mut self) {
        let is_word = |element: &Spanned<Text>| !element.value.value.starts_with('-');
        if self.elements.get(self.next).is_some_and(is_word) {
            self.next += 1;
        }
    }

    fn flag(&mut self, flag: &'static Flag, value: Option<&str>, start: usize, part: Option<&str>) {
        let argument = match (flag.kind, value) {
            (Kind::Switch, None) => Argument::Switch(flag.name, true),
            (Kind::Switch, Some(value)) => match boolean(value) {
                Some(on) => Argument::Switch(flag.name, on),
                None => Argument::Mistake(Mistake::BadSwitch(flag.name, value.to_owned())),
            },
            (Kind::Single | Kind::List, Some(value)) => Argument::Setting(flag.name, value.to_owned()),
            (Kind::Single | Kind::List, None) => Argument::Mistake(Mistake::MissingValue(flag.name)),
        };
        let written = match part {
            Some(part) => self.written_part(part, start),
            None => self.written(start..self.next),
        };
        self.push(argument, start, written);
    }

    fn mistake(&mut self, mistake: Mistake, start: usize) {
        let written = self.written(start..self.next);
        self.push(Argument::Mistake(mistake), start, written);
    }

    fn push(&mut self, argument: Argument, start: usize, written: String) {
        let elements = start..self.next;
        let nul = self.nul[elements.clone()].contains(&true);
        let argument = if nul { Argument::Mistake(Mistake::Nul) } else { argument };
        self.items.push(Item { argument, written, origin: self.elements[start].origin.clone(), elements });
    }

    fn written_part(&self, letters: &str, start: usize) -> String {
        let following = self.elements[start + 1..self.next].iter().map(|element| element.value.value.as_str());
        words::display(std::iter::once(format!("-{letters}").as_str()).chain(following))
    }

    fn written(&self, elements: Range<usize>) -> String {
        words::display(self.elements[elements].iter().map(|element| element.value.value.as_str()))
    }
}
