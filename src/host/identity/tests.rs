use super::*;

#[test]
fn the_home_folder_of_an_account() {
    let passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\na:x:1000:1000::/home/a:/bin/sh\nb:x:1001:1001::relative:\n";
    let cases = [(0, Some("/root")), (1000, Some("/home/a")), (1001, None), (7, None)];
    for (uid, home) in cases {
        assert_eq!(home_of(passwd, uid), home.map(PathBuf::from), "{uid}");
    }
}
