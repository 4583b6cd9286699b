use std::collections::BTreeSet;

use super::*;
use crate::engine::receipt::{ProcessDefaults, State};

pub(crate) fn receipt(id: &str) -> Receipt {
    Receipt {
        clone: None,
        version: VERSION,
        id: id.to_owned(),
        name: "web".to_owned(),
        workspace: "/home/a/web".to_owned(),
        mount: Some("/home/a/web".to_owned()),
        state: State::Starting,
        plan_digest: "sha256:0".to_owned(),
        container: None,
        started: None,
        subnet: Some("10.222.0.0/28".parse().unwrap()),
        token: "secret".to_owned(),
        policy: crate::guardian::protocol::WirePolicy::default(),
        process: ProcessDefaults::default(),
        endpoint: None,
        image: None,
        engine_root: None,
        hooks_done: BTreeSet::new(),
        covers: Vec::new(),
        unreviewed: false,
        asked: None,
    }
}

#[test]
fn receipts_come_back_as_they_were_written_and_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::open(&folder.path().join("cloister"), rustix::process::geteuid().as_raw()).unwrap();
    assert_eq!(state.load("aa").unwrap(), None);
    for id in ["bb", "aa"] {
        state.save(&receipt(id)).unwrap();
    }
    assert_eq!(state.receipts().unwrap(), [receipt("aa"), receipt("bb")]);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state.sandbox("aa")), 0o700);
    assert_eq!(mode(&state.sandbox("aa").join("receipt.json")), 0o600);
}

#[test]
fn a_receipt_that_is_not_ours_is_an_error_with_a_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::open(&folder.path().join("cloister"), rustix::process::geteuid().as_raw()).unwrap();
    state.save(&receipt("aa")).unwrap();
    let path = state.sandbox("aa").join("receipt.json");
    let text = std::fs::read_to_string(&path).unwrap();
    for broken in ["", "{}", &text.replace("\"version\": 1", "\"version\": 2"), &text.replace("\"aa\"", "\"bb\"")] {
        std::fs::write(&path, broken).unwrap();
        assert!(state.load("aa").unwrap_err().hint().is_some(), "{broken}");
    }
}
