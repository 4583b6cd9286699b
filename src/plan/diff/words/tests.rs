use super::*;

#[test]
fn people_read_the_words_of_the_plan() {
    let cases = [
        ("image", "debian:bookworm", "image: debian:bookworm"),
        ("userName", "vscode", "user: vscode"),
        ("user", "1000:1000", "user: 1000:1000"),
        ("home", "/home/vscode", "user, home folder: /home/vscode"),
        ("readonlyRootfs", "true", "user, read-only root: true"),
        ("mounts", "bind ${CLOISTER_HOME} → /home/a read-write", "files: a home of its own → /home/a read-write"),
        (
            "mounts",
            "bind ${CLOISTER_FILES}/git/hooks → /w/.git/hooks read-only",
            "files: cloister's git/hooks → /w/.git/hooks read-only",
        ),
        ("mounts", "tmpfs  → /tmp read-write", "files: memory → /tmp read-write"),
        ("mounts[/w/.git/config.x].readonly", "true", "files /w/.git/config.x, readonly: true"),
        ("limits.memoryBytes", "8589934592", "limits, memory: 8.0 GiB"),
        ("limits.pids", "100", "limits, processes: 100"),
        ("limits.cpus", "2.0", "limits, CPUs: 2.0"),
        ("command", "init ${CLOISTER_PROBE} -- /bin/bash", "command: cloister's init -- /bin/bash"),
        ("env.A", "1", "env, A: 1"),
        ("remoteEnv.A", "${CLOISTER_HOME}", "env, A: ${CLOISTER_HOME}"),
        ("commands", "x", "commands: x"),
    ];
    for (path, text, expected) in cases {
        for path in [path.to_owned(), format!("containers[cloister-0123].{path}")] {
            assert_eq!(format!("{}: {}", place(&path), value(&path, text)), expected);
        }
    }
    assert_eq!(place("lifecycle"), "hooks");
    assert_eq!(place("lifecycle[postCreate]"), "hooks postCreate");
    assert_eq!(place("workspace.clone"), "folder, clone");
    assert_eq!(place("network.internal"), "network.internal");
}
