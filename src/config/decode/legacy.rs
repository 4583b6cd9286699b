//! The older top-level `extensions`, `settings` and `devPort`, which moved into `customizations.vscode`.

use serde_json::{Map, Value};

use super::super::jsonc::{Node, pointer};
use super::super::model::DevContainer;
use super::Decoder;
use crate::source::Spanned;

/// The tool they belong to.
const TOOL: &str = "vscode";

impl Decoder<'_> {
    /// Moves the older properties as the reference does: extensions go behind those of `customizations`, its settings win,
    /// its port wins.
    pub(super) fn legacy(&mut self, config: &mut DevContainer, root: &Node, base: &str) {
        for key in ["extensions", "settings", "devPort"] {
            if let Some(member) = root.member(key) {
                let older = self.value(&member.node, &pointer(base, key));
                place(config, key, older);
            }
        }
    }
}

fn place(config: &mut DevContainer, key: &str, older: Spanned<Value>) {
    let tool = config.customizations.iter_mut().find(|(tool, value)| tool == TOOL && value.value.is_object());
    let Some((_, entry)) = tool else {
        let map = Map::from_iter([(key.to_owned(), older.value)]);
        config.customizations.push((TOOL.to_owned(), Spanned::new(Value::Object(map), older.origin)));
        return;
    };
    let Value::Object(map) = &mut entry.value else { return };
    match (map.get_mut(key), older.value) {
        (None, value) => {
            map.insert(key.to_owned(), value);
        }
        (Some(Value::Array(newer)), Value::Array(value)) => newer.extend(value),
        (Some(Value::Object(newer)), Value::Object(mut value)) => {
            value.append(newer);
            *newer = value;
        }
        (Some(_), _) => {}
    }
}
