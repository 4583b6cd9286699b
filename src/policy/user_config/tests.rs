use std::collections::BTreeSet;

use serde_json::Value;

use super::super::model::LimitCaps;
use super::super::rule::Rule;
use super::*;

fn outcome(text: &str) -> (Option<Policy>, Vec<String>) {
    let (policy, diagnostics) = read(&Source::new("config.json5", text));
    let told = |one: &Diagnostic| format!("{}:{} {}", one.location.line, one.location.column, one.message);
    (policy, diagnostics.iter().map(told).collect())
}

fn policy(text: &str) -> Policy {
    let (policy, told) = outcome(text);
    assert_eq!(told, Vec::<String>::new(), "{text}");
    policy.expect(text)
}

#[test]
fn an_empty_file_is_the_builtin_policy() {
    for text in ["{}", "// nothing\n{}", "{ mounts: [], hostexec: {}, approvals: {}, network: { upstreamProxy: '' } }"]
    {
        assert_eq!(policy(text), Policy::builtin(), "{text}");
    }
}

#[test]
fn every_key_reaches_the_policy() {
    let policy = policy(
        r#"{
            // JSON5: comments, single quotes, trailing commas
            presets: ['ai'], allow: ["example.com", "*.example.org:8443",], deny: ['**.example.net'],
            env: { pass: ['API_KEY'], local: ['EDITOR'] },
            network: { pool: '172.20.0.0/16', permitAddresses: ['10.1.0.0/16', 'fd00::/8'],
                       hosts: { 'Build.Example.com': '192.0.2.10' }, caBundle: '/etc/ssl/ca.pem' },
            limits: { pids: 0x100, memory: '2g', cpus: .5, nofile: 1024, shm: 67108864, freeSpace: '5g' },
            allowRootWorkspace: true,
            strict: true,
        }"#,
    );
    assert_eq!(policy.egress.presets, BTreeSet::from(["ai".to_owned()]));
    assert!(policy.egress.allow.contains(&Rule::parse("*.example.org:8443").expect("a rule")));
    assert_eq!(policy.egress.deny, BTreeSet::from([Rule::parse_deny("**.example.net").expect("a rule")]));
    assert_eq!(policy.env.pass, BTreeSet::from(["API_KEY".to_owned()]));
    assert_eq!(policy.env.local, BTreeSet::from(["EDITOR".to_owned()]));
    assert_eq!(policy.network.pool.to_string(), "172.20.0.0/16");
    assert_eq!(policy.network.permit_addresses.len(), 2);
    assert_eq!(policy.network.hosts.keys().map(|host| host.as_str()).collect::<Vec<_>>(), ["build.example.com"]);
    assert_eq!(policy.network.ca_bundle.expect("a path").to_str(), Some("/etc/ssl/ca.pem"));
    let limits = LimitCaps { pids: 256, memory: 2 << 30, cpus: 0.5, nofile: 1024, shm: 64 << 20, free_space: 5 << 30 };
    assert_eq!(policy.limits, limits);
    assert!(policy.allow_root_workspace && policy.strict);
}

#[test]
fn what_cannot_be_allowed_can_be_denied() {
    let policy = policy("{ allow: ['10.1.2.3:443'], deny: ['169.254.169.254:80'] }");
    assert_eq!(policy.egress.deny.len(), 1);
    assert!(
        policy.egress.allow.contains(&Rule::parse("10.1.2.3:443").expect("a rule")),
        "a private address is the user's"
    );
}

#[test]
fn no_presets_means_none() {
    assert_eq!(policy("{ presets: [] }").egress, Egress::default());
}

