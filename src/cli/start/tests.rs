use std::path::PathBuf;

use super::*;
use crate::harden::refuse_file;
use crate::plan::finding::{Code, Finding, Severity};
use crate::plan::model::{ConfigKind, ConfigSummary};
use crate::source::Origin;

fn plan(actions: &[Action]) -> Plan {
    let config = ConfigSummary { path: None, kind: ConfigKind::Default, digest: None, name: None };
    let host = crate::facts::HostFacts {
        uid: 1000,
        home: PathBuf::from("/home/dev"),
        runtime_dir: None,
        folder: PathBuf::from("/home/dev/shop"),
        mount_root: PathBuf::from("/home/dev/shop"),
        owner: (1000, 1000),
        paths: std::collections::BTreeMap::new(),
        entries: std::collections::BTreeMap::new(),
    };
    let finding = |action| Finding::new(Code::RunArg, Severity::Info, action, &Origin::default(), "x", "y");
    Plan { findings: actions.iter().map(|action| finding(*action)).collect(), ..refuse_file(config, &[], &host) }
}

#[test]
fn what_was_not_taken_over_is_said_in_one_line() {
    use Action::{Added, Kept, NeedsApproval, Removed, Replaced};
    let cases: [(&[Action], Option<&str>); 5] = [
        (&[], None),
        (&[Kept, Added], None),
        (&[Removed, Kept], Some("1 setting was not taken over")),
        (&[NeedsApproval], Some("1 needs approval")),
        (&[Removed, NeedsApproval, Replaced, NeedsApproval], Some("2 settings were not taken over, 2 need approval")),
    ];
    for (actions, expected) in cases {
        let expected = expected.map(|said| format!("cloister: shop: {said}; see: cloister plan ~/shop\n"));
        assert_eq!(differences("shop", &plan(actions), " ~/shop"), expected, "{actions:?}");
    }
}

#[test]
fn the_project_is_named_as_it_was_given() {
    let cases = [
        (".", None, ""),
        ("/home/dev/shop", None, " /home/dev/shop"),
        (".", Some("a b.json"), " --config 'a b.json'"),
        ("it's", Some("c.json"), r" 'it'\''s' --config c.json"),
    ];
    for (folder, config, expected) in cases {
        let project = Project { folder: folder.into(), config: config.map(PathBuf::from), root_workspace: false };
        assert_eq!(project.words(), expected);
    }
}
