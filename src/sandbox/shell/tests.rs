use super::candidates;

const ACCOUNTS: &str = "root:x:0:0:root:/root:/bin/ash\nnode:x:1000:1000::/home/node:/usr/bin/fish\nwww:x:33:33::/:/usr/sbin/nologin\nbad:x:7\n";

#[test]
fn the_most_personal_choice_comes_first() {
    let cases: [(Option<&str>, u32, &[&str]); 6] = [
        (Some("/bin/zsh"), 1000, &["/bin/zsh", "/usr/bin/fish", "/bin/bash", "/bin/sh"]),
        (Some("zsh"), 1000, &["/usr/bin/fish", "/bin/bash", "/bin/sh"]),
        (Some(""), 0, &["/bin/ash", "/bin/bash", "/bin/sh"]),
        (None, 4711, &["/bin/bash", "/bin/sh"]),
        (Some("/bin/sh"), 4711, &["/bin/sh", "/bin/bash"]),
        (Some("/bin/false"), 33, &["/bin/bash", "/bin/sh"]),
    ];
    for (variable, uid, expected) in cases {
        assert_eq!(candidates(variable, ACCOUNTS, uid), expected, "{variable:?} {uid}");
    }
}
