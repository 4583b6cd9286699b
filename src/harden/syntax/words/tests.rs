use super::display;

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
