#![expect(clippy::disallowed_methods, reason = "adapter: makes the folders that are looked at")]

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use tempfile::TempDir;

use super::*;

type Files<'a> = &'a [(&'a str, &'a str)];

/// A folder with files; a name that ends in `/` is a folder, a text that begins with `→` is a link.
fn tree(files: Files<'_>) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("parent")).expect(name);
        match text.strip_prefix('→') {
            Some(target) => symlink(target, &path).expect(name),
            None if name.ends_with('/') => fs::create_dir_all(&path).expect(name),
            None => fs::write(&path, text).expect(name),
        }
    }
    folder
}

fn look(folder: &Path, config: Option<&Path>, known: &BTreeSet<String>) -> Result<Sources, DiscoverError> {
    discover(&Request { folder, config, home: None, known_generated: known })
}

fn told(folder: &Path) -> String {
    match look(folder, None, &BTreeSet::new()) {
        Ok(Sources { config: Some(file), .. }) => match file.unusable {
            Some(diagnostic) => format!("{}: {}", file.relative, diagnostic.message),
            None => file.relative,
        },
        Ok(Sources { several, .. }) if !several.is_empty() => format!("one of {}", several.join(", ")),
        Ok(_) => "default".to_owned(),
        Err(error) => {
            error.to_string().replace(&folder.canonicalize().expect("folder").display().to_string(), "FOLDER")
        }
    }
}

