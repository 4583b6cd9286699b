//! `config`, `why` and `decisions`: what counts, where it comes from, and taking it back.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use super::{Said, User};

/// A decision as the control plane writes it.
const DECISIONS: &str = r#"{ "version": 1, "decisions": [
    { "id": "0123456789", "verdict": "allow", "rules": ["a.example.com:443"], "scope": "global",
      "made": 1700000000000, "until": null, "by": "page", "askedBy": "we\u001b[2Jb" },
    { "id": "aaaaaaaaaa", "verdict": "deny", "rules": ["b.example.com"], "scope": "global",
      "made": 1700000000001, "until": null, "by": "terminal", "askedBy": "web" },
    { "id": "bbbbbbbbbb", "verdict": "allow", "rules": ["c.example.com:443"], "scope": "global",
      "made": 1, "until": 2, "by": "page", "askedBy": "web" }
] }"#;

fn user(files: &[(&str, &str)]) -> User {
    let user = User::with(&[("README.md", "")]);
    files.iter().for_each(|(name, text)| write(&user.root.path().join("CONFIG/cloister").join(name), text));
    user
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder can be made");
    std::fs::write(path, text).expect("a file can be written");
    let private = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode));
    private(path.parent().expect("a parent"), 0o700).expect("it is ours");
    private(path, 0o600).expect("it is ours");
}

/// Returns what was said, without the folder of this run.
fn said(user: &User, said: &Said) -> String {
    let root = user.root.path().canonicalize().expect("a folder").display().to_string();
    format!("{}{}", said.stdout, said.stderr).replace(&root, "~").replace(&user.root.path().display().to_string(), "~")
}

fn project_file(user: &User, rest: &str) -> String {
    format!("{{ folder: '{}', {rest} }}", user.project().canonicalize().expect("a folder").display())
}

#[test]
fn hosts_of_the_repository_count_while_exactly_they_are_approved() {
    let user = user(&[("config.json5", "{ presets: [], deny: ['gist.example.org'] }")]);
    let asks = |hosts: &str| {
        format!("{{ \"image\": \"debian\", \"customizations\": {{ \"cloister\": {{ \"allow\": [{hosts}] }} }} }}")
    };
    let configure = |text: &str| std::fs::write(user.project().join(".devcontainer.json"), text).expect("a file");
    configure(&asks("\"api.example.org\", \"gist.example.org\""));
    let why = |host: &str| user.run(&["why", host]).stdout;
    assert!(why("api.example.org").contains("is refused"));
    let list = || -> Vec<Value> {
        serde_json::from_str(&user.run(&["trust", "--list", "--format", "json"]).stdout).expect("JSON")
    };
    let digest = list()[0]["digest"].as_str().expect("a digest").to_owned();
    let approved = user.run(&["trust", "--yes", "--digest", &digest]);
    assert_eq!(approved.code, Some(0), "{}", approved.stderr);
    let said = why("api.example.org");
    assert!(said.contains("is allowed") && said.contains(&format!("approved as {}", &digest[..19])), "{said}");
    assert!(why("gist.example.org").contains("a rule denies it"));
    assert!(user.run(&["config", "show", "--format", "json"]).stdout.contains("\"kind\": \"repository\""));
    configure(&asks("\"api.example.org\""));
    assert!(why("api.example.org").contains("is refused"), "another list is another request");
    let again = list();
    assert_eq!(again[0]["state"], "changed");
    assert_eq!(again[0]["was"], "api.example.org\ngist.example.org");
    assert!(user.run(&["trust", "--list"]).stdout.contains("- gist.example.org"));
    assert!(user.run(&["trust", "--revoke", "--kind", "domains"]).stderr.contains("hosts are closed at once"));
    assert_eq!(list().len(), 1);
}

