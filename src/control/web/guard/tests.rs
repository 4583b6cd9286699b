use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::{Refused, addressed, from_own_page};

fn fields(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for (name, value) in pairs {
        fields.append(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
    }
    fields
}

#[test]
fn only_its_own_names_lead_to_it() {
    let cases: &[(&[&str], Result<(), Refused>)] = &[
        (&["127.0.0.1:7777"], Ok(())),
        (&["localhost:7777"], Ok(())),
        (&["[::1]:7777"], Ok(())),
        (&[], Err(Refused::Hosts)),
        (&["127.0.0.1:7777", "127.0.0.1:7777"], Err(Refused::Hosts)),
        (&["evil.test:7777"], Err(Refused::Host)),
        (&["127.0.0.1.evil.test"], Err(Refused::Host)),
        (&["127.0.0.1:7777.evil.test"], Err(Refused::Host)),
        (&["127.0.0.1"], Err(Refused::Host)),
        (&["127.0.0.1:77777"], Err(Refused::Host)),
        (&["127.1:7777"], Err(Refused::Host)),
        (&["LOCALHOST:7777"], Err(Refused::Host)),
        (&["user@127.0.0.1:7777"], Err(Refused::Host)),
    ];
    for (hosts, expected) in cases {
        let hosts: Vec<_> = hosts.iter().map(|host| ("host", *host)).collect();
        assert_eq!(addressed(&Method::GET, &fields(&hosts), 7777), *expected, "{hosts:?}");
    }
}

#[test]
fn other_methods_are_not_answered() {
    for method in [Method::PUT, Method::DELETE, Method::OPTIONS, Method::HEAD, Method::PATCH, Method::CONNECT] {
        let asked = addressed(&method, &fields(&[("host", "localhost:7777")]), 7777);
        assert_eq!(asked, Err(Refused::Method), "{method}");
    }
}

#[test]
fn only_our_page_changes_anything() {
    let good = [("host", "localhost:7777"), ("origin", "http://localhost:7777"), ("content-type", "application/json")];
    let token = ("x-cloister-token", "secret");
    let with = |name: &str, value: &'static str| {
        let mut pairs = Vec::from(good);
        pairs.push(token);
        pairs.retain(|pair| pair.0 != name);
        pairs.extend((!value.is_empty()).then_some((
            match name {
                "origin" => "origin",
                "content-type" => "content-type",
                _ => "x-cloister-token",
            },
            value,
        )));
        from_own_page(&fields(&pairs), 7777, "secret")
    };
    assert_eq!(with("origin", "http://localhost:7777"), Ok(()));
    let cases = [
        ("origin", "", Refused::Origin),
        ("origin", "null", Refused::Origin),
        ("origin", "https://evil.test", Refused::Origin),
        ("origin", "http://127.0.0.1:7777", Refused::Origin),
        ("origin", "http://localhost:7777.evil.test", Refused::Origin),
        ("origin", "http://localhost", Refused::Origin),
        ("content-type", "", Refused::Type),
        ("content-type", "text/plain", Refused::Type),
        ("content-type", "application/x-www-form-urlencoded", Refused::Type),
        ("content-type", "text/plain; application/json", Refused::Type),
        ("x-cloister-token", "", Refused::Token),
        ("x-cloister-token", "secre", Refused::Token),
        ("x-cloister-token", "Secret", Refused::Token),
    ];
    for (name, value, expected) in cases {
        assert_eq!(with(name, value), Err(expected), "{name}: {value}");
    }
}
