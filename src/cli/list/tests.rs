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
fn where_nothing_runs_what_was_stopped_is_counted() {
    let cases = [
        (0, "no sandboxes; start one with `cloister start`\n"),
        (1, "no sandbox runs; 1 was stopped: cloister list --all\n"),
        (2, "no sandbox runs; 2 were stopped: cloister list --all\n"),
    ];
    for (stopped, expected) in cases {
        assert_eq!(none(stopped), expected);
    }
}

#[test]
fn scripts_get_the_names_of_the_contract() {
    let value: serde_json::Value = serde_json::from_str(&json(&[listed("web", "/home/a/web")])).unwrap();
    let keys: Vec<&String> = value[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["name", "id", "workspace", "state", "container", "network", "planDigest"]);
    assert_eq!(json(&[]), "[]\n");
}
