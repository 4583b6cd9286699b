use super::*;

#[test]
fn a_name_is_quoted_and_an_unknown_one_left_out() {
    let author = |name: &str| Author { name: Some(name.to_owned()), email: None };
    let common = "[push]\n\tdefault = current\n[branch]\n\tautoSetupMerge = false\n";
    for (author, section) in [
        (Author::default(), ""),
        (author("Ann O'Nym; #1"), "[user]\n\tname = \"Ann O'Nym; #1\"\n"),
        (author(r#"a"b\"#), "[user]\n\tname = \"a\\\"b\\\\\"\n"),
    ] {
        assert_eq!(text(&author), format!("[include]\n\tpath = /etc/gitconfig\n{section}{common}"));
    }
}
