use super::*;
use crate::source::Origin;

fn plan() -> Build {
    Build {
        dockerfile: "Dockerfile".to_owned(),
        digest: String::new(),
        context: ".".to_owned(),
        args: [("A&networkmode".to_owned(), "host&remote=http://example.com/".to_owned())].into(),
        target: Some("dev&t=other".to_owned()),
        cache_from: Vec::new(),
        network: BuildNetwork::Guardian,
        buildkit: false,
        approved: false,
    }
}

#[test]
fn the_call_says_everything_and_nothing_of_the_project_can_add_to_it() {
    let plan = plan();
    let limits = crate::engine::fixture::container().limits;
    let parameters = Parameters {
        plan: &plan,
        tag: "cloister-build-0",
        holder: None,
        declared: &[],
        limits: &limits,
        cache_from: &[],
        labels: &[("cloister.workspace".to_owned(), "/home/a/b c&d".to_owned())].into(),
    };
    let path = path(&parameters);
    let query = path.strip_prefix("/build?").unwrap();
    let pairs: BTreeMap<_, _> = query.split('&').map(|pair| pair.split_once('=').unwrap()).collect();
    assert_eq!(pairs.len(), query.split('&').count(), "{query}");
    let expected = [
        ("version", "1"),
        ("networkmode", "none"),
        ("forcerm", "1"),
        ("t", "cloister-build-0"),
        ("dockerfile", ".dockerfile.cloister"),
        ("memory", "1073741824"),
        ("memswap", "1073741824"),
        ("cpuquota", "400000"),
        ("target", "dev%26t%3Dother"),
    ];
    for (name, value) in expected {
        assert_eq!(pairs.get(name), Some(&value), "{name}");
    }
    assert!(!pairs.contains_key("remote") && !pairs.contains_key("cachefrom") && !pairs.contains_key("pull"));
    assert!(path.bytes().all(|byte| byte.is_ascii_graphic()));
}

#[test]
fn buildkit_gets_the_network_that_was_approved_and_nothing_to_ask_for() {
    let limits = crate::engine::fixture::container().limits;
    let asked = |network| {
        let plan = Build { network, buildkit: true, ..plan() };
        let (cache_from, labels) = (&[], &BTreeMap::new());
        let tag = "cloister-build-0";
        path(&Parameters { plan: &plan, tag, holder: None, declared: &[], limits: &limits, cache_from, labels })
    };
    for (network, mode) in
        [(BuildNetwork::None, "none"), (BuildNetwork::Engine, "default"), (BuildNetwork::Host, "host")]
    {
        let path = asked(network);
        assert!(path.contains("&version=2&") && path.contains(&format!("&networkmode={mode}")), "{path}");
        for absent in ["session", "buildid", "remote=", "cachefrom", "outputs", "pull", "_PROXY", "_proxy"] {
            assert!(!path.contains(absent), "{absent}: {path}");
        }
    }
}

#[test]
fn a_proxy_that_the_dockerfile_declares_gets_no_value() {
    let declared = ["HTTP_PROXY", "no_proxy", "OTHER"].map(|name| Spanned::new(name.to_owned(), Origin::default()));
    let args = proxy_arguments("http://u:t@192.0.2.1:3128", &declared);
    assert_eq!(args.keys().collect::<Vec<_>>(), ["HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy"]);
    let hidden = [Spanned::new("HTTP_${X}".to_owned(), Origin::default())];
    assert_eq!(proxy_arguments("http://u:t@192.0.2.1:3128", &hidden), BTreeMap::new());
}