#[test]
fn every_mistake_names_its_key_and_its_place_and_gives_no_policy() {
    let cases = [
        ("", "1:1 the file is not JSON5: it ends in the middle of a value"),
        ("{\n  allow: [\n", "2:10 the file is not JSON5: it ends in the middle of a value"),
        ("{ allow: ['a.example.com' 'b.example.com'] }", "1:27 the file is not JSON5: a comma is missing"),
        ("[]", "1:1 the file does not hold an object"),
        ("{ allow: [],\n 'allow': [] }", "2:2 `allow` is set twice in the same object"),
        ("{ alow: [] }", "1:3 `alow` is not a key of this file"),
        ("{ env: { pas: [] } }", "1:10 `env.pas` is not a key of this file"),
        (
            "{ allow: 'example.com' }",
            "1:10 `allow` takes a list of rules such as \"example.com\", \"*.example.com\" or \"example.com:22/raw\", not \"example.com\"",
        ),
        ("{ allow: [\n  'example.com', 1] }", "2:18 `allow[1]` takes a string, not 1"),
        (
            "{ allow: ['*.com'] }",
            "1:11 `allow[0]` does not take \"*.com\": a wildcard over \"com\" reaches sites of everybody who registers a name there; name the hosts",
        ),
        ("{ presets: ['everything'] }", "1:13 `presets[0]` does not take \"everything\": there is no such preset"),
        ("{ env: [] }", "1:8 `env` takes an object, not a list"),
        (
            "{ env: { pass: ['A=B'] } }",
            "1:17 `env.pass[0]` does not take \"A=B\": it is not a name of letters, digits and underscores",
        ),
        (
            "{ network: { pool: '10.222.0.1/16' } }",
            "1:20 `network.pool` does not take \"10.222.0.1/16\": bits are set behind the prefix",
        ),
        (
            "{ network: { pool: '10.222.0.0/29' } }",
            "1:20 `network.pool` does not take \"10.222.0.0/29\": it has no room for one sandbox (/28)",
        ),
        (
            "{ network: { pool: '203.0.113.0/24' } }",
            "1:20 `network.pool` does not take \"203.0.113.0/24\": it is not private (RFC 1918)",
        ),
        (
            "{ network: { permitAddresses: ['10.1.2.3'] } }",
            "1:32 `network.permitAddresses[0]` does not take \"10.1.2.3\": it is not a network; a single address is written with /32 or /128",
        ),
        (
            "{ network: { permitAddresses: ['0.0.0.0/0'] } }",
            "1:32 `network.permitAddresses[0]` does not take \"0.0.0.0/0\": it is every address there is, which would end all vetting",
        ),
        (
            "{ network: { permitAddresses: ['10.0.0.0/8'] } }",
            "1:32 `network.permitAddresses[0]` does not take \"10.0.0.0/8\": it overlaps the pool, so sandboxes could reach each other",
        ),
        (
            "{ network: { permitAddresses: ['127.0.0.1/32'] } }",
            "1:32 `network.permitAddresses[0]` does not take \"127.0.0.1/32\": loopback addresses are the guardian itself",
        ),
        (
            "{ network: { permitAddresses: ['169.254.169.254/32'] } }",
            "1:32 `network.permitAddresses[0]` does not take \"169.254.169.254/32\": it is a link-local address, which no sandbox may ever reach",
        ),
        (
            "{ network: { permitAddresses: ['169.254.0.0/16'] } }",
            "1:32 `network.permitAddresses[0]` does not take \"169.254.0.0/16\": it is a link-local address, which no sandbox may ever reach",
        ),
        (
            "{ network: { permitAddresses: ['fe80::/10'] } }",
            "1:32 `network.permitAddresses[0]` does not take \"fe80::/10\": it is a link-local address, which no sandbox may ever reach",
        ),
        (
            "{ network: { permitAddresses: ['fd00:ec2::254/128'] } }",
            "1:32 `network.permitAddresses[0]` does not take \"fd00:ec2::254/128\": it is a metadata service, which no sandbox may ever reach",
        ),
        (
            "{ network: { permitAddresses: ['224.0.0.0/4'] } }",
            "1:32 `network.permitAddresses[0]` does not take \"224.0.0.0/4\": it is a multicast address, which no sandbox may ever reach",
        ),
        (
            "{ allow: ['169.254.169.254:80'] }",
            "1:11 `allow[0]` does not take \"169.254.169.254:80\": it is a link-local address, which no sandbox may ever reach",
        ),
        (
            "{ allow: ['127.0.0.1:443'] }",
            "1:11 `allow[0]` does not take \"127.0.0.1:443\": it is a loopback address, which no sandbox may ever reach",
        ),
        (
            "{ allow: ['[::1]:443'] }",
            "1:11 `allow[0]` does not take \"[::1]:443\": it is a loopback or IPv4-compatible address, which no sandbox may ever reach",
        ),
        (
            "{ allow: ['0.0.0.0:80'] }",
            "1:11 `allow[0]` does not take \"0.0.0.0:80\": it is an unspecified address, which no sandbox may ever reach",
        ),
        (
            "{ allow: ['[::ffff:10.0.0.1]:443'] }",
            "1:11 `allow[0]` does not take \"[::ffff:10.0.0.1]:443\": it is an IPv4-mapped address, which no sandbox may ever reach",
        ),
        (
            "{ allow: ['10.222.0.2:3128'] }",
            "1:11 `allow[0]` does not take \"10.222.0.2:3128\": it is an address of the pool: a sandbox's, or the guardian's, which no sandbox may ever reach",
        ),
        (
            "{ allow: ['10.7.0.2:3128'], network: { pool: '10.7.0.0/16' } }",
            "1:11 `allow[0]` does not take \"10.7.0.2:3128\": it is an address of the pool: a sandbox's, or the guardian's, which no sandbox may ever reach",
        ),
        (
            "{ network: { hosts: { 'a.example.com': '169.254.169.254' } } }",
            "1:40 `network.hosts.a.example.com` does not take \"169.254.169.254\": it is a link-local address, which no sandbox may ever reach",
        ),
        (
            "{ network: { hosts: { 'a.example.com': 'b.example.com' } } }",
            "1:40 `network.hosts.a.example.com` does not take \"b.example.com\": it is not an address",
        ),
        (
            "{ network: { caBundle: 'ca.pem' } }",
            "1:24 `network.caBundle` takes the absolute path of a PEM file, not \"ca.pem\"",
        ),
        (
            "{ network: { upstreamProxy: 'http://proxy.example.com' } }",
            "1:14 `network.upstreamProxy` is not supported by this version",
        ),
        ("{ mounts: ['/x'] }", "1:3 `mounts` is not supported by this version"),
        ("{ hostexec: { a: 1 } }", "1:3 `hostexec` is not supported by this version"),
        ("{ approvals: true }", "1:3 `approvals` is not supported by this version"),
        ("{ limits: { pids: 0 } }", "1:19 `limits.pids` takes a whole number above zero, not 0"),
        ("{ limits: { pids: 1.5 } }", "1:19 `limits.pids` takes a whole number above zero, not 1.5"),
        (
            "{ limits: { memory: '8 bananas' } }",
            "1:21 `limits.memory` takes a size of at least 6m, such as \"2g\", not \"8 bananas\"",
        ),
        ("{ limits: { memory: 1 } }", "1:21 `limits.memory` takes a size of at least 6m, such as \"2g\", not 1"),
        ("{ limits: { cpus: NaN } }", "1:19 `limits.cpus` takes a number of CPUs such as 2 or 0.5, not null"),
        (
            "{ limits: { freeSpace: 'half' } }",
            "1:24 `limits.freeSpace` takes a size of at least 1m, such as \"5GiB\", or 0 to watch nothing, not \"half\"",
        ),
        (
            "{ limits: { freeSpace: 5 } }",
            "1:24 `limits.freeSpace` takes a size of at least 1m, such as \"5GiB\", or 0 to watch nothing, not 5",
        ),
        (
            "{ limits: { freeSpace: '5' } }",
            "1:24 `limits.freeSpace` takes a size of at least 1m, such as \"5GiB\", or 0 to watch nothing, not \"5\"",
        ),
        ("{ limits: { shm: 5 } }", "1:18 `limits.shm` takes a size of at least 1m, such as \"512m\", not 5"),
        ("{ limits: { cpus: -1 } }", "1:19 `limits.cpus` takes a number of CPUs such as 2 or 0.5, not -1"),
        ("{ allowRootWorkspace: 'yes' }", "1:23 `allowRootWorkspace` takes true or false, not \"yes\""),
    ];
    for (text, expected) in cases {
        assert_eq!(outcome(text), (None, vec![expected.to_owned()]), "{text}");
    }
}

