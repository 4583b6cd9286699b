use super::*;

#[test]
fn the_hard_limit_of_open_files() {
    let text = "Limit                     Soft Limit           Hard Limit           Units     \n\
                Max cpu time              unlimited            unlimited            seconds   \n\
                Max open files            1024                 20000                files     \n";
    assert_eq!(hard_nofile(text), Some(20000));
    assert_eq!(hard_nofile("Max open files            1024                 unlimited            files"), None);
    assert_eq!(hard_nofile(""), None);
}

#[test]
fn the_folder_of_an_engine_is_one_of_this_machine_or_none() {
    let uname = rustix::system::uname();
    let here = uname.release().to_str().unwrap();
    let (unix, tcp) = (Endpoint::Unix("/var/run/docker.sock".into()), Endpoint::Tcp("127.0.0.1:2375".to_owned()));
    let cases = [
        (&unix, Some(here), Some("/var/lib/docker"), Some("/var/lib/docker")),
        (&unix, Some("6.6.12-linuxkit"), Some("/var/lib/docker"), None),
        (&unix, None, Some("/var/lib/docker"), None),
        (&unix, Some(here), Some("C:\\ProgramData\\Docker"), None),
        (&unix, Some(here), None, None),
        (&tcp, Some(here), Some("/var/lib/docker"), None),
    ];
    for (endpoint, kernel, root, expected) in cases {
        assert_eq!(root_here(endpoint, kernel, root).as_deref(), expected, "{endpoint} {kernel:?} {root:?}");
    }
}
