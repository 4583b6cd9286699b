use http::HeaderValue;

use super::*;

#[test]
fn only_dockers_engine_tells_its_versions_with_every_answer() {
    let cases = [
        (Some("Docker/26.1.5+dfsg1 (linux)"), Some("1.45"), Some(("26.1.5+dfsg1", "1.45"))),
        (Some("Docker/20.10.24"), Some("1.41"), Some(("20.10.24", "1.41"))),
        (Some("Docker/26.1.5 (linux)"), None, None),
        (Some("Libpod/4.3.1 (linux)"), Some("1.41"), None),
        (None, Some("1.45"), None),
    ];
    for (server, api, expected) in cases {
        let mut fields = HeaderMap::new();
        for (name, value) in [("server", server), ("api-version", api)] {
            if let Some(value) = value {
                fields.insert(name, HeaderValue::from_static(value));
            }
        }
        let found = versions_of(&fields);
        assert_eq!(found.as_ref().map(|found| (found.version.as_str(), found.api.as_str())), expected, "{server:?}");
    }
}
