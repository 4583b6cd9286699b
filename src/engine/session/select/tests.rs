use super::*;
use crate::engine::state::tests::receipt;

fn receipts() -> Vec<Receipt> {
    [("aa", "web", "/home/a/web"), ("bb", "api", "/home/a/web/api"), ("cc", "web-cc", "/home/b/web")]
        .map(|(id, name, workspace)| Receipt { name: name.to_owned(), workspace: workspace.to_owned(), ..receipt(id) })
        .into()
}

#[test]
fn by_name_by_id_or_by_the_deepest_folder() {
    let cases = [
        (Some("web"), "/", Ok("aa")),
        (Some("cc"), "/", Ok("cc")),
        (Some("gone"), "/home/a/web", Err(SelectError::Unknown { name: "gone".to_owned(), near: None })),
        (None, "/home/a/web", Ok("aa")),
        (None, "/home/a/web/src", Ok("aa")),
        (None, "/home/a/web/api/src", Ok("bb")),
        (None, "/home/a/website", Err(SelectError::NotHere)),
        (None, "/", Err(SelectError::NotHere)),
    ];
    for (name, folder, expected) in cases {
        let chosen = choose(receipts(), name, None, Path::new(folder)).map(|receipt| receipt.id);
        assert_eq!(chosen, expected.map(str::to_owned), "{name:?} {folder}");
    }
}

#[test]
fn by_the_beginning_of_an_id_that_no_other_has() {
    let receipts = ["0123456789ab", "01234cccccccc", "fedcba987654"]
        .map(|id| Receipt { name: format!("name-{id}"), ..receipt(id) });
    let cases = [("fedc", Some(2)), ("fed", None), ("01234", None), ("012345", Some(0)), ("fedcba9876543", None)];
    for (name, expected) in cases {
        let chosen = choose(receipts.to_vec(), Some(name), None, Path::new("/")).ok();
        assert_eq!(chosen.map(|receipt| receipt.id), expected.map(|at: usize| receipts[at].id.clone()), "{name}");
        let there = choose(receipts.to_vec(), Some(name), Some(Path::new("/here")), Path::new("/"));
        assert!(matches!(there, Err(SelectError::NotThere { .. })), "a folder of that name is meant before: {name}");
    }
}

#[test]
fn a_name_with_a_slip_is_answered_with_the_one_that_is_meant() {
    for (name, expected) in
        [("wbe", Some("web")), ("apis", Some("api")), ("web-c", Some("web-cc")), ("x", None), ("other", None)]
    {
        let error = choose(receipts(), Some(name), None, Path::new("/")).unwrap_err();
        assert_eq!(error, SelectError::Unknown { name: name.to_owned(), near: expected.map(str::to_owned) });
        let hint = error.hint().unwrap();
        assert_eq!(hint.starts_with("did you mean"), expected.is_some(), "{hint}");
    }
}

#[test]
fn by_a_folder_that_is_named_as_by_the_one_that_somebody_is_in() {
    let not_there = |folder: &str| Err(SelectError::NotThere { folder: folder.to_owned() });
    let cases = [
        (".", Some("/home/a/web/src"), Ok("aa")),
        ("./api", Some("/home/a/web/api"), Ok("bb")),
        ("web", Some("/home/b/web"), Ok("aa")),
        ("..", Some("/home"), not_there("..")),
        ("/home/b/web", None, Ok("cc")),
        ("/home/gone", None, Err(SelectError::Unknown { name: "/home/gone".to_owned(), near: None })),
    ];
    for (name, named, expected) in cases {
        let chosen = choose(receipts(), Some(name), named.map(Path::new), Path::new("/")).map(|receipt| receipt.id);
        assert_eq!(chosen, expected.map(str::to_owned), "{name}");
    }
}

#[test]
fn in_a_repository_the_sandbox_that_has_it_mounted_is_meant() {
    let receipt = |id: &str, workspace: &str, state| Receipt {
        workspace: workspace.to_owned(),
        mount: Some("/repo".to_owned()),
        state,
        ..receipt(id)
    };
    let cases = [
        (State::Running, State::Stopped, "/repo", Some("web")),
        (State::Running, State::Stopped, "/repo/docs", Some("web")),
        (State::Running, State::Stopped, "/repo/web/src", Some("web")),
        (State::Stopped, State::Running, "/repo/web", Some("root")),
        (State::Stopped, State::Stopped, "/repo/web", Some("web")),
        (State::Stopped, State::Stopped, "/repo/docs", Some("root")),
        (State::Running, State::Stopped, "/", None),
    ];
    for (web, root, folder, expected) in cases {
        let receipts = vec![receipt("web", "/repo/web", web), receipt("root", "/repo", root)];
        let chosen = of_folder(receipts, Path::new(folder)).map(|receipt| receipt.id);
        assert_eq!(chosen.as_deref(), expected, "{web:?} {root:?} {folder}");
    }
}

#[test]
fn what_worked_on_a_clone_is_not_started_on_the_folder_by_a_hint() {
    let (repository, volume) = ("/home/a/web".to_owned(), "a-clone".to_owned());
    let clone = crate::clone::Clone { repository, volume, known: std::collections::BTreeSet::new(), left: None };
    let cases = [
        (None, None, "start it: `cloister start`"),
        (None, Some(clone.clone()), "start it: `cloister start --clone`"),
        (Some("/home/a/web"), Some(clone), "start it: `cloister start`"),
    ];
    for (mount, clone, hint) in cases {
        let receipt = Receipt { mount: mount.map(str::to_owned), clone, ..receipt("aa") };
        let error = super::usable(&receipt, super::Life::Gone).unwrap_err();
        assert_eq!(error.hint().as_deref(), Some(hint));
    }
}
