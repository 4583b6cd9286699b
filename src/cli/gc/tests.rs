use super::*;
use crate::engine::session::Unstarted;

#[test]
fn what_goes_is_said_before_and_after() {
    let left = |name: &str, volumes: &[&str]| Left {
        clone: None,
        images: volumes.iter().skip(1).map(ToString::to_string).collect(),
        id: "0".into(),
        name: name.into(),
        workspace: format!("/home/dev/{name}"),
        gone: name == "old",
        volumes: volumes.iter().map(ToString::to_string).collect(),
    };
    let garbage = Garbage {
        kept: Vec::new(),
        sandboxes: vec![left("api", &[]), left("old", &[]), left("w\u{1b}b", &["v", "w"])],
        unstarted: vec![Unstarted { id: "1".into(), images: vec!["i".into(), "j".into()] }],
        images: vec!["g:1".into(), "g:2".into()],
    };
    let before = "api: home folder and state; /home/dev/api stays\n\
                  old: home folder and state; /home/dev/old is gone, and what was approved for it goes\n\
                  w\\u{1b}b: home folder and state, 2 volumes, 1 image; /home/dev/w\\u{1b}b stays\n\
                  2 images of builds whose sandbox never started\nimage g:1\nimage g:2\n";
    assert_eq!(listed(&garbage), before);
    let after = "`api` removed\n`w\\u{1b}b` started meanwhile, and stays\n2 images of builds removed\nimage g:2 removed\n\
                 image g:1 is in use, and stays\n";
    let collected = Collected {
        removed: vec!["api".into()],
        started: vec!["w\u{1b}b".into()],
        unstarted: 2,
        images: vec!["g:2".into()],
        used: vec!["g:1".into()],
        failed: Vec::new(),
    };
    assert_eq!(ended(&collected), after);
}
