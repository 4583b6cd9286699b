use std::fs;

use super::*;
use crate::policy::host::Host;
use crate::policy::rules::{Match, Place, Use};

struct User {
    root: tempfile::TempDir,
}

impl User {
    fn with(files: &[(&str, &str)]) -> Self {
        let user = Self { root: tempfile::tempdir().expect("a folder") };
        files.iter().for_each(|(name, text)| user.write(name, text));
        user
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.root.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        file::write(&path, text.as_bytes(), 0o600).expect("written");
    }
}

fn allows(effective: &Effective, host: &str) -> bool {
    let found = effective.explain(&Place::Name(Host::parse(host).expect(host)), 443, Use::Tunnel).found;
    matches!(found, Match::Allowed(_))
}

#[test]
fn a_project_gets_its_own_file_and_another_one_of_its_name_does_not() {
    let id = SandboxId::derive(1000, Path::new("/b/web"));
    let own = format!("projects/web-{}.json5", &id.as_str()[..4]);
    let user = User::with(&[
        ("config.json5", "{ presets: [], deny: ['c.example.com'] }"),
        ("projects/web.json5", "{ folder: '/a/web', allow: ['a.example.com', 'c.example.com'] }"),
    ]);
    let load = |folder: &str| load(user.root.path(), 1000, Some(Path::new(folder))).expect(folder);
    let cases = [("/a/web", true), ("/b/web", false), ("/a/web/inner", false), ("/a/other", false)];
    for (folder, expected) in cases {
        assert_eq!(allows(&load(folder).effective([]), "a.example.com"), expected, "{folder}");
        assert!(!allows(&load(folder).effective([]), "c.example.com"), "{folder}");
    }
    assert_eq!(load("/b/web").foreign.len(), 1);
    user.write(&own, "{ folder: '/b/web', allow: ['b.example.com'] }");
    assert!(allows(&load("/b/web").effective([]), "b.example.com"));
    assert!(!allows(&load("/a/web").effective([]), "b.example.com"));
}

#[test]
fn a_broken_file_keeps_what_was_good_and_at_first_allows_nothing() {
    let user = User::with(&[("config.json5", "{ presets: [], allow: ['a.example.com',, ] }")]);
    let mut watched = Watched::of(user.root.path(), 1000);
    let folder = Path::new("/a/web");
    let Err(PipelineError::Config { diagnostics, .. }) = watched.look(folder) else { panic!("it is broken") };
    assert_eq!((diagnostics[0].location.line, diagnostics[0].location.column), (1, 40));
    assert!(!watched.look(folder).expect("told once"));
    assert!(watched.effective(folder, []).policy.egress.allow.is_empty(), "not even a preset");

    user.write("config.json5", "{ presets: [], allow: ['a.example.com'] }");
    assert!(watched.look(folder).expect("good"));
    assert!(allows(&watched.effective(folder, []), "a.example.com"));

    user.write("projects/web.json5", "{ folder: '/a/web', allow: ['b.example.com'], deny: ['a.example.com'] }");
    assert!(watched.look(folder).expect("good"));
    assert!(!allows(&watched.effective(folder, []), "a.example.com"));
    user.write("projects/web.json5", "{ folder: '/a/web', allow: ['c.example.com'], denny: [] }");
    assert!(watched.look(folder).is_err());
    let effective = watched.effective(folder, []);
    assert!(allows(&effective, "b.example.com") && !allows(&effective, "a.example.com"), "the last good one stays");
    fs::remove_file(user.root.path().join("projects/web.json5")).expect("removed");
    assert!(watched.look(folder).expect("good"));
    assert!(allows(&watched.effective(folder, []), "a.example.com"));
    watched.forget(folder);
    assert!(!allows(&watched.effective(folder, []), "a.example.com"));
}

#[test]
fn a_folder_or_a_pipe_in_place_of_a_file_is_an_error_and_not_nothing() {
    let user = User::with(&[("config.json5/inner", "")]);
    assert!(matches!(load(user.root.path(), 1000, None), Err(PipelineError::ReadConfig(_))));
}
