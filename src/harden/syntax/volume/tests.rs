use super::parse;
use crate::harden::syntax::mount::MountError::{Colons, ControlCharacter, MissingTarget, WindowsPath};
use crate::harden::syntax::mount::MountSpec;
use crate::harden::syntax::mount::MountType::{Bind, Volume};

#[test]
fn volumes_are_read() {
    let spec = |kind, source: Option<&str>, target: &str| MountSpec {
        kind,
        source: source.map(str::to_owned),
        target: target.to_owned(),
        ..Default::default()
    };
    for (text, expected) in [
        ("/x", spec(Volume, None, "/x")),
        ("x", spec(Volume, None, "x")),
        ("cache:/x", spec(Volume, Some("cache"), "/x")),
        ("/a:/x", spec(Bind, Some("/a"), "/x")),
        (".:/x", spec(Bind, Some("."), "/x")),
        ("./a:/x", spec(Bind, Some("./a"), "/x")),
        ("../a:/x", spec(Bind, Some("../a"), "/x")),
        ("~/a:/x", spec(Bind, Some("~/a"), "/x")),
        ("a/b:/x", spec(Bind, Some("a/b"), "/x")),
        ("/tmp://x/../y", spec(Bind, Some("/tmp"), "//x/../y")),
        ("/a:/x:ro", MountSpec { readonly: true, ..spec(Bind, Some("/a"), "/x") }),
        ("/a:/x:ro,z", MountSpec { readonly: true, relabel: true, ..spec(Bind, Some("/a"), "/x") }),
        ("/a:/x:rshared", MountSpec { propagation: Some("rshared".into()), ..spec(Bind, Some("/a"), "/x") }),
        ("/a:/x:cached", MountSpec { consistency: Some("cached".into()), ..spec(Bind, Some("/a"), "/x") }),
        ("cache:/x:nocopy", MountSpec { volume_nocopy: true, ..spec(Volume, Some("cache"), "/x") }),
        ("/a:/x:bogus", MountSpec { unknown: vec![("bogus".into(), String::new())], ..spec(Bind, Some("/a"), "/x") }),
    ] {
        assert_eq!(parse(text), Ok(expected), "{text:?}");
    }
}

#[test]
fn everything_else_is_refused() {
    for (text, error) in [
        ("", MissingTarget),
        (":", Colons),
        (":/x", Colons),
        ("/a:", Colons),
        ("/a:/x:", Colons),
        ("/a:/x:ro:z", Colons),
        ("a:/x", WindowsPath),
        ("C:\\a:/x", WindowsPath),
        ("cache:c:/x", WindowsPath),
        ("/a\0:/x", ControlCharacter),
        ("/a:/x\n", ControlCharacter),
    ] {
        assert_eq!(parse(text), Err(error), "{text:?}");
    }
}
