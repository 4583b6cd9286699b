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

#[test]
fn what_a_command_may_have_become_of_has_the_same_words_or_is_the_same_script() {
    let (mut script, mut words, mut other) = (command(), command(), command());
    script.argv[1] = "later".to_owned();
    words.program.path = "/usr/bin/deploy".to_owned();
    (other.argv[0], other.program.path) = ("./other.sh".to_owned(), "/home/u/web/other.sh".to_owned());
    let now = command();
    assert_eq!(now.nearest([&other]), None);
    assert_eq!(now.nearest([&other, &script]), Some(&script));
    assert_eq!(now.nearest([&words, &script]), Some(&words), "the words say more than the path");
    script.content = None;
    assert_eq!(now.nearest([&script]), None, "a program of the machine is none that changes");
}

/// What an agent writes decides how much there is to compare: it is bounded, and what is left out is said.
#[test]
fn a_flood_of_changes_is_counted() {
    let with = |text: String| {
        let mut command = command();
        command.content = Some(Content { bytes: text.len() as u64, text: Some(text) });
        command
    };
    let numbered = |range: std::ops::Range<u32>| range.map(|number| format!("echo {number}\n")).collect::<String>();
    let changes = with(numbered(0..500)).changes(&with(numbered(1000..1500)));
    assert_eq!((changes.len(), changes[200].as_str()), (201, "and 800 more"));
    let (before, after) = ("\n".repeat(131_072), "\r\n".repeat(131_072));
    let changes = with(after).changes(&with(before));
    assert_eq!(changes, ["content: 131072 lines gave way to 131072 others"]);
    let one_line = with(format!("{}x\n{}", numbered(0..9000), numbered(9000..18000)));
    assert_eq!(one_line.changes(&with(numbered(0..18000))), [r#"+"x\n""#]);
}
