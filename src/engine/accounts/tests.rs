use super::*;

const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\nnode:x:1000:1000::/home/node:/bin/zsh\nnobody:x:65534:65534::/:/usr/sbin/nologin\n";
const GROUP: &str = "root:x:0:\nnode:x:1000:\nstaff:x:50:node\n";

fn files_of(name: &str, user: &str) -> (String, String) {
    files(PASSWD, GROUP, &Account { name, user, home: "/home/x" }).unwrap()
}

#[test]
fn the_account_gets_the_owners_numbers_and_keeps_its_shell() {
    let (passwd, group) = files_of("node", "1234:4321");
    assert_eq!(passwd.lines().next(), Some("node:x:1234:4321:node:/home/x:/bin/zsh"));
    assert_eq!(passwd.matches("node:").count(), 2, "one line, which names the account twice");
    assert!(passwd.contains("root:x:0:0"));
    assert_eq!(group, "node:x:4321:\nroot:x:0:\nstaff:x:50:node\n");
}

#[test]
fn another_account_with_the_same_number_gives_way() {
    let (passwd, group) = files_of("agent", "1000:1000");
    assert_eq!(passwd.lines().next(), Some("agent:x:1000:1000:agent:/home/x:/bin/zsh"));
    assert!(!passwd.contains("/home/node"));
    assert!(!group.contains("node:x:1000"));
}

#[test]
fn an_account_can_always_log_in() {
    for name in ["nobody", "new"] {
        assert!(files_of(name, "1234:1234").0.starts_with(&format!("{name}:x:1234:1234:{name}:/home/x:\n")));
    }
    let account = Account { name: "a", user: "1:1", home: "/home/a" };
    assert_eq!(files("", "", &account).unwrap(), ("a:x:1:1:a:/home/a:\n".into(), "a:x:1:\n".into()));
}

#[test]
fn fields_stay_fields() {
    let cases = [
        ("a:b", "1:1", "/"),
        ("a\nroot:x:0:0", "1:1", "/"),
        ("", "1:1", "/"),
        ("a", "1", "/"),
        ("a", "x:1", "/"),
        ("a", "1:1", "/a:b"),
        ("a", "1:1:1", "/"),
    ];
    for (name, user, home) in cases {
        assert!(files(PASSWD, GROUP, &Account { name, user, home }).is_err(), "{name:?} {user} {home}");
    }
}
