#![expect(clippy::disallowed_methods, reason = "tests make the folders that are read")]

use std::io::Read;
use std::os::unix::fs::symlink;

use super::*;

/// A workspace with these files; those that end with `/` are folders, `->` makes a link.
fn workspace(entries: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for entry in entries {
        let (name, target) = entry.split_once("->").map_or((*entry, None), |(name, target)| (name, Some(target)));
        let path = root.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        match target {
            Some(target) => symlink(target, path).unwrap(),
            None if name.ends_with('/') => std::fs::create_dir_all(path).unwrap(),
            None => std::fs::write(path, name).unwrap(),
        }
    }
    root
}

fn packed(root: &Path, context: &str) -> Result<(Vec<(String, String)>, String), ContextError> {
    packed_for(Builder::Classic, root, context)
}

fn packed_for(builder: Builder, root: &Path, context: &str) -> Result<(Vec<(String, String)>, String), ContextError> {
    let mut bytes = Vec::new();
    let digest = Context::open(root, context, "Dockerfile", (builder, "FROM a\n"))?.pack(&mut bytes)?;
    let mut archive = tar::Archive::new(bytes.as_slice());
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        let link = entry.link_name().unwrap().map(|link| link.display().to_string());
        (entry.path().unwrap().display().to_string(), link.unwrap_or(text))
    });
    Ok((entries.collect(), digest))
}

fn names(root: &Path, context: &str) -> Vec<String> {
    packed(root, context).unwrap().0.into_iter().map(|(name, _)| name).collect()
}

#[test]
fn links_stay_links_and_nothing_of_the_host_is_read() {
    let root = workspace(&["app/a", "app/out->/etc/passwd", "app/up->../secret", "app/in->a", "secret"]);
    let (entries, _) = packed(root.path(), "app").unwrap();
    let expected = [("a", "app/a"), ("in", "a"), ("out", "/etc/passwd"), ("up", "../secret")];
    let found: Vec<_> = entries.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    assert_eq!(found[..4], expected);
    assert_eq!(found[4..], [(DOCKERIGNORE, ".dockerignore\n.dockerfile.cloister\n"), (DOCKERFILE, "FROM a\n")]);
}

#[test]
fn a_context_never_leads_out_of_the_workspace() {
    let root = workspace(&["inside/a", "link->inside", "out->/etc", "up->../.."]);
    assert_eq!(names(root.path(), "link")[0], "a");
    for context in ["out", "up", "../", "/etc", "inside/a", "absent"] {
        assert!(matches!(packed(root.path(), context), Err(ContextError::Read { .. })), "{context}");
    }
}

