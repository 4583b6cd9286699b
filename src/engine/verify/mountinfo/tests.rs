use super::*;
use crate::engine::fixture;

const TEXT: &str = "\
600 500 0:50 / / rw,relatime - overlay overlay rw
601 600 0:51 / /proc rw,nosuid - proc proc rw
602 600 254:0 /var/lib/docker/containers/abc/hostname /etc/hostname rw,relatime - ext4 /dev/root rw
603 600 254:0 /data/homes/0 /home/agent rw,relatime - ext4 /dev/root rw
604 600 254:0 /home/a/web /workspaces/web rw,relatime - ext4 /dev/root rw
605 600 254:0 /volumes/0 /cache rw,relatime master:1 - ext4 /dev/root rw
606 600 0:52 / /scratch rw,nosuid - tmpfs tmpfs rw
607 600 254:0 /data/programs/0 /run/cloister/bin ro,relatime - ext4 /dev/root rw
608 600 254:0 /state/files /run/cloister/files ro,relatime - ext4 /dev/root rw
609 604 254:9 / /workspaces/web/with\\040space rw - ext4 /dev/other rw
";

fn mismatches(text: &str) -> Vec<String> {
    let volumes = ["/image-volume".to_owned()];
    compare(&fixture::container(), &volumes, text).into_iter().map(|mismatch| mismatch.to_string()).collect()
}

#[test]
fn what_the_kernel_mounted_is_what_was_planned() {
    assert_eq!(mismatches(TEXT), Vec::<String>::new());
    assert_eq!(mismatches(&format!("{TEXT}610 600 0:60 / /image-volume rw - ext4 x rw\n")), Vec::<String>::new());
}

#[test]
fn differences_are_noticed() {
    let host = format!("{TEXT}610 600 254:0 / /host rw - ext4 /dev/root rw\n");
    let over = format!("{TEXT}610 607 254:0 /x /run/cloister/bin/cloister-init rw - ext4 /dev/root rw\n");
    let cases = [
        (
            TEXT.replace("/run/cloister/bin ro,", "/run/cloister/bin rw,"),
            "mount /run/cloister/bin is writable, not read-only",
        ),
        (
            TEXT.replace("/workspaces/web rw,relatime -", "/workspaces/web rw shared:7 -"),
            "mount /workspaces/web is shared, not private",
        ),
        (TEXT.replace(" /scratch ", " /scratched "), "mount /scratch is absent, not there"),
        (host, "mount /host is there, not absent"),
        (over, "mount /run/cloister/bin/cloister-init is there, not absent"),
    ];
    for (text, expected) in cases {
        assert_eq!(mismatches(&text).first().map(String::as_str), Some(expected));
    }
}

#[test]
fn the_list_of_another_process_is_none() {
    assert!(belongs_to(TEXT, "abc"));
    assert!(!belongs_to(TEXT, "def"));
    assert!(!belongs_to("", "abc"));
}
