use super::*;

#[test]
fn folders_follow_the_specification() {
    let none = Paths::resolve(Path::new("/home/a"), |_| None);
    assert_eq!(none.config, Path::new("/home/a/.config/cloister"));
    assert_eq!(none.state, Path::new("/home/a/.local/state/cloister"));
    assert_eq!(none.data, Path::new("/home/a/.local/share/cloister"));
    assert_eq!(none.cache, Path::new("/home/a/.cache/cloister"));
    assert_eq!(none.runtime, None);
    let set = Paths::resolve(Path::new("/home/a"), |name| Some(format!("/x/{name}").into()));
    assert_eq!(set.state, Path::new("/x/XDG_STATE_HOME/cloister"));
    assert_eq!(set.runtime.as_deref(), Some(Path::new("/x/XDG_RUNTIME_DIR")));
    assert_eq!(Paths::resolve(Path::new("/home/a"), |_| Some("relative".into())), none);
}

#[test]
fn a_private_folder_is_made_or_made_private_or_refused() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a/b");
    let set = |mode| std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    let mode = || std::fs::metadata(&path).unwrap().mode() & 0o777;
    private(&path).unwrap();
    assert_eq!(mode(), 0o700);
    set(0o755);
    private(&path).unwrap();
    assert_eq!(mode(), 0o700);
    for open in [0o770, 0o702, 0o777] {
        set(open);
        assert!(matches!(private(&path), Err(PathsError::Writable { .. })), "{open:o}");
    }
}
