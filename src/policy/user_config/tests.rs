use std::collections::BTreeSet;

use serde_json::Value;

use super::super::model::{Egress, LimitCaps};
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
            approvals: { hold: '2m' },
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
    assert_eq!(policy.hold, 120);
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
        ("{ approvals: true }", "1:14 `approvals` takes an object, not true"),
        (
            "{ approvals: { hold: 60 } }",
            "1:22 `approvals.hold` takes a time such as \"60s\" or \"2m\", at most 10m, or 0 to hold nothing, not 60",
        ),
        (
            "{ approvals: { hold: '11m' } }",
            "1:22 `approvals.hold` takes a time such as \"60s\" or \"2m\", at most 10m, or 0 to hold nothing, not \"11m\"",
        ),
        (
            "{ approvals: { hold: '-1s' } }",
            "1:22 `approvals.hold` takes a time such as \"60s\" or \"2m\", at most 10m, or 0 to hold nothing, not \"-1s\"",
        ),
        (
            "{ approvals: { hold: 's' } }",
            "1:22 `approvals.hold` takes a time such as \"60s\" or \"2m\", at most 10m, or 0 to hold nothing, not \"s\"",
        ),
        (
            "{ approvals: { hold: '9999999999m' } }",
            "1:22 `approvals.hold` takes a time such as \"60s\" or \"2m\", at most 10m, or 0 to hold nothing, not \"9999999999m\"",
        ),
        ("{ approvals: { held: '1s' } }", "1:16 `approvals.held` is not a key of this file"),
        ("{ hostexec: { a: 1 } }", "1:15 `hostexec.a` is not a key of this file"),
        ("{ hostexec: [] }", "1:13 `hostexec` takes an object, not a list"),
        (
            "{ hostexec: { path: ['bin'] } }",
            "1:22 `hostexec.path[0]` takes an absolute folder without `..`, not \"bin\"",
        ),
        ("{ hostexec: { atOnce: 0 } }", "1:23 `hostexec.atOnce` takes a whole number from 1 to 64, not 0"),
        (
            "{ hostexec: { rules: ['git *'] } }",
            "1:23 `hostexec.rules[0]` takes an object such as { argv: [\"git\", \"push\"], effect: \"ask\" }, not \"git *\"",
        ),
        (
            "{ hostexec: { rules: [{ argv: 'git *', effect: 'auto' }] } }",
            "1:31 `hostexec.rules[0].argv` takes a list of words such as [\"git\", \"push\", \"origin\", \"<to:branch>\"], not \"git *\"",
        ),
        (
            "{ hostexec: { rules: [{ argv: ['git', '*'], effect: 'auto' }] } }",
            "1:39 `hostexec.rules[0].argv[1]` does not take \"*\": there are no wildcards and no prefixes: whatever an agent appends would be allowed with it; name every word, or write <name:branch>, <name:path>, <name:number> or <name:one|two>",
        ),
        (
            "{ hostexec: { rules: [{ argv: ['git push'], effect: 'auto' }] } }",
            "1:32 `hostexec.rules[0].argv[0]` does not take \"git push\": the first word names one program, such as git or ./deploy.sh; each further word stands for itself",
        ),
        (
            "{ hostexec: { rules: [{ effect: 'auto' }] } }",
            "1:23 `hostexec.rules[0]` takes `argv`, every word of one command, not an object",
        ),
        (
            "{ hostexec: { rules: [{ argv: ['git'] }] } }",
            "1:23 `hostexec.rules[0]` takes `effect`: auto, ask or deny, not an object",
        ),
        (
            "{ hostexec: { rules: [{ argv: ['git'], effect: 'allow' }] } }",
            "1:48 `hostexec.rules[0].effect` takes \"auto\", \"ask\" or \"deny\", not \"allow\"",
        ),
        (
            "{ hostexec: { rules: [{ argv: ['git'], effect: 'ask', env: ['LD_PRELOAD'] }] } }",
            "1:61 `hostexec.rules[0].env[0]` does not take \"LD_PRELOAD\": it would have every program load something else",
        ),
        (
            "{ hostexec: { rules: [{ argv: ['git'], effect: 'ask', timeout: '25h' }] } }",
            "1:64 `hostexec.rules[0].timeout` takes a time such as \"30s\" or \"10m\", at most 24h, not \"25h\"",
        ),
        (
            "{ hostexec: { rules: [{ argv: ['git'], effect: 'ask', output: 0 }] } }",
            "1:63 `hostexec.rules[0].output` takes a size such as \"8m\", at most 1g, not 0",
        ),
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
fn the_published_schemas_know_the_same_keys() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("JSON");
    assert_eq!(keys(&schema, "/properties"), known(KEYS));
    assert_eq!(keys(&schema, "/properties/network/properties"), known(network::KEYS));
    assert!(jsonschema::validator_for(&schema).expect("a schema").is_valid(&serde_json::json!({ "allow": ["a"] })));
    let about_a_project: Value = serde_json::from_str(PROJECT_SCHEMA).expect("JSON");
    assert_eq!(keys(&about_a_project, "/properties"), known(project::KEYS));
    let validator = jsonschema::validator_for(&about_a_project).expect("a schema");
    assert!(validator.is_valid(&serde_json::json!({ "folder": "/a", "approvals": { "hold": "2m" } })));
    assert!(!validator.is_valid(&serde_json::json!({ "allow": ["a"] })), "the folder is missing");
    let presets: Vec<_> = super::super::presets::names().map(Value::from).collect();
    for schema in [schema, about_a_project] {
        assert_eq!(keys(&schema, "/properties/env/properties"), known(variables::KEYS));
        assert_eq!(keys(&schema, "/properties/limits/properties"), known(limits::KEYS));
        assert_eq!(keys(&schema, "/properties/approvals/properties"), known(approvals::KEYS));
        assert_eq!(schema.pointer("/properties/presets/items/enum"), Some(&Value::from(presets.clone())));
    }
}