#[test]
fn a_variable_that_would_break_every_process_is_not_passed() {
    let own = "cloister sets this variable in every sandbox";
    let machine = "it names folders of your machine, and programs of the sandbox would not be found or not run";
    let cases = [
        ("HTTP_PROXY", own),
        ("https_proxy", own),
        ("No_Proxy", own),
        ("ALL_PROXY", own),
        ("ftp_proxy", own),
        ("NODE_USE_ENV_PROXY", own),
        ("CLOISTER_EXEC", own),
        ("HOME", own),
        ("USER", own),
        ("LOGNAME", own),
        ("SHELL", own),
        ("PWD", own),
        ("PATH", machine),
        ("LD_PRELOAD", machine),
        ("LD_LIBRARY_PATH", machine),
    ];
    for (name, reason) in cases {
        let text = format!("{{ env: {{ pass: ['API_KEY', '{name}'] }} }}");
        let expected = format!("1:28 `env.pass[1]` does not take \"{name}\": {reason}");
        assert_eq!(outcome(&text), (None, vec![expected]), "{text}");
        assert!(policy(&format!("{{ env: {{ local: ['{name}'] }} }}")).env.local.contains(name));
    }
}

#[test]
fn a_limit_above_the_cap_is_replaced_and_said() {
    let cases = [
        ("{ limits: { pids: 9999 } }", "1:19 `limits.pids` is above the cap; 4096 is used"),
        ("{ limits: { memory: '1t' } }", "1:21 `limits.memory` is above the cap; 8g is used"),
        ("{ limits: { cpus: 64 } }", "1:19 `limits.cpus` is above the cap; 4.0 is used"),
        ("{ limits: { shm: '2g' } }", "1:18 `limits.shm` is above the cap; 1g is used"),
    ];
    for (text, expected) in cases {
        let (policy, told) = outcome(text);
        assert_eq!(told, [expected], "{text}");
        assert_eq!(policy.expect(text).limits, LimitCaps::default(), "{text}");
    }
}

