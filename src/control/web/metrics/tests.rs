#![expect(clippy::disallowed_methods, reason = "adapter: a file that somebody else left")]

use super::*;

#[test]
fn the_token_is_kept_and_another_one_is_made_for_one_that_can_be_guessed() {
    let folder = tempfile::tempdir().unwrap();
    let first = digest(folder.path()).unwrap();
    assert_eq!(digest(folder.path()), Some(first.clone()), "a scraper goes on after a restart");
    std::fs::write(file_in(folder.path()), "short").unwrap();
    let other = digest(folder.path()).unwrap();
    assert_ne!(other, first);
    assert_ne!(other, sha256_hex(b"short"));
    assert_eq!(digest(&folder.path().join("absent")), None);
}

#[test]
fn only_the_whole_token_is_one() {
    let token = "t".repeat(43);
    let digest = sha256_hex(token.as_bytes());
    let with = |values: &[String]| {
        let mut fields = HeaderMap::new();
        values.iter().for_each(|value| _ = fields.append(header::AUTHORIZATION, value.parse().unwrap()));
        bears(&fields, &digest)
    };
    assert!(with(&[format!("Bearer {token}")]) && with(&[format!("bearer {token}")]));
    for refused in [
        vec![],
        vec![format!("Bearer {}", &token[1..])],
        vec![format!("Bearer {token}t")],
        vec![format!("Basic {token}")],
        vec!["Bearer".to_owned()],
        vec![digest.clone()],
        vec![format!("Bearer {token}"), format!("Bearer {token}")],
    ] {
        assert!(!with(&refused), "{refused:?}");
    }
}
