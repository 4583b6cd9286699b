use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::PROFILE;

fn rules() -> Vec<Value> {
    let profile: Value = serde_json::from_str(PROFILE).unwrap();
    profile["syscalls"].as_array().unwrap().clone()
}

fn rules_for(name: &str) -> Vec<Value> {
    let mut found: Vec<Value> = rules().into_iter().filter(|rule| names(rule).contains(name)).collect();
    for rule in &mut found {
        rule.as_object_mut().unwrap().shift_remove("names");
        rule.as_object_mut().unwrap().shift_remove("comment");
    }
    found
}

fn names(rule: &Value) -> BTreeSet<&str> {
    rule["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

#[test]
fn what_is_not_listed_is_refused() {
    let profile: Value = serde_json::from_str(PROFILE).unwrap();
    assert_eq!(profile["defaultAction"], "SCMP_ACT_ERRNO");
    assert_eq!(profile["defaultErrnoRet"], 1);
    let keys: Vec<&String> = profile.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["defaultAction", "defaultErrnoRet", "archMap", "syscalls"]);
}

#[test]
fn no_rule_waits_for_a_capability() {
    let known = ["action", "args", "comment", "errnoRet", "excludes", "includes", "names"];
    for rule in rules() {
        assert!(rule["includes"].get("caps").is_none(), "{rule}");
        assert!(rule.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())), "{rule}");
    }
}

#[test]
fn what_leads_to_the_host_is_not_allowed() {
    let refused = [
        "acct",
        "bpf",
        "chroot",
        "clock_settime",
        "delete_module",
        "fanotify_init",
        "finit_module",
        "fsconfig",
        "fsmount",
        "fsopen",
        "fspick",
        "init_module",
        "io_uring_enter",
        "io_uring_register",
        "io_uring_setup",
        "ioperm",
        "iopl",
        "kcmp",
        "kexec_file_load",
        "kexec_load",
        "keyctl",
        "add_key",
        "request_key",
        "lookup_dcookie",
        "mount",
        "mount_setattr",
        "move_mount",
        "nfsservctl",
        "open_by_handle_at",
        "open_tree",
        "perf_event_open",
        "pidfd_getfd",
        "pivot_root",
        "process_madvise",
        "quotactl",
        "quotactl_fd",
        "reboot",
        "setdomainname",
        "sethostname",
        "setns",
        "settimeofday",
        "swapoff",
        "swapon",
        "syslog",
        "umount",
        "umount2",
        "unshare",
        "userfaultfd",
        "uselib",
        "vhangup",
    ];
    for call in refused {
        assert_eq!(rules_for(call), Vec::<Value>::new(), "{call}");
    }
}

#[test]
fn rules_with_conditions_are_these() {
    let allow = |arg: Value| json!({ "action": "SCMP_ACT_ALLOW", "args": [arg] });
    let x86 = json!({ "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "includes": { "arches": ["amd64", "x86", "x32"] } });
    assert_eq!(rules_for("socketcall"), [x86]);
    let families = [
        allow(json!({ "index": 0, "value": 38, "op": "SCMP_CMP_LT" })),
        allow(json!({ "index": 0, "value": 39, "op": "SCMP_CMP_EQ" })),
        allow(json!({ "index": 0, "value": 40, "op": "SCMP_CMP_GT" })),
    ];
    assert_eq!(rules_for("socket"), families);
    let excludes = json!({ "caps": ["CAP_SYS_ADMIN"] });
    let clone3 = json!({ "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "excludes": excludes });
    assert_eq!(rules_for("clone3"), [clone3]);
    // Every CLONE_NEW… flag but CLONE_NEWTIME, which clone(2) cannot take.
    let namespaces = json!({ "index": 0, "value": 0x7e02_0000, "op": "SCMP_CMP_MASKED_EQ" });
    assert_eq!(rules_for("clone")[0]["args"], json!([namespaces]));
    assert_eq!(rules_for("clone").len(), 2);
    assert_eq!(rules_for("personality").len(), 5);
    for call in ["ptrace", "process_vm_readv", "process_vm_writev"] {
        let debugger = json!({ "action": "SCMP_ACT_ALLOW", "includes": { "minKernel": "4.8" } });
        assert_eq!(rules_for(call), [debugger], "{call}");
    }
}

/// A mode is the only thing that is asked for: neither setuid (04000) nor setgid (02000).
#[test]
fn no_mode_has_setuid_or_setgid() {
    let without =
        |index: u32, mask: u32| json!({ "index": index, "value": mask, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ" });
    let allow = |arg: Value| json!({ "action": "SCMP_ACT_ALLOW", "args": [arg] });
    let modes =
        [("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("fchmodat2", 2), ("creat", 1), ("mknod", 1), ("mknodat", 2)];
    for (call, index) in modes {
        assert_eq!(rules_for(call), [allow(without(index, 0o6000))], "{call}");
    }
    // The mode counts with O_CREAT and O_TMPFILE only.
    for (call, flags) in [("open", 1), ("openat", 2)] {
        let making = allow(without(flags, 0o20_000_100));
        assert_eq!(rules_for(call), [making, allow(without(flags + 1, 0o6000))], "{call}");
    }
}

/// The other rules are Moby's own: one for everybody, and one for each architecture's peculiarities.
#[test]
fn everything_else_is_unconditional_and_complete() {
    let plain: Vec<Value> = rules()
        .into_iter()
        .filter(|rule| rule.get("args").is_none() && rule.get("includes").is_none() && rule.get("excludes").is_none())
        .collect();
    let openat2 = json!({ "names": ["openat2"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38 });
    assert_eq!(plain[1..], [openat2], "its mode cannot be seen");
    assert_eq!(names(&plain[0]).len(), 350, "the 361 of Moby, without socketcall and what takes a mode");
    for call in ["execve", "seccomp", "landlock_restrict_self", "memfd_create", "epoll_pwait2", "statx"] {
        assert!(names(&plain[0]).contains(call), "{call}");
    }
    let by_architecture = rules().iter().filter(|rule| rule["includes"].get("arches").is_some()).count();
    assert_eq!(by_architecture, 8);
}

#[test]
fn it_covers_the_architectures_that_run_alongside() {
    let profile: Value = serde_json::from_str(PROFILE).unwrap();
    let amd64 = json!({ "architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"] });
    assert_eq!(profile["archMap"][0], amd64);
    assert_eq!(profile["archMap"][1]["architecture"], "SCMP_ARCH_AARCH64");
}
