use super::*;

#[test]
fn a_path_that_is_set_stays() {
    let debian = "if [ \"$(id -u)\" -eq 0 ]; then\n  PATH=\"/sbin:/bin\"\nelse\n  PATH=\"/bin\"\nfi\nexport PATH\n";
    let kept = "if [ \"$(id -u)\" -eq 0 ]; then\n  PATH=${PATH:-\"/sbin:/bin\"}\nelse\n  PATH=${PATH:-\"/bin\"}\nfi\n\
        export PATH\n";
    let cases = [
        (debian, Some(kept)),
        ("PATH=/bin", Some("PATH=${PATH:-/bin}")),
        ("export PATH=/bin\n", Some("export PATH=${PATH:-/bin}\n")),
        ("export PATH=\"$PATH:/more\"\n", None),
        ("MANPATH=/man\n", None),
        ("MANPATH=/man PATH=/bin\n", Some("MANPATH=/man PATH=${PATH:-/bin}\n")),
        ("umask 022\n", None),
        ("", None),
        ("PATH=/\u{fffd}\n", None),
        ("PATH=/a\0\n", None),
    ];
    for (profile, expected) in cases {
        assert_eq!(that_keeps_path(profile).as_deref(), expected, "{profile:?}");
    }
}

#[test]
fn what_was_changed_once_does_not_change_again() {
    let kept = that_keeps_path("PATH=\"/bin\"\n").unwrap();
    assert_eq!(that_keeps_path(&kept), None);
}