#[test]
fn a_repository_without_a_commit_is_known_by_its_files() {
    let head = (".git/HEAD", "ref: refs/heads/main\n");
    let packed = "# pack-refs with: peeled fully-peeled sorted\n1234 refs/heads/main\n^5678\n";
    let cases: &[(Files<'_>, bool)] = &[
        (&[head], false),
        (&[head, (".git/refs/heads/other", "1234\n")], false),
        (&[head, (".git/packed-refs", "1234 refs/heads/maintained\n1234 refs/x refs/heads/main\n")], false),
        (&[head, (".git/refs/heads/main", "1234\n")], true),
        (&[head, (".git/packed-refs", packed)], true),
        (&[(".git/HEAD", "1234\n")], true),
        // What cannot be told is left to git, which does not follow everything either.
        (&[], true),
        (&[(".git", "gitdir: elsewhere\n")], true),
        (&[(".git/HEAD", "ref: ../../outside\n")], true),
        (&[(".git/HEAD", "→elsewhere")], true),
        (&[(".git/HEAD/", "")], true),
        (&[head, (".git/packed-refs", "→../../refs")], true),
        (&[head, (".git/reftable/", "")], true),
    ];
    for (files, expected) in cases {
        assert_eq!(has_commit(&tree(files).path().canonicalize().expect("folder")), *expected, "{files:?}");
    }
}

#[test]
fn the_first_place_wins() {
    let several = "one of .devcontainer/a/devcontainer.json, .devcontainer/b/devcontainer.json";
    let cases: &[(Files<'_>, &str)] = &[
        (&[], "default"),
        (&[(".devcontainer.json", "{}")], ".devcontainer.json"),
        (&[(".devcontainer.json", "{}"), (".devcontainer/devcontainer.json", "{}")], ".devcontainer/devcontainer.json"),
        (
            &[(".devcontainer/a/devcontainer.json", "{}"), (".devcontainer/b/x", "")],
            ".devcontainer/a/devcontainer.json",
        ),
        (&[(".devcontainer/b/devcontainer.json", "{}"), (".devcontainer/a/devcontainer.json", "{}")], several),
        (&[(".devcontainer.json", "{}"), (".devcontainer/a/devcontainer.json", "{}")], ".devcontainer.json"),
        (&[(".devcontainer/a/b/devcontainer.json", "{}")], "default"),
        (&[(".devcontainer", "a file")], "default"),
        (&[("devcontainer.json", "{}")], "default"),
    ];
    for (files, expected) in cases {
        assert_eq!(told(tree(files).path()), *expected, "{files:?}");
    }
}

#[test]
fn links_that_leave_the_folder_and_odd_files_are_refused() {
    let outside = tree(&[("devcontainer.json", "{}"), ("x/devcontainer.json", "{}")]);
    let file = format!("→{}", outside.path().join("devcontainer.json").display());
    let folder = format!("→{}", outside.path().display());
    let escape = |path: &str| format!("{path}: the configuration is a link that leads out of the folder");
    let cases: &[(Files<'_>, String)] = &[
        (&[(".devcontainer.json", &file)], escape(".devcontainer.json")),
        (&[(".devcontainer", &folder)], escape(".devcontainer/devcontainer.json")),
        (&[(".devcontainer/a", &folder)], escape(".devcontainer/a/devcontainer.json")),
        (&[(".devcontainer.json", "→../../../../../../etc/passwd")], escape(".devcontainer.json")),
        (&[(".devcontainer.json", "→.devcontainer.json")], escape(".devcontainer.json")),
        (&[(".devcontainer.json", "→real.json"), ("real.json", "{}")], ".devcontainer.json".into()),
        (&[(".devcontainer.json", "→nowhere")], "default".into()),
        (&[(".devcontainer.json/", "")], ".devcontainer.json: the configuration is not a regular file".into()),
    ];
    for (files, expected) in cases {
        assert_eq!(told(tree(files).path()), *expected, "{files:?}");
    }
}

#[test]
fn a_pipe_or_a_socket_does_not_block() {
    let folder = tree(&[]);
    let path = folder.path().join(".devcontainer.json");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).expect("a pipe");
    assert_eq!(told(folder.path()), ".devcontainer.json: the configuration is not a regular file");
    fs::remove_file(&path).expect("removed");
    let _listener = UnixListener::bind(&path).expect("a socket");
    assert_eq!(told(folder.path()), ".devcontainer.json: the configuration is not a regular file");
}

#[test]
fn a_generated_file_is_skipped_only_when_the_user_knows_it() {
    let text = format!("{{\"{MARKER}\": true}}");
    let digest = open_digest(&text);
    let cases = [
        (text.as_str(), BTreeSet::from([digest.clone()]), ".devcontainer.json"),
        (text.as_str(), BTreeSet::new(), ".devcontainer/devcontainer.json"),
        ("{}", BTreeSet::from([open_digest("{}")]), ".devcontainer/devcontainer.json"),
    ];
    for (text, known, expected) in cases {
        let folder = tree(&[(".devcontainer/devcontainer.json", text), (".devcontainer.json", "{ }")]);
        let config = look(folder.path(), None, &known).expect(text).config.expect(text);
        assert_eq!(config.relative, expected, "{text} {known:?}");
    }
}

fn open_digest(text: &str) -> String {
    let folder = tree(&[(".devcontainer.json", text)]);
    look(folder.path(), None, &BTreeSet::new()).expect(text).config.expect(text).digest
}

#[test]
fn a_named_file_may_lie_anywhere_and_have_any_name() {
    let folder = tree(&[("sub/any.jsonc", "{}"), (".devcontainer.json", "{}")]);
    let outside = tree(&[("other.json", "{}")]);
    let root = folder.path().canonicalize().expect("root");
    let inside = look(folder.path(), Some(&folder.path().join("sub/any.jsonc")), &BTreeSet::new()).expect("inside");
    assert_eq!(inside.config.expect("config").relative, "sub/any.jsonc");
    let far = look(folder.path(), Some(&outside.path().join("other.json")), &BTreeSet::new()).expect("outside");
    let far = far.config.expect("config");
    assert_eq!(far.relative, far.path.display().to_string());
    let error = look(folder.path(), Some(&root.join("none.json")), &BTreeSet::new()).expect_err("none").to_string();
    assert!(error.contains("cannot read "), "{error}");
    let sub = look(folder.path(), Some(&root.join("sub")), &BTreeSet::new()).expect("a folder").config.expect("config");
    assert_eq!(sub.unusable.expect("no file").message, "the configuration is not a regular file");
}

#[test]
fn the_repository_around_the_folder_is_mounted() {
    let cases: &[(Files<'_>, &str, &str)] = &[
        (&[("repo/.git/", ""), ("repo/a/b/", "")], "repo/a/b", "repo"),
        (&[("repo/.git", "gitdir: x"), ("repo/a/", "")], "repo/a", "repo"),
        (&[("repo/.git/", ""), ("repo/a/.git/", "")], "repo/a", "repo/a"),
        (&[("repo/a/", "")], "repo/a", "repo/a"),
        (&[("home/.git/", ""), ("home/a/", "")], "home/a", "home/a"),
        (&[(".git/", ""), ("home/a/", "")], "home/a", "home/a"),
        (&[(".git/", ""), ("home/", ""), ("elsewhere/a/", "")], "elsewhere/a", "elsewhere/a"),
    ];
    for (files, opened, expected) in cases {
        let folder = tree(files);
        let root = folder.path().canonicalize().expect("root");
        let home = root.join("home");
        let request =
            Request { folder: &root.join(opened), config: None, home: Some(&home), known_generated: &BTreeSet::new() };
        let sources = discover(&request).expect(opened);
        assert_eq!(sources.mount_root, root.join(expected), "{files:?}");
        assert_eq!(sources.folder, root.join(opened));
    }
}

#[test]
fn a_configuration_of_the_repository_is_known_below_it_and_does_not_count() {
    let cases: &[(Files<'_>, bool)] = &[
        (&[(".git/HEAD", "x"), (".devcontainer.json", "{}"), ("sub/x", "")], true),
        (&[(".git/HEAD", "x"), (".devcontainer.json", "{}"), ("sub/.devcontainer.json", "{}")], false),
        (&[(".git/HEAD", "x"), ("sub/x", "")], false),
        (&[(".devcontainer.json", "{}"), ("sub/x", "")], false),
    ];
    for (files, expected) in cases {
        let root = tree(files);
        let sources = look(&root.path().join("sub"), None, &BTreeSet::new()).expect("it is found");
        assert_eq!(sources.has_config_above, *expected, "{files:?}");
    }
}

#[test]
fn text_that_is_not_utf8_is_an_error_with_a_place() {
    let folder = tree(&[]);
    fs::write(folder.path().join(".devcontainer.json"), b"{\n \"a\": \"\xff\"}").expect("written");
    let config = look(folder.path(), None, &BTreeSet::new()).expect("found").config.expect("config");
    let diagnostic = config.unusable.expect("a diagnostic");
    assert_eq!((diagnostic.location.line, diagnostic.location.column), (2, 8));
}

#[test]
fn a_dockerfile_is_read_only_inside_the_mounted_folder() {
    let folder = tree(&[
        ("repo/.git/", ""),
        ("repo/Dockerfile", "FROM a"),
        ("repo/sub/.devcontainer/devcontainer.json", "{}"),
        ("repo/sub/.devcontainer/Dockerfile", "FROM b"),
        ("repo/sub/.devcontainer/link", "→../../../secret"),
        ("secret", "FROM c"),
    ]);
    let sources = look(&folder.path().join("repo/sub"), None, &BTreeSet::new()).expect("found");
    let config = sources.config.clone().expect("config");
    let text = |name: &str, text: &str| Sibling::Text(Source::new(name, text));
    let outer = sources.mount_root.join("Dockerfile").display().to_string();
    let cases = [
        ("Dockerfile", text(".devcontainer/Dockerfile", "FROM b")),
        ("./../../Dockerfile", text(&outer, "FROM a")),
        ("../../../secret", Sibling::Outside),
        ("../../../../../../../../../etc/passwd", Sibling::Outside),
        ("/etc/passwd", Sibling::Outside),
        ("link", Sibling::Outside),
        ("none", Sibling::Missing),
        ("..", Sibling::Unreadable(format!("{} is not a regular file", sources.folder.display()))),
    ];
    for (name, expected) in cases {
        assert_eq!(read_dockerfile(&sources, &config, name), expected, "{name}");
    }
}

#[test]
fn facts_tell_where_a_path_leads() {
    let folder = tree(&[("w/real/x", ""), ("w/link", "→real"), ("w/out", "→/etc"), ("w/broken", "→nowhere")]);
    let root = folder.path().canonicalize().expect("root");
    let workspace = root.join("w");
    let cases = [
        ("real/x", Some(workspace.join("real/x")), false),
        ("link/x", Some(workspace.join("real/x")), true),
        ("out/passwd", Some(PathBuf::from("/etc/passwd")), true),
        ("out/../real", Some(PathBuf::from("/real")), true),
        ("broken", None, true),
        ("none", None, false),
        ("/etc/passwd", Some(PathBuf::from("/etc/passwd")), false),
    ];
    let facts = path_facts(cases.iter().map(|(path, ..)| *path), &workspace, &workspace);
    for (path, canonical, through_link) in cases {
        let canonical = canonical.filter(|path| path.exists());
        let fact = &facts[path];
        assert_eq!((&fact.canonical, fact.through_link), (&canonical, through_link), "{path}");
        assert_eq!(fact.entry.is_some(), canonical.is_some(), "{path}");
    }
}

#[test]
fn a_link_of_the_repository_is_not_followed_by_name_either() {
    let outside = tempfile::tempdir().expect("a folder");
    let outside = outside.path().canonicalize().expect("the folder is there");
    let folder = tree(&[("repo/sub/own.json", "{}")]);
    let root = folder.path().canonicalize().expect("the folder is there").join("repo");
    std::fs::write(outside.join("secret.json"), "secret").expect("a file");
    std::fs::write(root.with_file_name("beside.json"), "beside").expect("a file");
    let link = |target: &Path, name: &str| std::os::unix::fs::symlink(target, root.join(name)).expect("a link");
    link(&outside.join("secret.json"), "link.json");
    link(&outside, "away");
    link(&root, "../alias");
    let alias = root.with_file_name("alias");
    let cases = [
        (root.join("link.json"), None),
        (root.join("away/secret.json"), None),
        (alias.join("link.json"), None),
        (alias.join("away/secret.json"), None),
        (root.join("away/../secret.json"), None),
        // Word by word, whatever the link on the way: a file of the repository, and one beside it.
        (root.join("away/../sub/own.json"), Some("{}")),
        (root.join("away/../../beside.json"), Some("beside")),
        (root.join("../beside.json"), Some("beside")),
        (root.join("sub/../../repo/sub/own.json"), Some("{}")),
        (alias.join("sub/own.json"), Some("{}")),
        // The user's own link, outside of the repository.
        (outside.join("secret.json"), Some("secret")),
    ];
    for (named, expected) in cases {
        let found = look(&root, Some(&named), &BTreeSet::new()).ok().and_then(|found| found.config);
        let text = found.filter(|file| file.unusable.is_none()).map(|file| file.source.text.to_string());
        assert_eq!(text.as_deref(), expected, "{}", named.display());
    }
}