#[test]
fn why_names_the_rule_its_origin_and_what_would_change_it() {
    let user = user(&[
        ("config.json5", "{\n  presets: ['docs'],\n  allow: ['api.example.com', 'x.example.com:8443'],\n}"),
        ("decisions/global.json", DECISIONS),
    ]);
    write(
        &user.root.path().join("CONFIG/cloister/projects/project.json5"),
        &project_file(&user, "deny: ['**.example.net']"),
    );
    let cases = [
        (
            "api.example.com",
            "api.example.com:443 is allowed\n  allow api.example.com  (~/CONFIG/cloister/config.json5:3:11)\n",
        ),
        ("docs.rs", "docs.rs:443 is allowed\n  allow docs.rs  (preset docs, ~/CONFIG/cloister/config.json5:2:13)\n"),
        (
            "a.example.com",
            "a.example.com:443 is allowed\n  allow a.example.com:443  (decision 0123456789, every sandbox)\n",
        ),
        (
            "b.example.com:8443",
            "b.example.com:8443 is refused: a rule denies it, and deny wins\n  deny b.example.com  (decision aaaaaaaaaa, every sandbox)\n\
             to allow it, take the rule away there\n",
        ),
        (
            "x.example.net",
            "x.example.net:443 is refused: a rule denies it, and deny wins\n  \
             deny **.example.net  (~/CONFIG/cloister/projects/project.json5:1:COLUMN)\nto allow it, take the rule away there\n",
        ),
        (
            "x.example.com",
            "x.example.com:443 is refused: the host is allowed, the port is not\n  \
             allow x.example.com:8443  (~/CONFIG/cloister/config.json5:3:30)\n\
             until then a request waits up to 60 s for an answer: cloister approve\n\
             to allow it, add \"x.example.com\" to `allow` in ~/CONFIG/cloister/config.json5\n",
        ),
        (
            "api.examp1e.com:80",
            "api.examp1e.com:80 is refused: no rule is about it\nnearest to it\n  \
             allow api.example.com  (~/CONFIG/cloister/config.json5:3:11)\n  \
             allow x.example.com:8443  (~/CONFIG/cloister/config.json5:3:30)\n  \
             allow a.example.com:443  (decision 0123456789, every sandbox)\n  \
             deny b.example.com  (decision aaaaaaaaaa, every sandbox)\n\
             until then a request waits up to 60 s for an answer: cloister approve\n\
             to allow it, add \"api.examp1e.com:80\" to `allow` in ~/CONFIG/cloister/config.json5\n",
        ),
        (
            "localhost",
            "localhost:443 is refused: a name of the machine itself or of a metadata service; no rule opens it\n",
        ),
        (
            "192.0.2.1:443",
            "192.0.2.1:443 is refused: no rule is about it\n\
             to allow it, add \"192.0.2.1:443\" to `allow` in ~/CONFIG/cloister/config.json5\n",
        ),
    ];
    let column = user.project().canonicalize().expect("a folder").display().to_string().len() + 22;
    for (destination, expected) in cases {
        let why = user.run(&["why", destination]);
        assert_eq!(
            (said(&user, &why), why.code),
            (expected.replace("COLUMN", &column.to_string()), Some(0)),
            "{destination}"
        );
    }
    let elsewhere = user.run(&["why", "x.example.net", "--sandbox", "/"]);
    assert!(elsewhere.stdout.contains("no rule is about it"), "another folder has no part of it: {}", elsewhere.stdout);
    let json: Value =
        serde_json::from_str(&user.run(&["why", "a.example.com", "--format", "json"]).stdout).expect("JSON");
    assert_eq!(
        (&json["allowed"], &json["reason"], &json["rules"][0]["origin"]["id"]),
        (&true.into(), &"listed".into(), &"0123456789".into())
    );
    for wrong in [
        "ftp://example.com",
        "http://",
        "https://x.example.com\\@y.example.com",
        "example.com:0",
        "a b",
        "example.com:99999",
        "0x7f.1",
        "",
    ] {
        let why = user.run(&["why", wrong]);
        assert_eq!((why.code, why.stdout.as_str()), (Some(2), ""), "{wrong}: {}", why.stderr);
    }
    let urls = [
        ("http://api.example.com/a?b#c", "api.example.com:80 is allowed"),
        ("HTTPS://api.example.com", "api.example.com:443 is allowed"),
        ("https://x.example.com:8443/a:1", "x.example.com:8443 is allowed"),
        ("https://api.example.com@x.example.org/", "x.example.org:443 is refused: no rule is about it"),
        ("https://api.example.com:1@x.example.org", "x.example.org:443 is refused: no rule is about it"),
    ];
    for (url, expected) in urls {
        let why = user.run(&["why", url]);
        assert!(why.stdout.starts_with(expected), "{url}: {}{}", why.stdout, why.stderr);
    }
    let unknown = user.run(&["why", "example.com", "--sandbox", "nowhere"]);
    assert!(unknown.code == Some(1) && unknown.stderr.contains("neither a sandbox nor a folder"), "{}", unknown.stderr);
}

