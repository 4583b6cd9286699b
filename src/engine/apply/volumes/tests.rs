use super::*;

fn labels(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_volume_is_plain_and_this_sandboxs_own() {
    let own = [
        ("cloister.sandbox", "0123456789ab"),
        ("cloister.user", "1000"),
        ("cloister.instance", "89abcdef"),
        ("cloister.workspace", "/home/a/web"),
    ];
    let with = |name: &str, value: &str| {
        let mut changed = labels(&own);
        changed.insert(name.to_owned(), value.to_owned());
        changed
    };
    let folder = [("type", "none"), ("o", "bind"), ("device", "/etc")];
    let cases = [
        ("as it was made", labels(&own), "local", labels(&[]), true),
        ("under another path", with("cloister.workspace", "/mnt/web"), "local", labels(&[]), true),
        ("another state folder's", with("cloister.instance", "01234567"), "local", labels(&[]), false),
        ("another sandbox's", with("cloister.sandbox", "ba9876543210"), "local", labels(&[]), false),
        ("another user's", with("cloister.user", "1001"), "local", labels(&[]), false),
        ("nobody's", labels(&[]), "local", labels(&[]), false),
        ("a folder of the host", labels(&own), "local", labels(&folder), false),
        ("memory", labels(&own), "local", labels(&[("type", "tmpfs")]), false),
        ("a program's", labels(&own), "sshfs", labels(&[]), false),
    ];
    for (name, found, driver, options, fine) in cases {
        let volume = Volume { labels: found, driver: driver.to_owned(), options, ..Volume::default() };
        assert_eq!(check(&volume, &labels(&own)).is_ok(), fine, "{name}");
    }
}
