use super::*;

#[test]
fn patterns_mean_what_they_mean_to_docker() {
    // From the table of moby/patternmatcher, and the reference of .dockerignore.
    let cases = [
        ("**", "file", true),
        ("**", "dir/file", true),
        ("**/", "file", true),
        ("**/**", "dir/file", true),
        ("dir/**", "dir/file", true),
        ("dir/**", "dir/dir2/file", true),
        ("dir/**", "dir", false),
        ("**/dir", "dir", true),
        ("**/dir", "dir/file", true),
        ("**/dir2/*", "dir/dir2/file", true),
        ("**/dir2/**", "dir/dir2/dir2/file", true),
        ("**file", "dir/afile", true),
        ("**/file", "dir/afile", false),
        ("**/*.txt", "dir/dir/a.txt", true),
        ("**/**/*.txt", "a.txt", true),
        ("a**/*.txt", "a/file.txt", true),
        ("a**/*.txt", "a/dir/dir/file.txt", true),
        ("a/*.txt", "a/dir/file.txt", false),
        ("a/*.txt", "a/file.txt", true),
        ("a/*.txt**", "a/file.txt", true),
        ("a[b-d]e", "ace", true),
        ("a[b-d]e", "aae", false),
        ("a[^b-d]e", "aze", true),
        ("a?c", "abc", true),
        ("a?c", "a/c", false),
        ("a\\*b", "a*b", true),
        ("a\\*b", "axb", false),
        (".*", ".foo", true),
        (".*", "foo", false),
        ("abc.def", "abcdef", false),
        ("a.|)$(}+{bc", "a.|)$(}+{bc", true),
        ("*", "dir/file", true),
        ("d*", "dir", true),
        ("/dir/", "dir/file", true),
        ("./dir//x/../file", "dir/file", true),
        ("../dir", "dir", false),
        (".", "dir", false),
        ("/", "dir", false),
        ("dir/file", "dir/filename", false),
        ("#dir", "#dir", false),
        ("  dir  ", "dir", true),
        ("dir\r", "dir", true),
        ("\u{feff}dir", "dir", true),
        ("*\n!README.md", "README.md", false),
        ("*\n!README.md", "dir/README.md", true),
        ("*\n! README*.md\nREADME-secret.md", "README-secret.md", true),
        ("*.md\n!README*.md\nREADME-secret.md", "README-a.md", false),
        ("dir\n!dir/keep", "dir/keep", false),
        ("dir\n!dir/keep", "dir/other", true),
        ("!keep\nkeep", "keep", true),
        ("**/*.go\n!**/x.go", "a/b/x.go", false),
        ("é?", "éa", true),
    ];
    for (patterns, path, excluded) in cases {
        assert_eq!(Ignore::parse(patterns).unwrap().excludes(path), excluded, "{patterns:?} {path}");
    }
}

#[test]
fn what_is_no_pattern_is_said_with_its_line() {
    for text in ["a\n!\n", "[", "a[]b", "[a-]", "[^]", "a\\", "[-x]"] {
        let error = Ignore::parse(text).unwrap_err().to_string();
        let line = text.lines().count().min(2);
        assert!(error.starts_with(&format!("line {line} is not a pattern")), "{text}: {error}");
    }
}

#[test]
fn only_an_exception_leads_into_what_is_excluded() {
    let ignore = Ignore::parse("a\nb\n!a/x/y\n!**/z").unwrap();
    for (folder, reached) in [("a", true), ("a/x", true), ("a/x/y", true), ("a/z", false), ("b", false)] {
        assert_eq!(ignore.reaches_into(folder), reached, "{folder}");
    }
}

#[test]
fn a_hostile_pattern_takes_no_longer_than_others() {
    let pattern = format!("{}b", "*a**/".repeat(200));
    assert!(!Ignore::parse(&pattern).unwrap().excludes(&"a".repeat(4000)));
}
