use super::MountError::{self, ControlCharacter, EmptyType, MissingTarget, MissingValue, WrongType};
use super::MountType::{Bind, Other, Tmpfs, Volume};
use super::{CsvError, MountSpec, is_volume_name, object, text};
use crate::config::model::Text;

fn spec(source: &str, target: &str) -> MountSpec {
    MountSpec {
        source: Some(source.to_owned()).filter(|source| !source.is_empty()),
        target: target.to_owned(),
        ..Default::default()
    }
}

#[test]
fn the_text_form_is_read() {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    for (written, expected) in [
        ("type=bind,source=/a,target=/x", MountSpec { kind: Bind, ..spec("/a", "/x") }),
        ("type=bind,src=/a,dst=/x", MountSpec { kind: Bind, ..spec("/a", "/x") }),
        ("destination=/x,src=a,TYPE=BIND", MountSpec { kind: Bind, ..spec("a", "/x") }),
        ("dst=/x", spec("", "/x")),
        ("src=,dst=/x", spec("", "/x")),
        ("src=v,dst=/x,src=w,target=/y", spec("w", "/y")),
        ("src=v,dst=/x,ro", MountSpec { readonly: true, ..spec("v", "/x") }),
        ("src=v,dst=/x,readonly=1", MountSpec { readonly: true, ..spec("v", "/x") }),
        ("src=v,dst=/x,ro,readonly=false", spec("v", "/x")),
        (r#"type=tmpfs,"target=/x,y""#, MountSpec { kind: Tmpfs, ..spec("", "/x,y") }),
        ("type=npipe,src=a,dst=/x", MountSpec { kind: Other("npipe".into()), ..spec("a", "/x") }),
        (
            "type=bind,src=/a,dst=/x,bind-propagation=RSHARED,bind-recursive=Readonly",
            MountSpec {
                kind: Bind,
                propagation: Some("rshared".into()),
                recursive: Some("readonly".into()),
                ..spec("/a", "/x")
            },
        ),
        (
            "type=bind,src=/a,dst=/x,bind-nonrecursive",
            MountSpec { kind: Bind, recursive: Some("disabled".into()), ..spec("/a", "/x") },
        ),
        (
            "src=v,dst=/x,volume-driver=local,volume-opt=type=nfs,volume-opt=o=addr=192.0.2.1,volume-subpath=a",
            MountSpec {
                volume_driver: Some("local".into()),
                volume_options: vec!["type=nfs".into(), "o=addr=192.0.2.1".into()],
                volume_subpath: Some("a".into()),
                ..spec("v", "/x")
            },
        ),
        (
            r#"src=v,dst=/x,"volume-opt=o=bind,ro",volume-label=a=b,volume-nocopy"#,
            MountSpec {
                volume_options: vec!["o=bind,ro".into()],
                volume_labels: vec!["a=b".into()],
                volume_nocopy: true,
                ..spec("v", "/x")
            },
        ),
        (
            "type=tmpfs,dst=/x,tmpfs-size=1.5g,tmpfs-mode=1777",
            MountSpec { kind: Tmpfs, tmpfs_size: Some(3 << 29), tmpfs_mode: Some(0o1777), ..spec("", "/x") },
        ),
        ("src=v,dst=/x,consistency=Cached", MountSpec { consistency: Some("cached".into()), ..spec("v", "/x") }),
        (
            "src=v,dst=/x,bind-create-src=1, type=bind",
            MountSpec { unknown: vec![pair("bind-create-src", "1"), pair(" type", "bind")], ..spec("v", "/x") },
        ),
    ] {
        assert_eq!(text(written), Ok(expected), "{written:?}");
    }
}

#[test]
fn what_is_no_mount_is_refused() {
    let bad = |key: &str, value: &str| MountError::BadValue { key: key.to_owned(), value: value.to_owned() };
    for (written, error) in [
        ("", MissingTarget),
        ("type=bind,src=/a", MissingTarget),
        ("type=bind,src=/a,dst=", MissingTarget),
        ("type=,dst=/x", EmptyType),
        ("dst=/x,", MissingValue(String::new())),
        ("/a:/x", MissingValue("/a:/x".into())),
        ("dst=/x,ro=tRue", bad("ro", "tRue")),
        ("dst=/x,readonly=", bad("readonly", "")),
        ("dst=/x,volume-nocopy=maybe", bad("volume-nocopy", "maybe")),
        ("type=bind,src=/a,dst=/x,bind-recursive=no", bad("bind-recursive", "no")),
        ("type=tmpfs,dst=/x,tmpfs-size=-1", bad("tmpfs-size", "-1")),
        ("type=tmpfs,dst=/x,tmpfs-mode=9", bad("tmpfs-mode", "9")),
        ("type=tmpfs,dst=/x,tmpfs-mode=+7", bad("tmpfs-mode", "+7")),
        ("type=tmpfs,dst=/x,tmpfs-mode=", bad("tmpfs-mode", "")),
        ("type=tmpfs,dst=/x,volume-opt=o=bind", WrongType { option: "volume" }),
        ("dst=/x,bind-propagation=shared", WrongType { option: "bind" }),
        ("dst=/x,tmpfs-size=1", WrongType { option: "tmpfs" }),
        (r#"dst="/x""#, MountError::Fields(CsvError::BareQuote)),
        ("type=tmpfs,dst=/x\ntype=bind,src=/,dst=/h", MountError::Fields(CsvError::ControlCharacter)),
    ] {
        assert_eq!(text(written), Err(error), "{written:?}");
    }
}

#[test]
fn the_object_form_means_the_same_and_is_never_split() {
    let fields = |pairs: &[(&str, &str)]| -> Vec<(String, Text)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), Text::plain(*value))).collect()
    };
    for (pairs, expected) in [
        (vec![("type", "bind"), ("source", "/a"), ("target", "/x")], Ok(MountSpec { kind: Bind, ..spec("/a", "/x") })),
        (vec![("source", "a"), ("target", "/x")], Ok(MountSpec { kind: Volume, ..spec("a", "/x") })),
        (vec![("source", "a,type=bind"), ("target", "/x,readonly")], Ok(spec("a,type=bind", "/x,readonly"))),
        (
            vec![("target", "/x"), ("external", "true")],
            Ok(MountSpec { unknown: vec![("external".into(), "true".into())], ..spec("", "/x") }),
        ),
        (vec![("source", "a")], Err(MissingTarget)),
        (vec![("target", "/x\0")], Err(ControlCharacter)),
    ] {
        assert_eq!(object(&fields(&pairs)), expected, "{pairs:?}");
    }
}

#[test]
fn names_of_volumes() {
    for (name, valid) in [
        ("cache", true),
        ("a1", true),
        ("node_modules.1-x", true),
        ("", false),
        ("a", false),
        (".a", false),
        ("_a", false),
        ("a/b", false),
        ("~a", false),
        ("a b", false),
        ("é1", false),
    ] {
        assert_eq!(is_volume_name(name), valid, "{name:?}");
    }
}
