use super::attempts;

const SEALED: &str = "Name:\tcloister-init\nUid:\t1000\t1000\t1000\t1000\nGid:\t1000\t1000\t1000\t1000\nGroups:\t1000 \n\
    CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n\
    CapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n";

fn open(status: &str, user: &str) -> Vec<String> {
    let open = attempts(status, user, 0).into_iter().filter(|attempt| !attempt.closed);
    open.map(|attempt| format!("{}: {}", attempt.id, attempt.seen)).collect()
}

#[test]
fn a_sealed_process_passes() {
    assert_eq!(open(SEALED, "1000:1000"), Vec::<String>::new());
    assert_eq!(open(&SEALED.replace("Groups:\t1000 ", "Groups:\t"), "1000:1000"), Vec::<String>::new());
}

#[test]
fn each_loosened_restriction_is_named() {
    let cases = [
        ("CapBnd:\t0000000000000000", "CapBnd:\t00000000a80425fb", "capabilities: CapBnd 00000000a80425fb"),
        ("CapAmb:\t0000000000000000\n", "", "capabilities: CapAmb not reported"),
        ("NoNewPrivs:\t1", "NoNewPrivs:\t0", "no-new-privileges: not set"),
        ("NoNewPrivs:\t1\n", "", "no-new-privileges: not set"),
        ("Seccomp:\t2", "Seccomp:\t0", "seccomp: not in force"),
        ("Seccomp:\t2\n", "", "seccomp: not in force"),
        (
            "Uid:\t1000\t1000\t1000\t1000",
            "Uid:\t1000\t0\t1000\t1000",
            "user: uid 1000 0 1000 1000, gid 1000 1000 1000 1000",
        ),
        ("Gid:\t1000\t1000\t1000\t1000", "Gid:\t0\t0\t0\t0", "user: uid 1000 1000 1000 1000, gid 0 0 0 0"),
        ("Groups:\t1000 ", "Groups:\t1000 27 ", "groups: 27"),
        ("Groups:\t1000 ", "Groups:\t0", "groups: 0"),
        ("Groups:\t1000 \n", "", "groups: not reported"),
    ];
    for (from, to, expected) in cases {
        assert_eq!(open(&SEALED.replace(from, to), "1000:1000"), [expected], "{to:?}");
    }
}

#[test]
fn nothing_readable_is_nothing_sealed() {
    assert_eq!(open("", "1000:1000").len(), 5);
    assert_eq!(open(SEALED, "agent").len(), 2, "a user that is no uid:gid matches nothing");
}

#[test]
fn the_set_up_phase_has_its_capabilities_and_no_other() {
    let set_up = SEALED.replace("Prm:\t0000000000000000", "Prm:\t00000000000000cb");
    let set_up = set_up.replace("Bnd:\t0000000000000000", "Bnd:\t00000000000000cb");
    let open = |status: &str| attempts(status, "1000:1000", 0xcb).into_iter().filter(|one| !one.closed).count();
    assert_eq!((open(&set_up), open(SEALED)), (0, 0));
    assert_eq!(open(&set_up.replace("Bnd:\t00000000000000cb", "Bnd:\t00000000000001cb")), 1);
    assert_eq!(open(&set_up.replace("Bnd:\t00000000000000cb", "Bnd:\tcb cb")), 1);
}