#[test]
fn the_effective_policy_is_shown_with_its_origins() {
    let user = user(&[
        (
            "config.json5",
            "{ presets: ['docs'], allow: ['api.example.com'], limits: { pids: 100 },\n  hostexec: { rules: [\n    { argv: ['git', 'push', '<to:branch>'], effect: 'ask' }] } }",
        ),
        ("decisions/global.json", DECISIONS),
    ]);
    write(
        &user.root.path().join("CONFIG/cloister/projects/project.json5"),
        "{ folder: '/elsewhere', deny: ['x.example.com'] }",
    );
    let shown = user.run(&["config", "show"]);
    let text = said(&user, &shown);
    let lines: Vec<String> = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for expected in [
        "~/project",
        "allow api.example.com ~/CONFIG/cloister/config.json5:1:30",
        "allow a.example.com:443 decision 0123456789, every sandbox",
        "deny b.example.com decision aaaaaaaaaa, every sandbox",
        "limits.pids 100 ~/CONFIG/cloister/config.json5:1:60",
        "limits.cpus 4.0 cloister's default",
        "limits.memory 8g cloister's default",
        "hostexec.rules ask git push '<to:branch>' ~/CONFIG/cloister/config.json5:3:5",
        "approvals.hold 60s cloister's default",
        "note: ~/CONFIG/cloister/projects/project.json5 is about /elsewhere, and not about this folder",
    ] {
        assert!(lines.iter().any(|line| line == expected), "{expected}\n{text}");
    }
    assert!(!text.contains("c.example.com"), "its time is over: {text}");
    assert!(text.contains("rules") && text.contains("preset docs"), "{text}");
    let json: Value =
        serde_json::from_str(&user.run(&["config", "show", ".", "--format", "json"]).stdout).expect("JSON");
    assert!(json["rules"].as_array().is_some_and(|rules| rules.len() > 5), "{json}");
    let setting = |key: &str| json["settings"].as_array().and_then(|all| all.iter().find(|one| one["key"] == key));
    let commands = serde_json::json!([{ "argv": ["git", "push", "<to:branch>"], "effect": "ask" }]);
    assert_eq!(setting("hostexec.rules").map(|one| &one["value"]), Some(&commands));
    assert_eq!(setting("limits.memory").map(|one| &one["value"]), Some(&(8_u64 << 30).into()), "scripts get bytes");
    let path = user.run(&["config", "path"]);
    let expected = "~/CONFIG/cloister/config.json5\n~/CONFIG/cloister/projects/project.json5\n";
    assert_eq!(said(&user, &path), expected);
}

#[test]
fn a_command_is_tried_as_its_card_shows_it() {
    let rules = "{\n  hostexec: { rules: [\n    { argv: ['true'], effect: 'auto' },\n    { argv: ['./x'], effect: 'auto' },\n    { argv: ['id'], effect: 'deny' }] } }";
    let user = user(&[("config.json5", rules)]);
    let script = user.project().join("x");
    std::fs::write(&script, "#!/bin/sh\n").expect("a file");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    let test = |words: &[&str]| {
        let tried = user.run(&[&["hostexec", "test"], words].concat());
        (tried.code, said(&user, &tried))
    };
    let at = "the rule at ~/CONFIG/cloister/config.json5";
    let cases: [(&[&str], i32, String); 6] = [
        (&["--", "true"], 0, format!("it would run without asking: {at}:3 says auto to \"true\"\n")),
        (
            &["--stdin", "--", "true"],
            4,
            format!("you would be asked: {at}:3 says auto to \"true\", but not with input: `stdin` is not set\n"),
        ),
        (
            &["--", "./x"],
            4,
            format!(
                "you would be asked: {at}:4 says auto to \"./x\", but it runs what the agent can write, and \
                 `allowWorkspaceCode` is not set\n"
            ),
        ),
        (&["--", "id"], 3, format!("it would be refused: {at}:5 says deny to \"id\"\n")),
        (&["--", "cat"], 4, "you would be asked: no rule is about this command\n".to_owned()),
        (
            &["--", "git status"],
            3,
            "it would be refused: there is no such program on the host, or it cannot be run; without quotes around all of \
             it, each word counts: hostexec git status\n"
                .to_owned(),
        ),
    ];
    for (words, code, expected) in cases {
        let (found, text) = test(words);
        assert!(found == Some(code) && text.starts_with(&expected), "{words:?} {found:?}: {text}");
    }
    let (_, text) = test(&["--", "true"]);
    assert!(text.contains("\"/workspaces/project\" in the sandbox"), "{text}");
}

#[test]
fn the_projects_file_counts_in_its_plan() {
    let user = user(&[]);
    let file = user.root.path().join("CONFIG/cloister/projects/project.json5");
    write(&file, &project_file(&user, "presets: [], allow: ['own.example.com'], limits: { pids: 77, memory: '1t' }"));
    let plan = user.run(&["plan", "--format", "json"]);
    let json: Value = serde_json::from_str(&plan.stdout).expect("JSON");
    assert_eq!(json["proxy"]["allow"], serde_json::json!(["own.example.com"]), "{}", plan.stderr);
    assert!(plan.stderr.contains("`limits.memory` is above the cap"), "{}", plan.stderr);
    write(&file, &project_file(&user, "allow: ['*']"));
    let broken = user.run(&["plan"]);
    assert_eq!(broken.code, Some(3));
    assert!(broken.stderr.contains("project.json5:1:") && broken.stderr.contains("allow[0]"), "{}", broken.stderr);
}

