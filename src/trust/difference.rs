//! What is different in a content that was approved before: the whole new text, with what was there at its place. Pure.

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It was there, and is.
    Same,
    /// It is gone.
    Gone,
    /// It is new.
    New,
}

/// Returns every line of both texts, in their order.
pub fn difference<'a>(was: &'a str, is: &'a str) -> Vec<(Mark, &'a str)> {
    let (was, is): (Vec<&str>, Vec<&str>) = (was.split('\n').collect(), is.split('\n').collect());
    let mut lines = Vec::new();
    for operation in capture_diff_slices(Algorithm::Myers, &was, &is) {
        if let DiffOp::Equal { new_index, len, .. } = operation {
            lines.extend(is[new_index..new_index + len].iter().map(|line| (Mark::Same, *line)));
            continue;
        }
        lines.extend(was[operation.old_range()].iter().map(|line| (Mark::Gone, *line)));
        lines.extend(is[operation.new_range()].iter().map(|line| (Mark::New, *line)));
    }
    lines
}
