use super::*;

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn every_part_of_a_request_is_part_of_its_digest() {
    let shell = |text: &str| words(&["/bin/sh", "-c", text]);
    let args = |value: &str| BTreeMap::from([("A".to_owned(), value.to_owned())]);
    let requests = [
        Request::root_setup("postCreate", "", &shell("apt-get install x")),
        Request::root_setup("postCreate", "", &shell("apt-get install  x")),
        Request::root_setup("onCreate", "", &shell("apt-get install x")),
        Request::root_setup("postCreate", "a", &shell("apt-get install x")),
        Request::root_setup("postCreate", "", &words(&["apt-get", "install", "x"])),
        Request::root_setup("postCreate", "", &words(&["apt-get", "install x"])),
        Request::build("Dockerfile", "FROM x\n", &BTreeMap::new(), None),
        Request::build("Dockerfile", "FROM x", &BTreeMap::new(), None),
        Request::build("Dockerfile", "FROM x\n", &args("1"), None),
        Request::build("Dockerfile", "FROM x\n", &args("2"), None),
        Request::build("Dockerfile", "FROM x\n", &BTreeMap::new(), Some("dev")),
    ];
    let digests: std::collections::BTreeSet<_> = requests.iter().map(|request| &request.digest).collect();
    assert_eq!(digests.len(), requests.len());
    assert!(requests.iter().all(|request| approvals::is_digest(&request.digest)));
    let contents: std::collections::BTreeSet<_> =
        requests.iter().map(|request| (&request.place, &request.content)).collect();
    assert_eq!(contents.len(), requests.len(), "what is different looks different");
}

#[test]
fn a_hook_is_named_with_or_without_command() {
    let request = Request::root_setup("postCreate", "tools", &words(&["sudo", "x"]));
    let cases = [("postCreate", true), ("postCreateCommand", true), ("onCreate", false), ("tools", false)];
    for (name, expected) in cases {
        assert_eq!(request.is_hook(name), expected, "{name}");
    }
}
