use super::*;

#[test]
fn what_can_be_written_is_named() {
    assert_eq!(line("shop", &[]), None);
    let said = line("shop", &[".git/config".to_owned(), ".vscode".to_owned()]).unwrap();
    assert!(said.starts_with("cloister: shop: `.git/config`, `.vscode` were replaced"), "{said}");
}
