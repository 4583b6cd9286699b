//! Single values: texts, lists of them, flags, and values that are not interpreted.

use serde_json::{Map, Value};

use super::super::jsonc::{Data, Node, pointer};
use super::super::model::Text;
use super::Decoder;
use crate::source::Spanned;

impl Decoder<'_> {
    /// Returns a string, or a number as text.
    pub(super) fn text(&mut self, node: &Node, here: &str) -> Option<Spanned<Text>> {
        let text = match &node.data {
            Data::Text(raw) => self.substituted(raw, here, &node.span),
            Data::Number(number) => Text::plain(number.to_string()),
            _ => return None,
        };
        Some(Spanned::new(text, self.origin(here, &node.span)))
    }

    /// Returns the strings and numbers of a list; one that stands alone is a list of one.
    pub(super) fn texts(&mut self, node: &Node, here: &str) -> Vec<Spanned<Text>> {
        let Data::Array(items) = &node.data else {
            return self.text(node, here).into_iter().collect();
        };
        items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| self.text(item, &pointer(here, &index.to_string())))
            .collect()
    }

    pub(super) fn flag(&self, node: &Node, here: &str) -> Option<Spanned<bool>> {
        match node.data {
            Data::Bool(flag) => Some(Spanned::new(flag, self.origin(here, &node.span))),
            _ => None,
        }
    }

    /// Returns a string of a closed set, which holds no variables.
    pub(super) fn word(&self, node: &Node, here: &str) -> Option<Spanned<String>> {
        match &node.data {
            Data::Text(word) => Some(Spanned::new(word.clone(), self.origin(here, &node.span))),
            _ => None,
        }
    }

    /// Returns a value that is passed on as it is, with the variables of its strings replaced.
    pub(super) fn value(&mut self, node: &Node, here: &str) -> Spanned<Value> {
        Spanned::new(self.resolved(node, here), self.origin(here, &node.span))
    }

    fn resolved(&mut self, node: &Node, here: &str) -> Value {
        match &node.data {
            Data::Text(raw) => Value::String(self.substituted(raw, here, &node.span).value),
            Data::Array(items) => {
                let items = items.iter().enumerate();
                items.map(|(index, item)| self.resolved(item, &pointer(here, &index.to_string()))).collect()
            }
            Data::Object(members) => {
                let mut map = Map::new();
                for member in members {
                    map.insert(member.key.clone(), self.resolved(&member.node, &pointer(here, &member.key)));
                }
                Value::Object(map)
            }
            Data::Null | Data::Bool(_) | Data::Number(_) => node.to_value(),
        }
    }
}
