use super::*;

fn words(line: &str) -> Vec<OsString> {
    line.split_whitespace().map(OsString::from).collect()
}

#[test]
fn what_hooks_say_is_understood() {
    // arguments → user, group, variables, command
    let cases = [
        ("apt-get install -y jq", (None, None, "", "apt-get install -y jq")),
        ("-E -n apt-get -u update", (None, None, "", "apt-get -u update")),
        ("-EH -- -x", (None, None, "", "-x")),
        ("-u vscode touch a", (Some("vscode"), None, "", "touch a")),
        ("--user=vscode -g staff id", (Some("vscode"), Some("staff"), "", "id")),
        ("DEBIAN_FRONTEND=noninteractive apt-get x=y", (None, None, "DEBIAN_FRONTEND", "apt-get x=y")),
    ];
    for (line, (user, group, variable, command)) in cases {
        let order = parse(&words(line)).unwrap();
        assert_eq!((order.user.as_deref(), order.group.as_deref()), (user, group), "{line}");
        assert_eq!(order.variables.first().map_or("", |(name, _)| name.to_str().unwrap()), variable, "{line}");
        assert_eq!(order.command, words(command), "{line}");
    }
}

#[test]
fn what_is_not_understood_runs_nothing() {
    for line in ["-i", "-s id", "-k", "-u", "-C 3 id", "--chroot=/x id", "-Eu root id"] {
        assert!(parse(&words(line)).is_err(), "{line}");
    }
    assert!(matches!(prepared(&words("-E")), Err(SudoError::Nothing)));
    assert!(matches!(prepared(&words("-u no-such-user id")), Err(SudoError::Unknown(_))));
}

#[test]
fn accounts_are_found_by_name_and_number() {
    let passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\nvscode:x:1000:1001::/home/vscode:/bin/bash\n";
    let found = |name: &str| account(passwd, name).map(|account| (account.uid, account.gid, account.home));
    assert_eq!(found("vscode"), Some((1000, 1001, "/home/vscode".to_owned())));
    assert_eq!(found("#1000"), found("vscode"));
    assert_eq!((found("1000"), found("broken"), found("")), (None, None, None));
    assert_eq!(group_of("root:x:0:\nstaff:x:50:a,b\n", "staff"), Some(50));
}
