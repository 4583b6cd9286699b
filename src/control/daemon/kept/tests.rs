#![expect(clippy::disallowed_methods, reason = "adapter: files that somebody else left")]

use std::fs;
use std::os::unix::fs::symlink;

use super::*;

fn keep(kept: &mut Kept, folder: &str, digest: &str) {
    kept.keep(folder.to_owned(), digest.to_owned()).expect("it is written");
}

/// HX-035: exactly this command, of exactly this folder, after a restart too.
#[test]
fn what_is_kept_is_one_command_of_one_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut kept = Kept::of(folder.path());
    assert!(!kept.has("/home/u/web", "sha256:1"));
    keep(&mut kept, "/home/u/web", "sha256:1");
    for kept in [kept, Kept::of(folder.path())] {
        assert!(kept.has("/home/u/web", "sha256:1"));
        for (folder, digest) in
            [("/home/u/web", "sha256:2"), ("/home/u/web2", "sha256:1"), ("/home/u", "sha256:1"), ("/home/u/web", "")]
        {
            assert!(!kept.has(folder, digest), "{folder} {digest}");
        }
    }
}

#[test]
fn a_file_that_is_not_what_was_written_allows_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut kept = Kept::of(folder.path());
    keep(&mut kept, "/home/u/web", "sha256:1");
    let file = folder.path().join("commands.json");
    let whole = fs::read(&file).expect("it is there");
    let has = || Kept::of(folder.path()).has("/home/u/web", "sha256:1");
    assert!(has());
    for broken in [&whole[..whole.len() - 1], b"", b"{}", b"[[\"/home/u/web\"]]", b"\xff"] {
        fs::write(&file, broken).expect("it is written");
        assert!(!has(), "{}", String::from_utf8_lossy(broken));
    }
    let elsewhere = folder.path().join("elsewhere");
    fs::write(&elsewhere, &whole).expect("it is written");
    fs::remove_file(&file).expect("it was there");
    symlink(&elsewhere, &file).expect("a link");
    assert!(!has(), "a link is not followed");
}
