use super::*;

fn file(path: &str, sha256: &str) -> File {
    File { path: path.to_owned(), device: 1, inode: 2, sha256: sha256.to_owned() }
}

fn command() -> HostCommand {
    HostCommand {
        argv: ["./deploy.sh", "now"].map(str::to_owned).to_vec(),
        program: file("/home/u/web/deploy.sh", "aa"),
        interpreter: Some(Interpreter { argv: vec!["/bin/sh".to_owned()], file: file("/usr/bin/dash", "bb") }),
        content: Some(Content { bytes: 20, text: Some("#!/bin/sh\necho hi\n".to_owned()) }),
        folder: Folder { inside: "/workspaces/web".to_owned(), outside: "/home/u/web".to_owned() },
        env: [
            ("PATH".to_owned(), Value::Set("/usr/bin".to_owned())),
            ("TOKEN".to_owned(), Value::Own("cc".to_owned())),
        ]
        .into(),
        stdin: false,
    }
}

type Change = fn(&mut HostCommand);

/// Everything that is shown is a part of what is approved: each change alone makes another digest, and is said.
#[test]
fn one_changed_byte_asks_again_and_says_what() {
    let cases: &[(Change, &[&str])] = &[
        (|one| one.argv[1].push('!'), &[r#"word 1: "now" → "now!""#]),
        (|one| one.argv.push("a b".to_owned()), &[r#"word 2: nothing → "a b""#]),
        (
            |one| one.program.inode = 3,
            &[
                r#"program: "/home/u/web/deploy.sh" (device 1, inode 2, sha256 aa) → "/home/u/web/deploy.sh" (device 1, inode 3, sha256 aa)"#,
            ],
        ),
        (
            |one| one.program.device = 3,
            &[
                r#"program: "/home/u/web/deploy.sh" (device 1, inode 2, sha256 aa) → "/home/u/web/deploy.sh" (device 3, inode 2, sha256 aa)"#,
            ],
        ),
        (
            |one| {
                one.program.sha256 = "dd".to_owned();
                one.content.as_mut().unwrap().text = Some("#!/bin/sh\necho\u{1b} ho\n".to_owned());
            },
            &[
                r#"program: "/home/u/web/deploy.sh" (device 1, inode 2, sha256 aa) → "/home/u/web/deploy.sh" (device 1, inode 2, sha256 dd)"#,
                r#"-"echo hi\n""#,
                r#"+"echo\u{1b} ho\n""#,
            ],
        ),
        (
            |one| one.interpreter = None,
            &[r#"interpreter: "/usr/bin/dash" (device 1, inode 2, sha256 bb), called "/bin/sh" → none"#],
        ),
        (|one| one.folder.outside.push('2'), &[r#"folder: "/home/u/web" → "/home/u/web2""#]),
        (|one| one.folder.inside.push('2'), &[r#"folder in the sandbox: "/workspaces/web" → "/workspaces/web2""#]),
        (
            |one| _ = one.env.insert("PATH".to_owned(), Value::Set(".".to_owned())),
            &[r#"variable PATH: "/usr/bin" → ".""#],
        ),
        (
            |one| _ = one.env.insert("TOKEN".to_owned(), Value::Own("ee".to_owned())),
            &["variable TOKEN: your own (sha256 cc) → your own (sha256 ee)"],
        ),
        (|one| _ = one.env.remove("TOKEN"), &["variable TOKEN: your own (sha256 cc) → nothing"]),
        (|one| one.stdin = true, &["standard input: nothing → what the agent writes"]),
    ];
    for (change, lines) in cases {
        let mut changed = command();
        change(&mut changed);
        assert_ne!(changed.digest(), command().digest(), "{lines:?}");
        assert_eq!(changed.changes(&command()), *lines);
    }
    assert_eq!(command().changes(&command()), Vec::<String>::new());
}

/// Words cannot be moved across their borders.
#[test]
fn a_digest_knows_where_a_word_ends() {
    let with = |words: &[&str]| {
        HostCommand { argv: words.iter().map(|word| (*word).to_owned()).collect(), ..command() }.digest()
    };
    let lines: &[&[&str]] = &[&["a", "b"], &["ab"], &["a b"], &["a", "b", ""], &["a\",\"b"]];
    let digests: std::collections::BTreeSet<String> = lines.iter().map(|words| with(words)).collect();
    assert_eq!(digests.len(), lines.len());
}

#[test]
fn what_is_kept_is_read_back() {
    let text = serde_json::to_string(&command()).unwrap();
    let read: HostCommand = serde_json::from_str(&text).unwrap();
    assert_eq!(read.digest(), command().digest());
    assert!(!text.contains("secret"));
}