#[test]
fn places_survive_the_whole_syntax() {
    let text =
        "\u{feff}{ /* } ' */ \"al\\\nlow\": [\n // ]\n 'it\\'s', \"x\\\\\", ], 'pre\\u0073ets': [], deny /**/ : [+1] }";
    let (_, told) = outcome(text);
    assert!(told[0].starts_with("4:2 `allow[0]` does not take"), "{told:?}");
    assert!(told[1].starts_with("4:11 `allow[1]` does not take"), "{told:?}");
    assert!(told[2].ends_with("`deny[0]` takes a string, not 1"), "{told:?}");
}

#[test]
fn hostile_nesting_ends_in_a_diagnostic() {
    for text in ["[".repeat(500_000), "{a:".repeat(200_000), format!("{{}}{}", " ".repeat(1 << 20))] {
        assert_eq!(outcome(&text).1.len(), 1);
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "([\\[\\]{}:,\"'\\\\/*u0-9a-eE+.\\- \n\r\té\u{feff}\u{2028}]|allow|'a'|//){0,60}") {
        let _ = read(&Source::new("config.json5", text));
    }
}

#[test]
fn the_published_schema_knows_the_same_keys() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("JSON");
    let keys = |pointer: &str| -> BTreeSet<String> {
        let properties = schema.pointer(pointer).and_then(Value::as_object).expect(pointer);
        properties.keys().cloned().collect()
    };
    let known = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(keys("/properties"), known(KEYS));
    assert_eq!(keys("/properties/env/properties"), known(variables::KEYS));
    assert_eq!(keys("/properties/network/properties"), known(network::KEYS));
    assert_eq!(keys("/properties/limits/properties"), known(limits::KEYS));
    let presets: Vec<_> = super::super::presets::names().map(Value::from).collect();
    assert_eq!(schema.pointer("/properties/presets/items/enum"), Some(&Value::from(presets)));
    assert!(jsonschema::validator_for(&schema).expect("a schema").is_valid(&serde_json::json!({ "allow": ["a"] })));
}
