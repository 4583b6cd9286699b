use std::path::PathBuf;

use super::*;
use crate::harden::refuse_file;
use crate::plan::finding::Severity;
use crate::plan::model::{ConfigKind, ConfigSummary};
use crate::source::Origin;

fn host() -> HostFacts {
    HostFacts {
        uid: 1000,
        home: PathBuf::from("/home/dev"),
        runtime_dir: None,
        folder: PathBuf::from("/home/dev/shop"),
        mount_root: PathBuf::from("/home/dev/shop"),
        owner: (1000, 1000),
        has_config_above: false,
        lacks: crate::facts::Lacks::default(),
        paths: std::collections::BTreeMap::new(),
        scripts: std::collections::BTreeMap::new(),
        own: Vec::new(),
        entries: std::collections::BTreeMap::new(),
    }
}

fn plan(actions: &[Action]) -> Plan {
    let config = ConfigSummary { path: None, kind: ConfigKind::Default, digest: None, name: None };
    let finding = |action| Finding::new(Code::RunArg, Severity::Info, action, &Origin::default(), "x", "y");
    Plan { findings: actions.iter().map(|action| finding(*action)).collect(), ..refuse_file(config, &[], &host()) }
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
        assert_eq!(differences("shop", &plan(actions), " ~/shop"), expected.unwrap_or_default(), "{actions:?}");
    }
}

#[test]
fn a_configuration_above_that_does_not_count_is_named() {
    assert_eq!(above("web", &host()), "");
    let host = HostFacts { has_config_above: true, mount_root: "/home/dev/my shop".into(), ..host() };
    assert_eq!(
        above("web", &host),
        "cloister: web: this folder has no devcontainer.json, and that of /home/dev/my shop is not used here; with it: \
         cloister start '/home/dev/my shop'\n"
    );
}

#[test]
fn an_account_that_the_image_lacks_is_named_with_who_asked_for_it() {
    assert_eq!(made_account("web", &plan(&[Action::Added])), "");
    let source = crate::source::Source::new("devcontainer.json", "{\n \"remoteUser\": \"ghost\" }");
    let placed = Origin { pointer: "/remoteUser".into(), location: Some(source.locate(3..4)) };
    for (origin, who) in [
        (placed, "remoteUser in devcontainer.json:2"),
        (Origin::unplaced("label:/0/remoteUser"), "label:/0/remoteUser"),
    ] {
        let finding = Finding::new(Code::UserSyntax, Severity::Info, Action::Added, &origin, "ghost", "x");
        let plan = Plan { findings: vec![finding], ..plan(&[]) };
        assert_eq!(
            made_account("web", &plan),
            format!(
                "cloister: web: the image has no account `ghost`, which {who} names; it was made, with an empty home folder\n"
            )
        );
    }
}

#[test]
fn what_a_plan_without_the_image_cannot_show_is_named() {
    let of_image = |pointers: &[&str]| {
        let mut plan = plan(&[Action::Removed]);
        let template = plan.findings[0].clone();
        plan.findings
            .extend(pointers.iter().map(|pointer| Finding { pointer: (*pointer).to_owned(), ..template.clone() }));
        differences("shop", &plan, "")
    };
    let file = "cloister: shop: 1 setting was not taken over; see: cloister plan\n";
    let image = "cloister: shop: of the image's own settings, which `cloister plan` cannot see, not taken over: ";
    assert_eq!(of_image(&[]), file);
    let few = of_image(&["label:/0/privileged", "label:/1/mounts", "label:/0/privileged", "image:/Env/NO_PROXY"]);
    assert_eq!(few, format!("{file}{image}Env/NO_PROXY, mounts, privileged\n"));
    let many = of_image(&["label:/0/a", "label:/0/b", "label:/0/c", "label:/0/d", "label:/0/e", "label:/0/f"]);
    assert_eq!(many, format!("{file}{image}a, b, c, d, e, 1 more\n"));
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
