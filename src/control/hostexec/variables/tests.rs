use super::*;

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn variables(pairs: &[(&str, &str)], wanted: &BTreeSet<String>) -> Variables {
    Variables::wanted(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())), wanted)
}

#[test]
fn only_what_rules_name_is_handed_over_and_taken() {
    let wanted = names(&["SSH_AUTH_SOCK", "GH_TOKEN", "PATH", "CLOISTER_EXEC"]);
    let of = |pairs: &[(&str, &str)]| variables(pairs, &wanted);
    let handed = of(&[("SSH_AUTH_SOCK", "/run/1"), ("AWS_SECRET", "x"), ("PATH", "/evil"), ("CLOISTER_EXEC", "0")]);
    assert_eq!(handed, of(&[("SSH_AUTH_SOCK", "/run/1")]));
    let mut kept = Variables::default();
    kept.adopt(handed, &wanted);
    kept.adopt(of(&[("GH_TOKEN", "t")]), &wanted);
    kept.adopt(of(&[("SSH_AUTH_SOCK", "/run/2")]), &wanted);
    assert_eq!(kept, of(&[("SSH_AUTH_SOCK", "/run/2"), ("GH_TOKEN", "t")]), "a login without one takes none away");
    kept.adopt(of(&[("GH_TOKEN", "u")]), &names(&["SSH_AUTH_SOCK"]));
    assert_eq!(kept, of(&[("SSH_AUTH_SOCK", "/run/2"), ("GH_TOKEN", "t")]), "no rule names it any more");
}

#[test]
fn values_are_bounded_and_never_written() {
    let wanted = names(&["A", "B"]);
    let large = "x".repeat(700 << 10);
    let mut kept = variables(&[("A", "s3cret")], &wanted);
    kept.adopt(variables(&[("A", &large)], &wanted), &wanted);
    kept.adopt(variables(&[("B", &large)], &wanted), &wanted);
    assert_eq!(kept, variables(&[("A", &large)], &wanted));
    assert_eq!(format!("{:?}", variables(&[("A", "s3cret")], &wanted)), r#"{"A"}"#);
}
