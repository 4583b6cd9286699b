//! Lifecycle commands in their three forms.

use super::super::jsonc::{Data, Node, pointer};
use super::super::model::Command;
use super::Decoder;
use crate::source::Spanned;

impl Decoder<'_> {
    pub(super) fn command(&mut self, node: &Node, here: &str) -> Option<Spanned<Command>> {
        let command = match &node.data {
            Data::Object(members) => {
                let mut named = Vec::with_capacity(members.len());
                for member in members {
                    let command = self.single(&member.node, &pointer(here, &member.key))?;
                    named.push((member.key.clone(), command));
                }
                Command::Parallel(named)
            }
            _ => self.single(node, here)?,
        };
        Some(Spanned::new(command, self.origin(here, &node.span)))
    }

    /// Returns a command that stands alone; one part that is no string makes the whole command nothing.
    fn single(&mut self, node: &Node, here: &str) -> Option<Command> {
        match &node.data {
            Data::Text(raw) => Some(Command::Shell(self.substituted(raw, here, &node.span))),
            Data::Array(items) => {
                let mut argv = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    let Data::Text(raw) = &item.data else { return None };
                    argv.push(self.substituted(raw, &pointer(here, &index.to_string()), &item.span));
                }
                Some(Command::Argv(argv))
            }
            _ => None,
        }
    }
}
