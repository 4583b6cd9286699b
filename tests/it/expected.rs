//! Texts that are compared with files in `tests/golden`; `UPDATE_EXPECTED=1` writes them anew.
#![expect(clippy::disallowed_methods, reason = "adapter: the expected texts are files")]

use std::path::Path;

/// Fails when the file, relative to `tests/golden`, does not have exactly this text.
#[track_caller]
pub(crate) fn assert_expected(file: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::create_dir_all(path.parent().expect("it is below tests/golden")).expect("the folder can be made");
        std::fs::write(&path, actual).expect("the file can be written");
    }
    let expected =
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}; UPDATE_EXPECTED=1 writes it"));
    assert!(
        expected == actual,
        "{file} differs; UPDATE_EXPECTED=1 accepts the new text\n{}",
        similar::TextDiff::from_lines(expected.as_str(), actual).unified_diff().header("expected", "actual")
    );
}
