#![expect(clippy::disallowed_methods, reason = "adapter: tests make files")]

use std::path::PathBuf;

use super::*;
use crate::engine::fixture;
use crate::plan::model::Mount;

fn covers(folder: &Path, paths: &[&str], before: &[Cover]) -> Vec<Cover> {
    let mut container = fixture::container();
    let bind = container.mounts[1].clone();
    let target = |path: &&str| Mount { target: format!("{}/{path}", bind.target), ..bind.clone() };
    container.mounts.extend(paths.iter().map(target));
    let (target, source) = (bind.target.clone(), Some(folder.display().to_string()));
    planned(&container, &Workspace { source, folder: target.clone(), target, clone: None }, before)
}

fn workspace() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    std::fs::create_dir_all(path.join(".git")).unwrap();
    std::fs::create_dir_all(path.join(".idea")).unwrap();
    std::fs::write(path.join(".git/config"), "[core]\n").unwrap();
    (folder, path)
}

const PATHS: [&str; 6] = [".vscode", ".idea", ".git", ".git/config", ".git/commondir", ".git/hooks"];

fn names(folder: &Path) -> Vec<String> {
    let entries = |path: &Path| std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<_> = entries(folder).chain(entries(&folder.join(".git"))).collect();
    names.sort();
    names.iter().map(|path| path.strip_prefix(folder).unwrap().display().to_string()).collect()
}

#[test]
fn what_is_missing_is_made_and_goes_again() {
    let (_keep, folder) = workspace();
    let before = names(&folder);
    let mut covers = covers(&folder, &PATHS, &[]);
    let made: Vec<_> = covers.iter().filter(|cover| cover.made).map(|cover| cover.path.clone()).collect();
    assert_eq!(made, [".vscode", ".git/commondir", ".git/hooks"]);
    let unknown = covers.clone();
    make(&folder, &mut covers, (None, None)).unwrap();
    assert_eq!(std::fs::read_to_string(folder.join(".git/commondir")).unwrap(), ".\n");
    assert!(lost(&folder, &covers).is_empty());
    assert_eq!(super::made(&folder, &covers), made);
    remove(&folder, &covers);
    assert_eq!(names(&folder), before);
    make(&folder, &mut covers, (None, None)).unwrap();
    // A start that was killed before it wrote down what it made.
    remove(&folder, &unknown);
    assert_eq!(names(&folder), before);
}

#[test]
fn what_became_somebody_elses_stays() {
    let (_keep, folder) = workspace();
    let mut covers = covers(&folder, &PATHS, &[]);
    make(&folder, &mut covers, (None, None)).unwrap();
    std::fs::write(folder.join(".vscode/settings.json"), "{}").unwrap();
    std::fs::write(folder.join(".git/commondir"), "../x\n").unwrap();
    std::fs::rename(folder.join(".git/hooks"), folder.join(".git/old")).unwrap();
    std::fs::create_dir(folder.join(".git/hooks")).unwrap();
    assert_eq!(lost(&folder, &covers), [".git/hooks"]);
    let before = names(&folder);
    remove(&folder, &covers);
    assert_eq!(names(&folder), before);
}

#[test]
fn what_an_earlier_life_made_goes_with_the_next_one() {
    let (_keep, folder) = workspace();
    let before = names(&folder);
    let mut first = covers(&folder, &PATHS, &[]);
    make(&folder, &mut first, (None, None)).unwrap();
    let second = covers(&folder, &PATHS, &first);
    remove(&folder, &second);
    assert_eq!(names(&folder), before);
}

#[test]
fn a_link_or_an_end_of_what_the_plan_saw_is_an_error() {
    let (_keep, folder) = workspace();
    std::os::unix::fs::symlink("/tmp", folder.join("link")).unwrap();
    for path in ["link/x", ".mcp.json", "none/x", ".git/none/x"] {
        assert!(make(&folder, &mut covers(&folder, &[path], &[]), (None, None)).is_err(), "{path}");
    }
}
