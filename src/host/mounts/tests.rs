use super::*;

const LIST: &[u8] = b"\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
23 22 0:21 / /proc rw,nosuid shared:2 - proc proc rw
24 22 0:50 / /home/a/shop/.vscode rw - tmpfs none rw
25 24 0:51 / /home/a/shop/.vscode/deep\\040er\\134 rw - tmpfs none rw
26 22 0:52 / /home/a/shop-2/x\\012\xff rw - tmpfs none rw
27 22 0:53 /secret /home/a/web/data ro,relatime - ext4 /dev/root rw
";

#[test]
fn only_what_lies_in_a_folder_is_below_it() {
    let mounts = Mounts::parse(LIST);
    let cases: [(&str, Option<&[u8]>); 8] = [
        ("/home/a/shop", Some(b"/home/a/shop/.vscode")),
        ("/home/a/shop/.vscode", Some(b"/home/a/shop/.vscode/deep er\\")),
        ("/home/a/shop/.vscode/deep er\\", None),
        ("/home/a/shop/.idea", None),
        ("/home/a/sho", None),
        ("/home/a/shop-2", Some(b"/home/a/shop-2/x\n\xff")),
        ("/home/a/web", Some(b"/home/a/web/data")),
        ("/home/b", None),
    ];
    for (folder, expected) in cases {
        let found = mounts.below(Path::new(folder)).map(|place| place.as_os_str().as_bytes());
        assert_eq!(found, expected, "{folder}");
    }
}

#[test]
fn the_kernel_has_a_list() {
    assert_eq!(Mounts::read().unwrap().below(Path::new("/")).map(Path::is_absolute), Some(true));
}
