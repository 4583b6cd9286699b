//! A command as people see it. Everything in it came from an agent: nothing is left out, and nothing passes for something
//! else (SEC-49). Pure.

use super::command::{HostCommand, Value, variable};
use super::risk::Warning;
use crate::ui::text::{cut, visible};

/// Most columns of a title.
const TITLE: usize = 1000;

/// Returns a word in double quotes, so that no two words look the same: a backslash is written twice, a quote after one, and
/// what would not be seen by its number.
pub fn quoted(word: &str) -> String {
    let escaped = word.replace('\\', r"\\").replace('"', "\\\"");
    format!("\"{}\"", visible(&escaped))
}

/// Returns the command line as one line, for a list of many; the middle of a long one is left out, [`lines`] have all of it.
pub fn title(command: &HostCommand) -> String {
    cut(&command.argv.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "), TITLE)
}

/// One line about a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is about; empty where it goes on about the same.
    pub name: &'static str,
    /// What is said; safe to show.
    pub text: String,
}

/// Returns everything that an approval covers, in the order that people read it: one line for each word.
pub fn lines(command: &HostCommand, warnings: &[Warning]) -> Vec<Line> {
    let HostCommand { argv, program, interpreter, content, folder, env, stdin } = command;
    let mut lines = Vec::new();
    let mut add = |name, text: String| lines.push(Line { name, text });
    warnings.iter().for_each(|warning| add("warning", warning.text()));
    for (at, word) in argv.iter().enumerate() {
        add(if at == 0 { "command" } else { "" }, quoted(word));
    }
    add("program", program.described());
    if let Some(interpreter) = interpreter {
        add("run by", interpreter.file.described());
        interpreter.argv.iter().for_each(|word| add("", quoted(word)));
    }
    if let Some(content) = content {
        let text = format!("{} bytes as they were when it was asked for, whatever becomes of the file", content.bytes);
        add("content", text);
        let text = content.text.iter().flat_map(|text| text.split_inclusive('\n'));
        text.for_each(|line| add("", quoted(line)));
    }
    add("folder", quoted(&folder.outside));
    add("", format!("{} in the sandbox", quoted(&folder.inside)));
    let mut first = true;
    for (name, value) in env {
        let shown = match value {
            Value::Own(_) => "your own value".to_owned(),
            Value::Set(_) => variable(Some(value)),
        };
        add(if std::mem::take(&mut first) { "variables" } else { "" }, format!("{name}={shown}"));
    }
    add("input", if *stdin { "what the agent writes" } else { "nothing" }.to_owned());
    lines
}

/// Returns how much lines are to whoever shows them, in bytes; a line is something even where it is empty.
pub fn weight(lines: &[Line]) -> usize {
    lines.iter().map(|line| 16 + line.name.len() + line.text.len()).sum()
}

/// Returns lines as text, their names in a column.
pub fn text(lines: &[Line]) -> String {
    let width = lines.iter().map(|line| line.name.len()).max().unwrap_or_default();
    lines.iter().map(|Line { name, text }| format!("{name:width$}  {text}\n")).collect()
}

#[cfg(test)]
mod tests;
