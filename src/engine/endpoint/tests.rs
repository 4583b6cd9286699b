use super::*;

fn meta(host: &str) -> String {
    format!(r#"{{"Name":"x","Metadata":{{}},"Endpoints":{{"docker":{{"Host":"{host}","SkipTLSVerify":false}}}}}}"#)
}

fn settings(host: Option<&str>, context: Option<&str>, config: Option<&str>) -> Settings {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Settings { host: owned(host), context: owned(context), tls_verify: None, config: owned(config) }
}

fn lookup(name: &str) -> Option<StoredContext> {
    match name {
        "rootless" => Some(StoredContext { meta: meta("unix:///run/user/1000/docker.sock"), has_tls: false }),
        "remote" => Some(StoredContext { meta: meta("tcp://engine.example.com:2376"), has_tls: true }),
        "broken" => Some(StoredContext { meta: "{}".to_owned(), has_tls: false }),
        _ => None,
    }
}

#[test]
fn the_order_is_the_one_of_the_docker_cli() {
    let current = r#"{"auths":{},"currentContext":"rootless"}"#;
    let cases = [
        (settings(None, None, None), "unix:///var/run/docker.sock"),
        (settings(Some(""), Some(""), Some("{}")), "unix:///var/run/docker.sock"),
        (settings(None, None, Some(current)), "unix:///run/user/1000/docker.sock"),
        (settings(None, Some("default"), Some(current)), "unix:///var/run/docker.sock"),
        (settings(None, Some("rootless"), None), "unix:///run/user/1000/docker.sock"),
        (settings(Some("unix:///a.sock"), Some("rootless"), Some(current)), "unix:///a.sock"),
        (settings(Some("tcp://127.0.0.1:2375/"), None, None), "tcp://127.0.0.1:2375"),
    ];
    for (settings, expected) in cases {
        assert_eq!(resolve(&settings, lookup).unwrap().to_string(), expected, "{settings:?}");
    }
}

#[test]
fn what_cannot_be_used_is_said() {
    let unsupported = |host: &str| EndpointError::Unsupported { host: host.to_owned() };
    let named = |name: &str| name.to_owned();
    let cases = [
        (settings(Some("ssh://me@example.com"), None, None), unsupported("ssh://me@example.com")),
        (settings(Some("unix://relative"), None, None), unsupported("unix://relative")),
        (settings(Some("tcp://example.com"), None, None), unsupported("tcp://example.com")),
        (settings(Some("tcp://:2375"), None, None), unsupported("tcp://:2375")),
        (settings(Some("/var/run/docker.sock"), None, None), unsupported("/var/run/docker.sock")),
        (settings(Some("https://example.com:2376"), None, None), EndpointError::Tls),
        (settings(None, Some("remote"), None), EndpointError::Tls),
        (settings(None, Some("gone"), None), EndpointError::UnknownContext { name: named("gone") }),
        (settings(None, Some("broken"), None), EndpointError::BrokenContext { name: named("broken") }),
        (settings(None, None, Some("[")), EndpointError::BrokenConfig),
    ];
    for (settings, expected) in cases {
        let error = resolve(&settings, lookup).unwrap_err();
        assert_eq!(error, expected, "{settings:?}");
        assert!(error.hint().is_some());
    }
    let tls = Settings { tls_verify: Some("1".to_owned()), ..settings(Some("tcp://127.0.0.1:2376"), None, None) };
    assert_eq!(resolve(&tls, lookup), Err(EndpointError::Tls));
}

#[test]
fn a_context_lies_under_the_digest_of_its_name() {
    let digest = "12b961af5feb3e9d39f93b2cefb9a1a944f18d02cca0cac2f04f5a982240605f";
    assert_eq!(context_folder("rootless"), digest);
}
