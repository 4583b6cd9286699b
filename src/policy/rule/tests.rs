use proptest::prelude::*;

use super::{Rule, RuleError};
use crate::policy::host::HostError;

#[test]
fn rules_have_one_canonical_text() {
    for (text, canonical) in [
        ("example.com", "example.com"),
        ("Example.COM.", "example.com"),
        ("example.com:8443", "example.com:8443"),
        ("example.com:22/raw", "example.com:22/raw"),
        ("*.example.com", "*.example.com"),
        ("**.Example.com:443", "**.example.com:443"),
        ("mirror", "mirror"),
        ("*.corp.internal", "*.corp.internal"),
        ("192.0.2.1:443", "192.0.2.1:443"),
        ("[2001:DB8::1]:443", "[2001:db8::1]:443"),
        ("192.0.2.1:22/raw", "192.0.2.1:22/raw"),
    ] {
        assert_eq!(Rule::parse(text).expect(text).as_str(), canonical);
    }
}

#[test]
fn mistakes_are_named() {
    for (text, error) in [
        ("", RuleError::Host(HostError::Empty)),
        ("https://example.com", RuleError::Shape),
        ("example.com/path", RuleError::Shape),
        ("example.com:443/RAW", RuleError::Shape),
        ("example.com/raw", RuleError::RawWithoutPort("example.com".to_owned())),
        ("example.com:", RuleError::Port(String::new())),
        ("example.com:0", RuleError::Port("0".to_owned())),
        ("example.com:0443", RuleError::Port("0443".to_owned())),
        ("example.com:+443", RuleError::Port("+443".to_owned())),
        ("example.com:65536", RuleError::Port("65536".to_owned())),
        ("example.com:https", RuleError::Port("https".to_owned())),
        ("*", RuleError::Wildcard),
        ("*.*.example.com", RuleError::Wildcard),
        ("api.*.example.com", RuleError::Wildcard),
        ("*example.com", RuleError::Wildcard),
        ("***.example.com", RuleError::Wildcard),
        ("*.com", RuleError::PublicSuffix("com".to_owned())),
        ("**.co.uk", RuleError::PublicSuffix("co.uk".to_owned())),
        ("*.github.io", RuleError::PublicSuffix("github.io".to_owned())),
        ("*.internal", RuleError::PublicSuffix("internal".to_owned())),
        ("*.", RuleError::Host(HostError::Empty)),
        ("192.0.2.1", RuleError::AddressWithoutPort("192.0.2.1:443".to_owned())),
        ("[2001:db8::1]", RuleError::AddressWithoutPort("[2001:db8::1]:443".to_owned())),
        ("2001:db8::1", RuleError::AddressForm),
        ("127.1:443", RuleError::AddressForm),
        ("0x7f.1:443", RuleError::AddressForm),
        ("192.0.2.0/24", RuleError::Shape),
        ("*.192.0.2.1:443", RuleError::AddressForm),
        ("user@example.com", RuleError::Host(HostError::UserInfo)),
        ("exämple.com", RuleError::Host(HostError::NotAscii)),
        ("localhost:8080", RuleError::Local("localhost".to_owned())),
        ("a.localhost", RuleError::Local("a.localhost".to_owned())),
        ("host.docker.internal", RuleError::Local("host.docker.internal".to_owned())),
        ("**.metadata.google.internal", RuleError::Local("metadata.google.internal".to_owned())),
    ] {
        assert_eq!(Rule::parse(text), Err(error), "{text:?}");
    }
}

#[test]
fn denying_may_be_broader() {
    for text in ["*.com", "**.internal", "localhost", "*.github.io"] {
        assert_eq!(Rule::parse_deny(text).expect(text).as_str(), text);
    }
    assert_eq!(Rule::parse_deny("*"), Err(RuleError::Wildcard));
}

proptest! {
    #[test]
    fn any_text_is_refused_or_canonical(text in "(\\*{0,2}\\.?)[a-z0-9.\\[\\]:-]{0,30}(:[0-9]{0,6})?(/raw)?") {
        if let Ok(rule) = Rule::parse(&text) {
            prop_assert_eq!(Rule::parse(rule.as_str()), Ok(rule.clone()));
        }
    }
}
