use super::*;

const ID: &str = "44dece36bc3c419820122022ad1f3b0480aaffb3";

fn bundle(lines: &[String]) -> Vec<u8> {
    format!("# v2 git bundle\n{}\nPACK…", lines.iter().map(|line| format!("{line}\n")).collect::<String>()).into_bytes()
}

fn names(names: &[&str]) -> Result<Vec<String>, BundleError> {
    let lines: Vec<_> = names.iter().map(|name| format!("{ID} {name}")).collect();
    Ok(parse(&bundle(&lines))?.refs.into_iter().map(|(name, _)| name).collect())
}

#[test]
fn a_header_is_read_to_its_pack() {
    let mut bytes = bundle(&[format!("-{ID} "), format!("{ID} refs/heads/main"), format!("{ID} HEAD")]);
    let header = parse(&bytes).unwrap();
    assert_eq!(header.refs, [("refs/heads/main".to_owned(), ID.to_owned()), ("HEAD".to_owned(), ID.to_owned())]);
    assert!(bytes[header.pack..].starts_with(b"PACK"));
    // A commit's own words are in no particular encoding.
    bytes.splice(16..16, format!("-{ID} ").bytes().chain([0xff, b'\n']));
    assert_eq!(parse(&bytes).unwrap().refs.len(), 2);
}

#[test]
fn what_is_no_bundle_is_none() {
    let cases: [&[u8]; 7] = [
        b"",
        b"PACK",
        b"# v9 git bundle\n\nPACK",
        b"# v2 git bundle\n",
        b"# v2 git bundle\nnothing\n\nPACK",
        b"# v2 git bundle\nabc refs/heads/main\n\nPACK",
        b"# v2 git bundle\n44dece36bc3c419820122022ad1f3b0480aaffb3 refs/heads/\xff\n\nPACK",
    ];
    for case in cases {
        assert_eq!(parse(case), Err(BundleError::Broken), "{}", String::from_utf8_lossy(case));
    }
}

#[test]
fn only_whole_bundles_of_branches_are_taken() {
    let filter = format!("# v3 git bundle\n@object-format=sha1\n@filter=blob:none\n{ID} refs/heads/x\n\n");
    assert_eq!(parse(filter.as_bytes()), Err(BundleError::Capability("filter=blob:none".to_owned())));
    let many: Vec<_> = (0..=REFS_LIMIT).map(|number| format!("{ID} refs/heads/{number}")).collect();
    assert_eq!(parse(&bundle(&many)), Err(BundleError::TooLarge));
    assert_eq!(parse(&vec![b'#'; HEADER_LIMIT]), Err(BundleError::TooLarge));
}

#[test]
fn names_are_those_of_branches() {
    let good = ["refs/heads/main", "refs/heads/feature/x", "refs/heads/ümlaut", "refs/heads/-x", "refs/heads/a'b$(c)"];
    for name in good {
        assert_eq!(names(&[name]), Ok(vec![name.to_owned()]));
    }
    let bad = [
        "refs/tags/v1",
        "refs/heads/",
        "refs/heads/../../hooks/x",
        "refs/heads/a/../b",
        "refs/heads//a",
        "refs/heads/a/",
        "refs/heads/.a",
        "refs/heads/a.",
        "refs/heads/a.lock",
        "refs/heads/a b",
        "refs/heads/a\u{1b}[2J",
        "refs/heads/a:b",
        "refs/heads/a*",
        "refs/heads/@",
        "refs/heads/a@{1}",
        "refs/heads/a\\b",
        "refs/cloister/x/y",
        "refs/remotes/o/x",
        "main",
        "config",
        "FETCH_HEAD",
    ];
    for name in bad {
        assert_eq!(names(&[name]), Err(BundleError::Name(name.to_owned())), "{name}");
    }
    assert!(names(&[&format!("refs/heads/{}", "a".repeat(NAME_LIMIT + 1))]).is_err());
    assert!(names(&["refs/heads/a", "refs/heads/a"]).is_err(), "twice");
    assert!(names(&["refs/heads/a", "refs/heads/a/b"]).is_err(), "a folder and a file");
    assert!(names(&["HEAD", "refs/heads/HEAD"]).is_err(), "the same place");
}
