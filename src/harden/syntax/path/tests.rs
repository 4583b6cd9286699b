use super::PathError::{ControlCharacter, Relative, TooLong};
use super::{is_within, normalise};

#[test]
fn paths_have_one_form() {
    for (text, path) in [
        ("/", "/"),
        ("//", "/"),
        ("/a", "/a"),
        ("/a/", "/a"),
        ("//a//b", "/a/b"),
        ("/a/./b/.", "/a/b"),
        ("/a/../b", "/b"),
        ("/..", "/"),
        ("/../../a", "/a"),
        ("/a/b/../../../proc", "/proc"),
        ("/with space", "/with space"),
        ("/...", "/..."),
        ("/a:b,c", "/a:b,c"),
    ] {
        assert_eq!(normalise(text).as_deref(), Ok(path), "{text:?}");
        assert_eq!(normalise(path).as_deref(), Ok(path), "twice: {text:?}");
    }
}

#[test]
fn everything_else_is_refused() {
    let long = format!("/{}", "a".repeat(4095));
    for (text, error) in [
        ("", Relative),
        ("a", Relative),
        ("./a", Relative),
        ("~/a", Relative),
        ("C:\\a", Relative),
        (" /a", Relative),
        ("/a\0", ControlCharacter),
        ("/a\n", ControlCharacter),
        ("/\u{9b}", ControlCharacter),
        (long.as_str(), TooLong),
    ] {
        assert_eq!(normalise(text), Err(error), "{text:?}");
    }
}

#[test]
fn a_folder_holds_itself_and_what_is_below_it() {
    for (path, folder, within) in [
        ("/proc", "/proc", true),
        ("/proc/sys", "/proc", true),
        ("/procfs", "/proc", false),
        ("/", "/proc", false),
        ("/proc", "/", true),
        ("/", "/", true),
    ] {
        assert_eq!(is_within(path, folder), within, "{path} in {folder}");
    }
}
