use super::*;

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn every_part_of_a_request_is_part_of_its_digest() {
    let shell = |text: &str| words(&["/bin/sh", "-c", text]);
    let args = |value: &str| BTreeMap::from([("A".to_owned(), value.to_owned())]);
    let (none, a1, a2) = (BTreeMap::new(), args("1"), args("2"));
    let build = |text: &str, args, target, buildkit| {
        let dockerfile = format!("sha256:{}", sha256_hex(text.as_bytes()));
        Request::build("Dockerfile", text, AskedBuild { dockerfile: &dockerfile, args, target, buildkit }, Vec::new())
    };
    let requests = [
        Request::root_setup("postCreate", "", &shell("apt-get install x")),
        Request::root_setup("postCreate", "", &shell("apt-get install  x")),
        Request::root_setup("onCreate", "", &shell("apt-get install x")),
        Request::root_setup("postCreate", "a", &shell("apt-get install x")),
        Request::root_setup("postCreate", "", &words(&["apt-get", "install", "x"])),
        Request::root_setup("postCreate", "", &words(&["apt-get", "install x"])),
        build("FROM x\n", &none, None, None),
        build("FROM x", &none, None, None),
        build("FROM x\n", &a1, None, None),
        build("FROM x\n", &a2, None, None),
        build("FROM x\n", &none, Some("dev"), None),
    ];
    let digests: std::collections::BTreeSet<_> = requests.iter().map(|request| &request.digest).collect();
    assert_eq!(digests.len(), requests.len());
    assert!(requests.iter().all(|request| approvals::is_digest(&request.digest)));
    let contents: std::collections::BTreeSet<_> =
        requests.iter().map(|request| (&request.place, &request.content)).collect();
    assert_eq!(contents.len(), requests.len(), "what is different looks different");
}

#[test]
fn an_approval_of_one_network_is_none_of_another() {
    let args = BTreeMap::new();
    let networks = [None, Some(BuildNetwork::None), Some(BuildNetwork::Engine), Some(BuildNetwork::Host)];
    let digests =
        networks.map(|buildkit| AskedBuild { dockerfile: "sha256:0", args: &args, target: None, buildkit }.digest());
    assert_eq!(digests.iter().collect::<std::collections::BTreeSet<_>>().len(), digests.len());
}

#[test]
fn a_hook_is_named_with_or_without_command() {
    let request = Request::root_setup("postCreate", "tools", &words(&["sudo", "x"]));
    let cases = [("postCreate", true), ("postCreateCommand", true), ("onCreate", false), ("tools", false)];
    for (name, expected) in cases {
        assert_eq!(request.is_hook(name), expected, "{name}");
    }
}
