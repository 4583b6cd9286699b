use super::parse;
use crate::harden::syntax::mount::MountError::{BadValue, ControlCharacter, MissingTarget};
use crate::harden::syntax::mount::{MountSpec, MountType};

#[test]
fn memory_mounts_are_read() {
    let spec = |target: &str| MountSpec { kind: MountType::Tmpfs, target: target.to_owned(), ..Default::default() };
    for (text, expected) in [
        ("/x", spec("/x")),
        ("/x:", spec("/x")),
        ("x", spec("x")),
        ("/x,y", spec("/x,y")),
        ("/x:rw,size=1g,mode=1777", MountSpec { tmpfs_size: Some(1 << 30), tmpfs_mode: Some(0o1777), ..spec("/x") }),
        ("/x:ro", MountSpec { readonly: true, ..spec("/x") }),
        ("/x:ro,rw", spec("/x")),
        ("/x:exec,uid=1000", MountSpec { tmpfs_options: vec!["exec".into(), "uid=1000".into()], ..spec("/x") }),
        ("/x:shared", MountSpec { propagation: Some("shared".into()), ..spec("/x") }),
        (
            "/x:bogus,a=b",
            MountSpec { unknown: vec![("bogus".into(), String::new()), ("a".into(), "b".into())], ..spec("/x") },
        ),
        ("/x:a:b", MountSpec { unknown: vec![("a:b".into(), String::new())], ..spec("/x") }),
    ] {
        assert_eq!(parse(text), Ok(expected), "{text:?}");
    }
}

#[test]
fn everything_else_is_refused() {
    let bad = |key: &str, value: &str| BadValue { key: key.to_owned(), value: value.to_owned() };
    for (text, error) in [
        ("", MissingTarget),
        (":size=1g", MissingTarget),
        ("/x:size=50%", bad("size", "50%")),
        ("/x:size=", bad("size", "")),
        ("/x:mode=rwx", bad("mode", "rwx")),
        ("/x\0", ControlCharacter),
        ("/x:size=1\n", ControlCharacter),
    ] {
        assert_eq!(parse(text), Err(error), "{text:?}");
    }
}
