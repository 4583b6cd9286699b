use super::*;

fn reading(label: &str) -> MetadataReading {
    read_metadata(label, &Variables::default())
}

fn names(entry: &MetadataEntry) -> Vec<&str> {
    entry.properties.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn a_list_and_a_single_object_are_entries() {
    let cases =
        [(r#"[]"#, 0), (r#"{"remoteUser": "a"}"#, 1), ("[ \n{\"id\": \"a\"}, \n{\"remoteUser\": \"b\"} \n]", 2)];
    for (label, count) in cases {
        assert_eq!(reading(label).entries.len(), count, "{label}");
        assert_eq!(reading(label).notes, [], "{label}");
    }
}

#[test]
fn every_property_is_named_and_points_into_the_label() {
    let reading = reading(
        r#"[{"id": "f", "entrypoint": "/x"}, {"remoteUser": "vscode", "mounts": ["a"], "postStartCommand": "x"}]"#,
    );
    assert_eq!(names(&reading.entries[0]), ["id", "entrypoint"]);
    assert_eq!(names(&reading.entries[1]), ["remoteUser", "mounts", "postStartCommand"]);
    let config = &reading.entries[1].config;
    let user = config.remote_user.as_ref().expect("remoteUser");
    assert_eq!((user.value.value.as_str(), &user.origin), ("vscode", &Origin::unplaced("label:/1/remoteUser")));
    assert_eq!(config.mounts[0].origin, Origin::unplaced("label:/1/mounts/0"));
    assert_eq!(reading.entries[0].config.unknown[1].origin, Origin::unplaced("label:/0/entrypoint"));
}

#[test]
fn what_is_wrong_is_left_out_whole_and_noted() {
    let cases = [
        ("not json", "label:", 0),
        ("\"text\"", "label:", 0),
        ("[1]", "label:/0", 0),
        (r#"[{"containerEnv": {"A": "1", "B": 2}}]"#, "label:/0/containerEnv/B", 1),
        (r#"[{"remoteUser": ["root"]}]"#, "label:/0/remoteUser", 1),
        (r#"[{"postStartCommand": ["a", 1]}]"#, "label:/0/postStartCommand/1", 1),
    ];
    for (label, pointer, entries) in cases {
        let reading = reading(label);
        assert_eq!(
            reading.notes.iter().map(|note| note.origin.pointer.as_str()).collect::<Vec<_>>(),
            [pointer],
            "{label}"
        );
        assert_eq!(reading.entries.len(), entries, "{label}");
        assert!(reading.entries.iter().all(|entry| entry.config == DevContainer::default()), "{label}");
        assert!(reading.entries.iter().all(|entry| entry.properties.len() == 1), "{label}");
    }
}

#[test]
fn an_image_gets_no_secrets_either() {
    let reading = reading(r#"{"remoteEnv": {"X": "${localEnv:GITHUB_TOKEN:none}"}}"#);
    assert_eq!(reading.denied.len(), 1);
    assert_eq!((reading.denied[0].name.as_str(), reading.denied[0].location.as_ref()), ("GITHUB_TOKEN", None));
}

#[test]
fn hostile_labels_end_in_notes() {
    let deep = format!("[{{\"customizations\": {}1{}}}]", "[".repeat(100), "]".repeat(100));
    let cases =
        ["[".repeat(SIZE_LIMIT + 1), "[".repeat(100_000), deep, format!("{{\"{}\": 1}}", "k".repeat(KEY_LIMIT + 1))];
    for label in cases {
        assert_eq!(reading(&label).notes.len(), 1, "{label:.40}");
    }
}