fn keys(schema: &Value, pointer: &str) -> BTreeSet<String> {
    let properties = schema.pointer(pointer).and_then(Value::as_object).expect(pointer);
    properties.keys().cloned().collect()
}

fn known(keys: &[&str]) -> BTreeSet<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

fn told_of_project(text: &str) -> (Option<Layer>, Vec<String>) {
    let (layer, diagnostics) = super::project(&Source::new("web.json5", text), DEFAULT_POOL);
    let told = |one: &Diagnostic| format!("{}:{} {}", one.location.line, one.location.column, one.message);
    (layer, diagnostics.iter().map(told).collect())
}

#[test]
fn a_file_of_a_project_says_which_folder_it_is_about() {
    let takes = "the absolute path of the project's folder, without `.` and `..`";
    let cases = [
        ("{}".to_owned(), "1:1 `folder` is missing".to_owned()),
        ("{ folder: 'web' }".to_owned(), format!("1:11 `folder` takes {takes}, not \"web\"")),
        ("{ folder: '/a/../b' }".to_owned(), format!("1:11 `folder` takes {takes}, not \"/a/../b\"")),
        ("{ folder: 7 }".to_owned(), format!("1:11 `folder` takes {takes}, not 7")),
        ("{ folder: '/a', network: {} }".to_owned(), "1:17 `network` is not a key of this file".to_owned()),
        ("{ folder: '/a', allow: ['*.com'] }".to_owned(), "1:25 `allow[0]` does not take \"*.com\": a wildcard over \"com\" reaches sites of everybody who registers a name there; name the hosts".to_owned()),
        ("{ folder: '/a', allow: ['10.222.0.1:80'] }".to_owned(), "1:25 `allow[0]` does not take \"10.222.0.1:80\": it is an address of the pool: a sandbox's, or the guardian's, which no sandbox may ever reach".to_owned()),
    ];
    for (text, expected) in cases {
        assert_eq!(told_of_project(&text), (None, vec![expected]), "{text}");
    }
    for (text, folder) in [("/a/b", "/a/b"), ("/a/b/", "/a/b"), ("/", "/")] {
        let (layer, told) = told_of_project(&format!("{{ folder: '{text}' }}"));
        assert_eq!((layer.expect(text).folder.as_deref(), told.len()), (Some(folder), 0), "{text}");
    }
}

#[test]
fn rules_for_commands_reach_the_policy() {
    let policy = policy(
        r#"{ hostexec: {
            path: ['/opt/tools', '/usr/bin'], atOnce: 2,
            rules: [
                { argv: ['git', 'push', 'origin', '<to:branch>'], effect: 'auto', env: ['SSH_AUTH_SOCK'], timeout: '2m' },
                { argv: ['sort'], effect: 'ask', stdin: true, output: '64k', allowWorkspaceCode: true },
            ],
        } }"#,
    );
    let hostexec = policy.hostexec;
    assert_eq!(hostexec.path, ["/opt/tools", "/usr/bin"]);
    assert_eq!(hostexec.at_once, 2);
    let [push, sort] = &hostexec.rules[..] else { panic!("two rules") };
    assert_eq!(push.argv.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "), "git push origin <to:branch>");
    assert_eq!((push.timeout, push.output, push.stdin, push.allow_workspace_code), (120, 8 << 20, false, false));
    assert_eq!(push.env, BTreeSet::from(["SSH_AUTH_SOCK".to_owned()]));
    assert_eq!((sort.timeout, sort.output, sort.stdin, sort.allow_workspace_code), (600, 64 << 10, true, true));
}
