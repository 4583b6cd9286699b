//! The text that a builder gets: the one that was judged, without the flags that nothing is given for.

use super::steps::{self, Asks};
use super::{Dockerfile, Instruction, directive, parse};
use crate::source::Source;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Who builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Builder {
    /// The engine's classic builder, whose steps are behind the guardian.
    Classic,
    /// BuildKit.
    BuildKit,
}

impl Builder {
    /// Tells whether it gets a text without this.
    fn misses(self, asks: Asks) -> bool {
        match asks {
            // No build gets a secret; BuildKit would fail without somebody to ask.
            Asks::Secret => true,
            // These are a matter of the whole build there.
            Asks::SameNetwork | Asks::NoNetwork | Asks::Cache => self == Self::Classic,
            Asks::HostNetwork | Asks::RequiredSecret | Asks::Mount | Asks::More => false,
        }
    }
}

/// Returns the text; `None` when it cannot be told which part of it is such a flag. Every byte stays at its place, but for
/// BuildKit two lines come first.
pub(super) fn text(dockerfile: &Dockerfile, builder: Builder) -> Option<String> {
    let mut text = dockerfile.text.clone();
    for run in dockerfile.instructions.iter().filter(|one| one.name == "RUN") {
        for flag in run.words.flags.iter().filter(|flag| builder.misses(steps::asks(flag))) {
            let at = run.begin + text.get(run.begin..run.end)?.find(flag.as_str())?;
            text.replace_range(at..at + flag.len(), &" ".repeat(flag.len()));
        }
    }
    let read = parse(&Source::new("Dockerfile", text.as_str()));
    let told =
        |one: &Dockerfile| one.instructions.iter().filter(|one| one.name != "ONBUILD").map(essence).collect::<Vec<_>>();
    let expected = told(dockerfile).into_iter().map(|(name, flags, arguments, rest)| {
        let kept = flags.into_iter().filter(|flag| name != "RUN" || !builder.misses(steps::asks(flag))).collect();
        (name, kept, arguments, rest)
    });
    let same = expected.eq(told(&read));
    same.then(|| if builder == Builder::BuildKit { without_frontend(&text) } else { text })
}

type Essence = (String, Vec<String>, Vec<String>, (bool, bool));

fn essence(one: &Instruction) -> Essence {
    let Instruction { name, words, on_build, heredoc, begin: _, end: _, origin: _ } = one;
    (name.clone(), words.flags.clone(), words.arguments.clone(), (*on_build, *heredoc))
}

/// BuildKit runs the program that `# syntax=` names. A comment that is no directive ends what it reads as such.
fn without_frontend(text: &str) -> String {
    let escape = directive::read(text).escape;
    format!("# escape={escape}\n#\n{}", text.trim_start_matches(BYTE_ORDER_MARK))
}
