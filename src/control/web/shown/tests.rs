use super::{SHORT, Shown};

#[track_caller]
fn shows(text: &str, pieces: &[&str], hides: bool) {
    let shown = Shown::new(text);
    assert_eq!(shown.pieces, pieces, "{text:?}");
    assert_eq!((shown.whole, shown.hides), (None, hides), "{text:?}");
}

#[test]
fn what_would_not_be_seen_is_written_out_and_told_apart() {
    shows("api.example.com:443", &["api.example.com:443"], false);
    shows("", &[""], false);
    shows("größer, 例え", &["größer, 例え"], false);
    // UI-018
    shows("a\u{202e}b", &["a", "<U+202E>", "b"], true);
    shows("\u{2066}\u{200b}\u{a0}\u{115f}", &["", "<U+2066><U+200B><U+00A0><U+115F>"], true);
    // A text that only looks like it is no mark.
    shows("<U+202E>", &["<U+202E>"], false);
    // UI-017, UI-021
    shows("\u{1b}]52;c;x\u{7}\r\n", &["", "<U+001B>", "]52;c;x", "<U+0007>\\r\\n"], true);
    shows("\u{e0041}", &["", "<U+E0041>"], true);
}

#[test]
fn of_a_long_text_both_ends_are_there_and_all_of_it_to_see() {
    let text = format!("{}--upload-pack=evil", "x".repeat(SHORT));
    let shown = Shown::new(&text);
    assert_eq!(shown.pieces[1], "…(+18)…");
    assert!(shown.pieces[2].ends_with("--upload-pack=evil"), "{:?}", shown.pieces);
    assert_eq!(shown.whole, Some(vec![text]));
    assert!(!shown.hides);
    let exact = "é".repeat(SHORT);
    assert_eq!(Shown::new(&exact).pieces, [exact]);
}

#[test]
fn what_hides_in_the_middle_of_a_long_text_is_told() {
    let text = format!("{}\u{202e}{}", "a".repeat(SHORT), "b".repeat(SHORT));
    let shown = Shown::new(&text);
    assert!(shown.hides());
    assert_eq!(shown.whole.unwrap()[1], "<U+202E>");
}