#[test]
fn decisions_are_listed_and_undone() {
    let user = user(&[("decisions/global.json", DECISIONS)]);
    let listed = user.run(&["decisions"]);
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    let lines: Vec<&str> = listed.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{}", listed.stdout);
    assert!(lines[0].starts_with("ID          DECISION  WHAT"), "{}", listed.stdout);
    assert!(lines[1].starts_with("aaaaaaaaaa  deny      b.example.com"), "{}", listed.stdout);
    assert!(lines[2].contains("we\\u{1b}[2Jb") && !listed.stdout.contains('\u{1b}'), "{}", listed.stdout);
    let json: Value = serde_json::from_str(&user.run(&["decisions", "list", "--format", "json"]).stdout).expect("JSON");
    assert_eq!(json[1]["id"], "0123456789");
    let short: Value = serde_json::from_str(&user.run(&["decisions", "--format", "json"]).stdout).expect("JSON");
    assert_eq!(short, json, "`list` may be left out");

    let unknown = user.run(&["decisions", "undo", "0123456789", "ffffffffff"]);
    assert!(
        unknown.code == Some(1) && unknown.stderr.contains("there is no decision `ffffffffff`, so none was undone")
    );
    assert_eq!(user.run(&["decisions", "undo", "../../x"]).code, Some(2));
    let undone = user.run(&["decisions", "undo", "0123456789"]);
    assert_eq!((undone.code, undone.stderr.as_str()), (Some(0), "undone: allow a.example.com:443\n"));
    assert!(user.run(&["why", "a.example.com"]).stdout.contains("no rule is about it"));
    assert!(user.run(&["why", "b.example.com"]).stdout.contains("deny wins"));
}

#[test]
fn decisions_that_cannot_be_read_start_nothing() {
    let user = user(&[("decisions/global.json", "{ \"version\": 1, ")]);
    for command in [&["plan"][..], &["why", "example.com"], &["config", "show"]] {
        let refused = user.run(command);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{}", refused.stderr);
        assert!(refused.stderr.contains("could not read what you decided, so nothing starts"), "{}", refused.stderr);
        assert!(refused.stderr.contains("global.json"), "{}", refused.stderr);
    }
    let listed = user.run(&["decisions"]);
    assert!(listed.code == Some(3) && listed.stderr.contains("nothing in it is allowed"), "{}", listed.stderr);
}

#[test]
fn a_first_file_is_written_once_and_is_well_formed() {
    let user = user(&[]);
    let file = user.root.path().join("CONFIG/cloister/config.json5");
    let written = user.run(&["config", "init"]);
    assert_eq!(said(&user, &written), "wrote ~/CONFIG/cloister/config.json5\n");
    assert_eq!(std::fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    let shown: Value = serde_json::from_str(&user.run(&["config", "show", "--format", "json"]).stdout).expect("JSON");
    assert!(shown["rules"].as_array().is_some_and(|rules| rules.len() > 50), "the default presets count");
    std::fs::write(&file, "{ presets: [] }").expect("written");
    let again = user.run(&["config", "init"]);
    assert_eq!(said(&user, &again), "~/CONFIG/cloister/config.json5 is there already, and stays as it is\n");
    assert_eq!(std::fs::read_to_string(&file).expect("a file"), "{ presets: [] }");
}

#[test]
fn what_was_edited_is_checked_and_kept() {
    let user = user(&[]);
    let editor = user.root.path().join("my editor");
    let edit = |text: &str| {
        write(&editor, &format!("#!/bin/sh\nprintf '%s' \"{text}\" >\"$1\"\n"));
        std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o700)).expect("it is ours");
        user.run_with(&["config", "edit"], &[("VISUAL", &format!("'{}'", editor.display()))])
    };
    let good = edit("{ presets: [] }");
    assert_eq!((good.code, good.stderr.as_str()), (Some(0), "it is well-formed\n"));
    let broken = edit("{ presets: [], alow: [] }");
    assert_eq!(broken.code, Some(3), "{}", broken.stderr);
    assert!(broken.stderr.contains("did you mean `allow`?") && broken.stderr.contains("kept as you left it"));
    let file = user.root.path().join("CONFIG/cloister/config.json5");
    assert_eq!(std::fs::read_to_string(file).expect("a file"), "{ presets: [], alow: [] }");
    let none = user.run_with(&["config", "edit"], &[("VISUAL", ""), ("EDITOR", "/nowhere/ed")]);
    assert!(none.code == Some(1) && none.stderr.contains("VISUAL or EDITOR names the editor"), "{}", none.stderr);
}
