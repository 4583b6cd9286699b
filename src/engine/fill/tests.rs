use super::*;

fn values() -> Values<'static> {
    Values {
        guardian: Ipv4Addr::new(10, 222, 0, 2),
        token: "secret",
        programs: Path::new("/data/programs/0"),
        files: Path::new("/state/files"),
        home: Path::new("/data/homes/0"),
        probe: "{}",
    }
}

#[test]
fn environment_and_arguments() {
    let url = "http://cloister:${CLOISTER_TOKEN}@${CLOISTER_GUARDIAN}:3128";
    assert_eq!(values().text(url), "http://cloister:secret@10.222.0.2:3128");
    assert_eq!(values().text("${CLOISTER_HOME}"), "${CLOISTER_HOME}");
    assert_eq!(values().argument("${CLOISTER_PROBE}"), "{}");
    assert_eq!(values().argument("x${CLOISTER_PROBE}"), "x${CLOISTER_PROBE}");
}

#[test]
fn sources_of_mounts() {
    let cases = [
        ("${CLOISTER_PROGRAMS}", Some("/data/programs/0")),
        ("${CLOISTER_FILES}", Some("/state/files")),
        ("${CLOISTER_FILES}/passwd", Some("/state/files/passwd")),
        ("${CLOISTER_FILES}/group", Some("/state/files/group")),
        ("${CLOISTER_HOME}", Some("/data/homes/0")),
        ("/home/a/web", Some("/home/a/web")),
        ("${CLOISTER_FILES}/../receipt.json", None),
        ("${CLOISTER_FILES}/", None),
        ("${CLOISTER_HOME}/../..", None),
        ("/x/${CLOISTER_TOKEN}", None),
    ];
    for (source, expected) in cases {
        assert_eq!(values().source(source).ok().as_deref(), expected, "{source}");
    }
}

#[test]
fn only_the_filter_by_its_name_becomes_a_text() {
    assert_eq!(security_option("no-new-privileges"), "no-new-privileges");
    assert_eq!(security_option("seccomp=unconfined"), "seccomp=unconfined");
    assert!(security_option(&format!("seccomp={}", seccomp::NAME)).starts_with("seccomp={"));
}
