//! The plan for people: the answer, the box, then every difference at the line that caused it.
//!
//! Layout is the template `plan.txt.jinja`; what it shows is decided in `view.rs`.

use minijinja::Environment;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;

use super::view;
use crate::plan::Plan;
use crate::source::Source;
use crate::ui::style::Role;
use crate::ui::text::pad;

/// Columns below which nothing is squeezed further.
pub const NARROWEST: usize = 60;
/// Columns above which lines get hard to read.
pub const WIDEST: usize = 120;

const TEMPLATE: &str = include_str!("plan.txt.jinja");

/// How the plan is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Columns of the terminal; used within [`NARROWEST`] and [`WIDEST`].
    pub width: usize,
    /// Whether to use colour.
    pub color: bool,
    /// Whether each finding takes one line.
    pub brief: bool,
}

/// Returns the plan as text. `sources` are the files that findings point into; a missing one costs its excerpt only.
#[must_use]
pub fn render(plan: &Plan, sources: &[Source], options: Options) -> String {
    let width = options.width.clamp(NARROWEST, WIDEST);
    let view = view::view(plan, sources, width, options.brief);
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    environment.set_syntax(syntax.expect("the delimiters are the usual ones"));
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.add_filter("style", move |text: &str, role: &str| {
        Role::named(role).map_or_else(|| text.to_owned(), |role| role.paint(text, options.color))
    });
    environment.add_filter("pad", |text: &str, columns: usize| pad(text, columns));
    let rendered = environment.render_str(TEMPLATE, Serde(&view));
    rendered.expect("the template is part of the program and the view has every name that it uses")
}
