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
