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
        (Some("gone"), "/home/a/web", Err(SelectError::Unknown { name: "gone".to_owned() })),
        (None, "/home/a/web", Ok("aa")),
        (None, "/home/a/web/src", Ok("aa")),
        (None, "/home/a/web/api/src", Ok("bb")),
        (None, "/home/a/website", Err(SelectError::NotHere)),
        (None, "/", Err(SelectError::NotHere)),
    ];
    for (name, folder, expected) in cases {
        let chosen = choose(receipts(), name, Path::new(folder)).map(|receipt| receipt.id);
        assert_eq!(chosen, expected.map(str::to_owned), "{name:?} {folder}");
    }
}
