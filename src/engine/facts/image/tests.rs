use super::unstarted::{first_entry, kind_of};
use super::*;

#[test]
fn one_tag_is_fetched_and_never_all_of_them() {
    let digest = format!("example.com/a@sha256:{}", "0".repeat(64));
    let cases = [
        ("debian", ("debian", "latest")),
        ("debian:bookworm", ("debian", "bookworm")),
        ("example.com:5000/team/a", ("example.com:5000/team/a", "latest")),
        ("example.com:5000/team/a:1", ("example.com:5000/team/a", "1")),
        (&digest, (digest.as_str(), "")),
    ];
    for (reference, expected) in cases {
        assert_eq!(pull::target(reference), expected, "{reference}");
    }
}

#[test]
fn homes_are_absolute_and_counted() {
    let passwd = "root:x:0:0::/root:/bin/sh\na:x:1:1::/:\nb:x:2:2::relative:\nc:x:3\nd:x:4:4::/home/d:\ne:x:5:5::/home/d:\nf:x:6:6::/home/\0f:\n";
    assert_eq!(home_folders(passwd), ["/home/d", "/root"].map(str::to_owned).into());
    let many: String = (0..1000).map(|number| format!("u:x:1:1::/home/{number}:\n")).collect();
    assert_eq!(home_folders(&many).len(), HOMES_LIMIT);
}

#[test]
fn the_first_entry_of_an_archive() {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_uid(1000);
    header.set_size(4);
    archive.append_data(&mut header, "passwd", b"text".as_slice()).unwrap();
    let bytes = archive.into_inner().unwrap();
    let entry = first_entry(&bytes).unwrap();
    assert_eq!((entry.kind, entry.uid, entry.text.as_str()), (tar::EntryType::Regular, 1000, "text"));
    for cut in [0, 1, 511, 600] {
        assert!(first_entry(&bytes[..cut]).is_none_or(|entry| entry.text.len() < 5), "{cut}");
    }
}

#[test]
fn the_configuration_of_an_image() {
    let image: ImageInspect = serde_json::from_value(serde_json::json!({
        "Id": "sha256:0",
        "Config": { "User": "node", "Env": ["PATH=/bin", "A=b=c", "broken"], "Cmd": ["sh"], "Labels": { METADATA: "[]" },
            "Volumes": { "/data": {} } },
    }))
    .unwrap();
    let facts = configuration(image);
    assert_eq!(facts.env, [("PATH", "/bin"), ("A", "b=c")].map(|(name, value)| (name.into(), value.into())).into());
    assert_eq!(facts.volumes, ["/data".to_owned()].into());
    assert_eq!(
        (facts.user.as_str(), facts.command, facts.metadata.as_deref()),
        ("node", vec!["sh".to_owned()], Some("[]"))
    );
}

#[test]
fn the_kind_of_a_file_follows_from_its_mode() {
    let cases = [
        (0o644, Kind::File),
        (1 << 31 | 0o755, Kind::Folder),
        (1 << 31 | 1 << 20 | 0o777, Kind::Folder),
        (1 << 27 | 0o777, Kind::Link),
        (1 << 25, Kind::Other),
        (1 << 26 | 1 << 21, Kind::Other),
        (1 << 24, Kind::Other),
    ];
    for (mode, kind) in cases {
        assert_eq!(kind_of(mode), kind, "{mode:o}");
    }
}

#[test]
fn a_registry_that_does_not_answer_is_told_from_one_that_knows_no_such_image() {
    let cases = [
        (500, "Get \"https://registry.example.org/v2/\": dial tcp: lookup registry.example.org: no such host", false),
        (
            500,
            "Get \"https://registry.example.org/v2/\": net/http: request canceled while waiting for connection",
            false,
        ),
        (404, "manifest for registry.example.org/x:1 not found: manifest unknown", true),
        (404, "pull access denied for x, repository does not exist or may require 'docker login'", true),
    ];
    for (status_code, message, found_out) in cases {
        let source = bollard::errors::Error::DockerResponseServerError { status_code, message: message.to_owned() };
        let error = not_fetched("x:1", CallError { operation: "fetch it".to_owned(), source });
        assert_eq!(matches!(error, ImageError::NotFound { .. }), found_out, "{message}");
        assert!(error.hint().is_some_and(|hint| hint.contains("docker pull x:1")));
    }
}
