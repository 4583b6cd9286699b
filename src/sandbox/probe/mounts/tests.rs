use std::path::{Path, PathBuf};

use super::{Mount, candidates, mounted_sockets, mounts};

const MOUNTINFO: &str = "\
109 61 0:50 / / rw,relatime master:3 - overlay overlay rw,lowerdir=/x
126 109 254:0 /home/me/my\\040project /workspace rw,relatime - ext4 /dev/vda rw
127 109 0:24 /docker.sock /tmp/innocent rw,nosuid - tmpfs tmpfs rw
128 109 0:24 / /hostrun rw,nosuid - tmpfs tmpfs rw
110 109 0:53 / /proc rw - proc proc rw
";

#[test]
fn lines_become_mounts() {
    let list = mounts(MOUNTINFO);
    assert_eq!(list[1], Mount { root: "/home/me/my project".to_owned(), target: "/workspace".to_owned() });
    assert_eq!(list.len(), 5);
    assert_eq!(mounts("garbage\n\n1 2 3"), []);
}

#[test]
fn a_renamed_socket_is_found_by_its_source() {
    assert_eq!(mounted_sockets(&mounts(MOUNTINFO)), [PathBuf::from("/tmp/innocent")]);
}

#[test]
fn a_mounted_parent_is_searched() {
    let paths = candidates(&mounts(MOUNTINFO), "1000");
    for expected in [
        "/var/run/docker.sock",
        "/run/containerd/containerd.sock",
        "/run/user/1000/podman/podman.sock",
        "/hostrun/docker.sock",
        "/hostrun/containerd/containerd.sock",
        "/workspace/var/run/docker.sock",
    ] {
        assert!(paths.contains(&Path::new(expected).to_owned()), "{expected}");
    }
    assert!(!paths.iter().any(|path| path.starts_with("/proc")));
}