#[test]
fn what_is_ignored_stays_outside() {
    let root = workspace(&["a", "b/c", "b/d/e", "node_modules/x/y", ".git/config", "z/"]);
    let ignored = |text: &str| {
        std::fs::write(root.path().join(DOCKERIGNORE), text).unwrap();
        names(root.path(), ".").into_iter().filter(|name| !name.starts_with(".docker")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(ignored("node_modules\n.git\n"), "a b b/c b/d b/d/e z");
    assert_eq!(ignored("*\n!b/d\n"), "b/d b/d/e");
    assert_eq!(ignored("**/c\n.git\nnode_modules/\nz"), "a b b/d b/d/e");
    std::fs::write(root.path().join("Dockerfile.dockerignore"), "*\n!a\n").unwrap();
    assert_eq!(ignored("a\n"), "a");
}

#[test]
fn what_the_engine_is_told_to_ignore_is_what_cloister_added() {
    let root = workspace(&["a"]);
    let told = |text: &str| {
        std::fs::write(root.path().join(DOCKERIGNORE), text).unwrap();
        let (entries, _) = packed(root.path(), ".").unwrap();
        entries.into_iter().find(|(name, _)| name == DOCKERIGNORE).unwrap().1
    };
    assert_eq!(told("b\n!.dockerfile.cloister"), "b\n!.dockerfile.cloister\n.dockerfile.cloister\n");
    assert_eq!(told(".docker*\n"), ".dockerignore\n.dockerfile.cloister\n");
}

#[test]
fn the_dockerfile_that_was_judged_is_sent_whatever_has_its_name() {
    let root = workspace(&[".dockerfile.cloister->/etc/passwd", "Dockerfile->/etc/passwd"]);
    let (entries, _) = packed(root.path(), ".").unwrap();
    let sent: Vec<_> = entries.iter().filter(|(name, _)| name == DOCKERFILE).collect();
    assert_eq!(sent, [&(DOCKERFILE.to_owned(), "FROM a\n".to_owned())]);
}

#[test]
fn what_is_no_file_is_refused_unless_it_is_ignored() {
    let root = workspace(&["a"]);
    let fifo = root.path().join("pipe");
    rustix::fs::mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.path().join("socket")).unwrap();
    let error = packed(root.path(), ".").unwrap_err();
    assert!(matches!(&error, ContextError::Special { path } if path == "pipe") && error.hint().is_some());
    std::fs::write(root.path().join(DOCKERIGNORE), "pipe").unwrap();
    assert_eq!(names(root.path(), "."), ["a", DOCKERIGNORE, DOCKERFILE]);
    for (name, target) in [(DOCKERIGNORE, "/etc/passwd"), ("Dockerfile.dockerignore", "a")] {
        let path = root.path().join(name);
        let _ = std::fs::remove_file(&path);
        symlink(target, &path).unwrap();
        assert!(packed(root.path(), ".").is_err(), "{name}");
        std::fs::remove_file(path).unwrap();
    }
    std::fs::write(root.path().join(DOCKERIGNORE), "[").unwrap();
    assert!(matches!(packed(root.path(), "."), Err(ContextError::Ignore { .. })));
}

#[test]
fn the_digest_follows_from_contents_names_and_modes() {
    use std::os::unix::fs::PermissionsExt;
    let root = workspace(&["a", "b/c", "l->a"]);
    let digest = || packed(root.path(), ".").unwrap().1;
    let mut known = vec![digest()];
    assert_eq!(digest(), known[0]);
    let changes: [&dyn Fn(&Path); 5] = [
        &|root| std::fs::write(root.join("a"), "b").unwrap(),
        &|root| std::fs::rename(root.join("a"), root.join("d")).unwrap(),
        &|root| std::fs::set_permissions(root.join("d"), std::fs::Permissions::from_mode(0o755)).unwrap(),
        &|root| std::fs::create_dir(root.join("e")).unwrap(),
        &|root| {
            std::fs::remove_file(root.join("l")).unwrap();
            symlink("d", root.join("l")).unwrap();
        },
    ];
    for change in changes {
        change(root.path());
        assert!(!known.contains(&digest()));
        known.push(digest());
    }
}

#[test]
fn folders_in_each_other_and_names_without_end_are_no_context() {
    let root = workspace(&["a"]);
    let mut deep = rustix::fs::open(root.path(), OFlags::PATH, Mode::empty()).unwrap();
    for _ in 0..2_000 {
        rustix::fs::mkdirat(&deep, "deeper", Mode::RWXU).unwrap();
        deep = rustix::fs::openat(&deep, "deeper", OFlags::PATH, Mode::empty()).unwrap();
    }
    assert!(matches!(packed(root.path(), "."), Err(ContextError::TooLarge)));
    crate::host::tree::remove(&root.path().join("deeper")).unwrap();
    let mut left = 3;
    let flat = workspace(&["a", "b", "c"]);
    assert_eq!(list(std::fs::File::open(flat.path()).unwrap(), "", &mut left).map(|found| found.len()).ok(), Some(3));
    assert!(matches!(list(std::fs::File::open(flat.path()).unwrap(), "", &mut left), Err(ContextError::TooLarge)));
}

#[test]
fn buildkit_gets_a_dockerignore_only_where_the_project_has_one() {
    let root = workspace(&["with/.dockerignore", "with/a", "without/a"]);
    let names = |context| {
        let entries = packed_for(Builder::BuildKit, root.path(), context).unwrap().0;
        entries.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert_eq!(names("with"), ["a", DOCKERIGNORE, DOCKERFILE]);
    assert_eq!(names("without"), ["a", DOCKERFILE]);
}
