use super::*;

// Computed with the reference's own expression: BigInt of the digest, toString(32), padStart(52, "0").
#[test]
fn ids_are_those_of_the_reference() {
    let cases = [
        (
            "/home/me/shop",
            "/home/me/shop/.devcontainer/devcontainer.json",
            "0i8fn5e167dqgmq92cs7lf7s0ctmnp7jb1o9v85cqglrsk2bunul",
        ),
        ("/home/é \"x\"\n", "/a\u{1}\u{2028}", "1r58u3sbf0pqmb0iuh2fh9fcrfp1247muorhklpl8rgtbbkn0u18"),
    ];
    for (folder, file, expected) in cases {
        assert_eq!(devcontainer_id(folder, file), expected, "{folder}");
    }
    let other = BTreeMap::from([("a", "b")]);
    assert_eq!(from_labels(&other), "1mqafr5h2iu6dhh3k1m4vtnuhml2uiec4s7bntt1v0f25ao63i1n");
}
