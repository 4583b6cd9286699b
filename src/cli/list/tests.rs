use super::*;

fn listed(name: &str, workspace: &str) -> Listed {
    Listed {
        name: name.to_owned(),
        id: "0123456789ab".to_owned(),
        workspace: workspace.to_owned(),
        state: "running",
        container: Some("cloister-0123456789ab".to_owned()),
        network: None,
        plan_digest: "sha256:0".to_owned(),
    }
}

#[test]
fn a_table_has_columns_and_no_control_characters() {
    let text = table(&[listed("web", "/home/a/web"), listed("a-longer-name", "/home/a/\u{1b}[2J")]);
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("NAME           STATE    ID            WORKSPACE"));
    assert_eq!(lines.next(), Some("web            running  0123456789ab  /home/a/web"));
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn scripts_get_the_names_of_the_contract() {
    let value: serde_json::Value = serde_json::from_str(&json(&[listed("web", "/home/a/web")])).unwrap();
    let keys: Vec<&String> = value[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["name", "id", "workspace", "state", "container", "network", "planDigest"]);
    assert_eq!(json(&[]), "[]\n");
}
