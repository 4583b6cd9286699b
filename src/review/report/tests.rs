use super::*;

fn one(kind: Kind, path: &str, change: Change) -> Difference {
    Difference { kind, path: path.to_owned(), change }
}

const OPTIONS: Options<'_> = Options { name: "shop", most: 3, complete: true, lost: &[] };

#[test]
fn nothing_is_told_in_no_words() {
    assert_eq!(text(&[], OPTIONS), "");
}

#[test]
fn each_kind_has_a_row_and_no_path_moves_the_cursor() {
    let differences = [
        one(Kind::Git, ".git/hooks/pre-commit", Change::New),
        one(Kind::Build, "Makefile", Change::Changed),
        one(Kind::Build, "a/\u{1b}[2Jpackage.json", Change::New),
        one(Kind::Build, "b/Makefile", Change::New),
        one(Kind::Build, "c/Makefile", Change::New),
        one(Kind::Special, "pipe", Change::New),
    ];
    let lost = [".git/config".to_owned()];
    let expected = "\
cloister: shop: since the start this changed, and your own tools may run or trust it:
  git runs it   .git/hooks/pre-commit (new)
  builds, CI    Makefile, a/\\u{1b}[2Jpackage.json (new), b/Makefile (new),
                and 1 more
  pipes, …      pipe (new)
  uncovered     .git/config
  not seen      there is more than was looked at
";
    assert_eq!(text(&differences, Options { complete: false, lost: &lost, ..OPTIONS }), expected);
}
