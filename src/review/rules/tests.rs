use super::*;

#[test]
fn what_host_tools_run_is_known_by_its_name() {
    for (path, expected) in [
        (".vscode/tasks.json", Some(Kind::Tool)),
        ("packages/app/.vscode/tasks.json", Some(Kind::Tool)),
        (".vscode", Some(Kind::Tool)),
        (".envrc", Some(Kind::Tool)),
        ("a/b/.mcp.json", Some(Kind::Tool)),
        ("shop.code-workspace", Some(Kind::Tool)),
        (".github/workflows/ci.yml", Some(Kind::Build)),
        (".github/CODEOWNERS", None),
        ("workflows/ci.yml", None),
        (".cargo/config.toml", Some(Kind::Build)),
        ("Makefile", Some(Kind::Build)),
        ("packages/app/package.json", Some(Kind::Build)),
        ("node_modules/left/package.json", None),
        ("node_modules/.vscode/x", None),
        ("Makefile.txt", None),
        ("src/main.rs", None),
        ("", None),
    ] {
        assert_eq!(kind(path), expected, "{path}");
    }
}

#[test]
fn of_a_package_only_its_scripts_count() {
    for (path, text, expected) in [
        ("package.json", r#"{"scripts": {"test": "x"}, "version": "1"}"#, Some(r#"{"test":"x"}"#)),
        ("a/package.json", r#"{"scripts":{"test":"x"},"version":"2"}"#, Some(r#"{"test":"x"}"#)),
        ("package.json", r#"{"version": "1"}"#, None),
        ("package.json", "{", Some("{")),
        ("Makefile", "all:", Some("all:")),
    ] {
        assert_eq!(relevant(path, text.as_bytes()), expected.map(|text| text.as_bytes().to_vec()), "{path} {text}");
    }
}
