use super::*;

#[test]
fn names_are_slugs_of_folders() {
    let long = "x".repeat(80);
    let cases = [
        ("/home/a/My Project", "my-project"),
        ("/home/a/--web__app--", "web-app"),
        ("/home/a/日本語", "sandbox"),
        ("/", "sandbox"),
        ("/home/a/..\u{202e}evil\u{1b}[31m", "evil-31m"),
        (&format!("/{long}"), &long[..NAME_LIMIT]),
    ];
    for (folder, expected) in cases {
        assert_eq!(sandbox(Path::new(folder), "0123456789ab", &BTreeSet::new()), expected, "{folder}");
    }
}

#[test]
fn a_name_that_is_taken_gets_four_digits_of_the_id() {
    let taken = BTreeSet::from(["web".to_owned()]);
    assert_eq!(sandbox(Path::new("/b/web"), "0123456789ab", &taken), "web-0123");
}

#[test]
fn ids_depend_on_user_and_folder() {
    let folder = Path::new("/home/a/web");
    assert_eq!(sandbox_id(1000, folder).len(), 12);
    assert_eq!(instance(1000, folder).len(), 8);
    assert_ne!(sandbox_id(1000, folder), sandbox_id(1001, folder));
    assert_ne!(sandbox_id(1000, folder), sandbox_id(1000, Path::new("/home/a/we")));
}
