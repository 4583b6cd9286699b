use super::{display, printable};

#[test]
fn words_are_quoted_where_a_shell_needs_it() {
    for (words, shown) in [
        (vec!["npm", "test"], "npm test"),
        (vec!["sh", "-c", "echo $HOME"], "sh -c 'echo $HOME'"),
        (vec!["-v", "/:/host"], "-v /:/host"),
        (vec!["--cap-add=SYS_PTRACE"], "--cap-add=SYS_PTRACE"),
        (vec!["it's"], r"'it'\''s'"),
        (vec![""], "''"),
        (vec![], ""),
        (vec!["a;b", "#c", "*"], "'a;b' '#c' '*'"),
        (vec!["naïve"], "naïve"),
    ] {
        assert_eq!(display(words.iter().copied()), shown, "{words:?}");
    }
}

#[test]
fn nothing_invisible_is_shown_as_it_is() {
    for (text, shown) in [
        ("plain", "plain"),
        ("two\nlines", "two\\nlines"),
        ("\u{1b}[31mred", "\\u{1b}[31mred"),
        ("nul\0", "nul\\u{0}"),
        ("ok\u{202e}txt.exe", "ok\\u{202e}txt.exe"),
        ("zero\u{200b}width", "zero\\u{200b}width"),
        ("tag\u{e0041}", "tag\\u{e0041}"),
        ("\u{9b}31m", "\\u{9b}31m"),
    ] {
        assert_eq!(printable(text), shown, "{text:?}");
    }
}
