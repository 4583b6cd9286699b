use super::*;

#[test]
fn a_name_that_is_taken_gets_four_digits_of_the_id() {
    let folder = Path::new("/b/web");
    let id = SandboxId::derive(1000, folder);
    assert_eq!(sandbox(folder, &id, &BTreeSet::new()), "web");
    let taken = BTreeSet::from(["web".to_owned()]);
    assert_eq!(sandbox(folder, &id, &taken), format!("web-{}", &id.as_str()[..4]));
}

#[test]
fn a_guardian_belongs_to_one_user_and_state_folder() {
    let folder = Path::new("/home/a/.local/state/cloister");
    assert_eq!(instance(1000, folder).len(), 8);
    assert_ne!(instance(1000, folder), instance(1001, folder));
    assert_ne!(instance(1000, folder), instance(1000, Path::new("/home/a/.local/state/cloiste")));
}
