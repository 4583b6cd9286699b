use super::*;

#[test]
fn nothing_secret_and_nothing_of_this_machine_is_in_an_origin() {
    let cases = [
        ("https://example.com/a/b.git", Some("https://example.com/a/b.git")),
        ("https://user:token@example.com/a/b.git", Some("https://example.com/a/b.git")),
        ("https://token@example.com:8443/a", Some("https://example.com:8443/a")),
        ("https://a@b:c@example.com/a", Some("https://example.com/a")),
        ("HTTPS://x@example.com/a?token=t#f", Some("https://example.com/a")),
        ("ssh://git:secret@example.com/a.git", Some("ssh://git@example.com/a.git")),
        ("git@example.com:a/b.git", Some("git@example.com:a/b.git")),
        ("example.com:a", Some("example.com:a")),
        ("/home/a/b", None),
        ("../b", None),
        ("./a:b", None),
        ("file:///home/a", None),
        ("ext::sh -c evil", None),
        ("ext::evil", None),
        ("evil://example.com/a", None),
        ("ssh://-oProxyCommand=evil/a", None),
        ("-oProxyCommand=evil:a", None),
        ("git@-oProxyCommand=evil:a", None),
        ("https:///a", None),
        ("https://example.com/a\nb", None),
        ("", None),
    ];
    for (url, expected) in cases {
        assert_eq!(public(url).as_deref(), expected, "{url}");
    }
}
