use super::*;
use crate::control::hostexec::command::{Content, File, Folder};

fn script(text: &str) -> HostCommand {
    let path = "/home/u/web/deploy.sh".to_owned();
    HostCommand {
        argv: vec!["./deploy.sh".to_owned()],
        program: File { path, device: 1, inode: 2, sha256: crate::ident::sha256_hex(text.as_bytes()) },
        interpreter: None,
        content: Some(Content { bytes: text.len() as u64, text: Some(text.to_owned()) }),
        folder: Folder { inside: "/workspaces/web".to_owned(), outside: "/home/u/web".to_owned() },
        env: [].into(),
        stdin: false,
    }
}

/// HX-035: exactly this command, of exactly this folder, after a restart too.
#[test]
fn what_was_allowed_is_known_after_a_restart_with_all_that_was_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (first, other) = (script("#!/bin/sh\necho hi\n"), script("#!/bin/sh\necho ho\n"));
    let mut kept = Kept::of(folder.path());
    assert!(!kept.has("/home/u/web", &first.digest()));
    kept.keep("/home/u/web".to_owned(), first.clone()).unwrap();
    kept.keep("/home/u/web".to_owned(), first.clone()).unwrap();
    let kept = Kept::of(folder.path());
    assert!(kept.has("/home/u/web", &first.digest()));
    assert!(!kept.has("/home/u/web", &other.digest()), "one changed byte");
    assert!(!kept.has("/home/u/other", &first.digest()), "another project");
    assert_eq!(kept.of_project("/home/u/web").map(|command| (**command).clone()).collect::<Vec<_>>(), [first]);
    assert_eq!(kept.of_project("/home/u/other").count(), 0);
}

#[test]
fn the_oldest_make_place_and_a_file_of_somebody_elses_making_allows_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut kept = Kept { limit: 1000, ..Kept::of(folder.path()) };
    let all: Vec<HostCommand> = (0..9).map(|number| script(&format!("#!/bin/sh\necho {number}\n"))).collect();
    all.iter().for_each(|command| kept.keep("/home/u/web".to_owned(), command.clone()).unwrap());
    let kept = Kept::of(folder.path());
    assert!(kept.has("/home/u/web", &all[8].digest()) && !kept.has("/home/u/web", &all[0].digest()));
    for broken in ["", "[", r#"[["/home/u/web", "sha256:00"]]"#] {
        std::fs::write(folder.path().join("commands.json"), broken).unwrap();
        assert!(!Kept::of(folder.path()).has("/home/u/web", &all[8].digest()), "{broken}");
    }
    let elsewhere = folder.path().join("elsewhere");
    let mut kept = Kept::of(folder.path());
    kept.keep("/home/u/web".to_owned(), all[8].clone()).unwrap();
    std::fs::rename(folder.path().join("commands.json"), &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, folder.path().join("commands.json")).unwrap();
    assert!(!Kept::of(folder.path()).has("/home/u/web", &all[8].digest()), "a link is not followed");
}
