use super::*;

fn open(folder: &Path, requests: Vec<Request>) -> Open {
    let subject = Subject {
        sandbox: "0123456789ab".to_owned(),
        session: "1".to_owned(),
        name: "web".to_owned(),
        folder: folder.display().to_string(),
    };
    let digest = format!("sha256:{}", sha256_hex(b"{}"));
    let sources = vec![Source { path: folder.join("devcontainer.json"), digest }];
    Open { subject, made: 0, sources, words: String::new(), requests }
}

#[test]
fn what_waits_is_told_while_the_repository_is_as_it_was() {
    let root = tempfile::tempdir().unwrap();
    let (state, folder) = (root.path().join("state"), root.path());
    std::fs::create_dir(&state).unwrap();
    let file = folder.join("devcontainer.json");
    std::fs::write(&file, "{}").unwrap();
    let told = open(folder, vec![Request::initialize("", &["x".to_owned()], None)]);
    told.tell(&state).unwrap();
    assert_eq!(read(&state, "0123456789ab"), Some(told.clone()));
    assert_eq!(waiting(&state).len(), 1);
    assert!(told.is_true());
    for swap in [
        |file: &Path| std::fs::write(file, "{ }").unwrap(),
        |file: &Path| {
            std::fs::remove_file(file).unwrap();
            std::os::unix::fs::symlink("/etc/passwd", file).unwrap();
        },
    ] {
        swap(&file);
        assert!(!told.is_true());
    }
    std::fs::remove_file(&file).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, &file, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    assert!(!told.is_true(), "a pipe holds nobody up");
    open(folder, Vec::new()).tell(&state).unwrap();
    assert_eq!(read(&state, "0123456789ab"), None, "where nothing waits, nothing is told");
}

#[test]
fn a_file_that_is_not_ours_tells_nothing() {
    let root = tempfile::tempdir().unwrap();
    let told = open(root.path(), vec![Request::initialize("", &["x".to_owned()], None)]);
    told.tell(root.path()).unwrap();
    std::fs::copy(path(root.path(), "0123456789ab"), path(root.path(), "ba9876543210")).unwrap();
    assert_eq!(read(root.path(), "ba9876543210"), None, "it is about another sandbox");
    for text in ["", "{", "[]", "{\"subject\":{}}"] {
        std::fs::write(path(root.path(), "0123456789ab"), text).unwrap();
        assert_eq!(read(root.path(), "0123456789ab"), None, "{text}");
    }
    assert!(path(root.path(), "../../x").ends_with("control/requests/x.json"));
}
