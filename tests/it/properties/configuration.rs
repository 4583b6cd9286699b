//! Configurations from a grammar of all properties, with values that mean harm.

use cloister::harden::run_args::{Flag, Kind};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// Texts that mean something somewhere.
const WORDS: &[&str] = &[
    "",
    " ",
    "-",
    "--",
    "-v/:/h",
    "--privileged",
    "--privileged=true",
    "/",
    "..",
    ".",
    "/..",
    "//",
    "~",
    "a",
    "node",
    "root",
    "0",
    "0:0",
    "00",
    "+0",
    ":0",
    "1000",
    "1000:1000",
    "host",
    "none",
    "private",
    "auto",
    "ALL",
    "SYS_ADMIN",
    "cap_net_raw",
    "seccomp=unconfined",
    "no-new-privileges=false",
    "apparmor:unconfined",
    "label=disable",
    "systempaths=unconfined",
    "debian:bookworm",
    "Debian",
    "example.com/a@sha256:1",
    "guardian",
    "cloister-guardian",
    "localhost",
    "host.docker.internal",
    "host-gateway",
    "db:127.0.0.1",
    "localhost:192.0.2.1",
    "cloister:192.0.2.1",
    "a=b",
    "=",
    "A\nB=c",
    "A\u{0}",
    "\u{0}",
    "\u{202e}x",
    "\u{1b}[31m",
    "é",
    "HTTP_PROXY=",
    "no_proxy=*",
    "LD_PRELOAD=/x.so",
    "HOME=/",
    "CLOISTER_SANDBOX=x",
    "${localEnv:HOME}",
    "${localEnv:AWS_SECRET_ACCESS_KEY:x}",
    "${localWorkspaceFolder}",
    "${localWorkspaceFolder}/..",
    "${containerWorkspaceFolder}",
    "${containerEnv:PATH}",
    "${devcontainerId}",
    "${CLOISTER_TOKEN}",
    "${CLOISTER_GUARDIAN}",
    "${CLOISTER_HOME}",
    "${CLOISTER_HOME}/..",
    "${CLOISTER_FILES}/passwd",
    "${CLOISTER_PROGRAMS}",
    "${CLOISTER_PROBE}",
    "${CLOISTER_DIGEST}",
    "/var/run/docker.sock",
    "/proc",
    "/proc/sys",
    "/sys",
    "/dev/shm",
    "/etc",
    "/etc/passwd",
    "/run",
    "/run/cloister/bin",
    "/tmp",
    "/home/node",
    "/home/agent",
    "/root",
    "/workspaces",
    "/workspaces/app",
    "/workspaces/app/x",
    "/a/../b",
    "relative/x",
    "cache",
    "cloister-000000000000-x",
    "512m",
    "1.5g",
    "-1",
    "99999999999999999999",
    "1e9",
    "nan",
    "inf",
    "0x10",
    "0.5",
    "nofile=-1",
    "nofile=1024",
    "nproc=5:9",
    "core=-1",
    "stack=8388608",
    "sudo apt-get install x",
    "curl https://example.com | sh",
    "true",
    "false",
    "SIGKILL",
    "8080",
    "0.0.0.0:80:80",
    "Dockerfile",
    "../Dockerfile",
    "https://example.com/x.git",
];

/// Targets of mounts.
const TARGETS: &[&str] = &[
    "/x",
    "/x/",
    "//x",
    "/x/../y",
    "/",
    "/proc/1",
    "/dev/shm",
    "/etc/hosts",
    "/etc",
    "/run",
    "/run/cloister",
    "/home/node",
    "/home/agent",
    "/root",
    "/workspaces",
    "/workspaces/app",
    "/workspaces/app/node_modules",
    "/tmp",
    "/cache",
    "x",
    "",
    "/x\u{0}",
    "/x\n",
    "auto",
    "/${CLOISTER_TOKEN}",
    "/usr/local/bin/hostexec",
];

const MOUNT_FIELDS: &[&str] = &[
    "type=bind",
    "type=volume",
    "type=tmpfs",
    "type=npipe",
    "TYPE=BIND",
    "readonly",
    "ro=false",
    "bind-propagation=rshared",
    "bind-propagation=rprivate",
    "volume-driver=local",
    "volume-driver=nfs",
    "volume-opt=type=none",
    "volume-opt=device=/",
    "volume-nocopy",
    "volume-subpath=..",
    "tmpfs-size=1g",
    "tmpfs-size=99999999p",
    "tmpfs-mode=1777",
    "consistency=cached",
    "bogus=1",
    "\"",
];

/// One configuration with any of the properties.
pub(super) fn any() -> impl Strategy<Value = Value> {
    let origin = prop_oneof![
        4 => text().prop_map(|image| json!({ "image": image })),
        4 => select(&["debian:bookworm", "example.com/a/b:1"][..]).prop_map(|image| json!({ "image": image })),
        2 => build(),
        1 => Just(json!({})),
        1 => text().prop_map(|file| json!({ "dockerComposeFile": file, "service": "app", "workspaceFolder": "/" })),
    ];
    with_origin(origin)
}

/// One configuration with any of the properties and an image that is one.
pub(super) fn with_image() -> impl Strategy<Value = Value> {
    with_origin(select(&["debian:bookworm", "example.com/a/b:1"][..]).prop_map(|image| json!({ "image": image })))
}

fn with_origin(origin: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    (origin, vec(property(), 0..12)).prop_map(|(origin, properties)| {
        let mut object: Map<String, Value> =
            properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        object.extend(origin.as_object().cloned().unwrap_or_default());
        Value::Object(object)
    })
}

/// `runArgs`: flags in every form, values that fit and values that do not, and words that are no flags.
pub(super) fn run_args() -> impl Strategy<Value = Vec<String>> {
    let flag = (select(Flag::ALL.iter().collect::<Vec<_>>()), value(), 0..5_u8)
        .prop_map(|(flag, value, form)| written(flag, value, form));
    let word = text().prop_map(|word| vec![word]);
    vec(prop_oneof![12 => flag, 1 => word], 0..8).prop_map(|arguments| arguments.concat())
}

fn written(flag: &Flag, value: String, form: u8) -> Vec<String> {
    let long = flag.aliases.first().filter(|_| form == 4).unwrap_or(&flag.long);
    match (form, flag.short, flag.kind) {
        (0, Some(short), _) => vec![format!("-{short}{value}")],
        (1, Some(short), _) => vec![format!("-it{short}={value}")],
        (2, Some(short), _) => vec![format!("-i{short}"), value],
        (3, ..) | (_, _, Kind::Switch) if form % 2 == 1 => vec![format!("--{long}={value}")],
        (_, _, Kind::Switch) => vec![format!("--{long}")],
        _ => vec![format!("--{long}"), value],
    }
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![4 => text(), 2 => volume(), 2 => mount_text(), 1 => (text(), text()).prop_map(|(name, value)| format!("{name}={value}"))]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => select(WORDS).prop_map(str::to_owned),
        2 => (select(WORDS), select(WORDS)).prop_map(|(one, two)| format!("{one}{two}")),
        1 => any_text(),
    ]
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,12}", "[a-z0-9:/=,.-]{0,16}", vec(proptest::char::any(), 0..6).prop_map(String::from_iter)]
}

fn volume() -> impl Strategy<Value = String> {
    let options = option::of(select(&["ro", "rw", "z", "rshared", "nocopy", "size=1g,mode=1777", "bogus", ""][..]));
    (option::of(text()), select(TARGETS), options).prop_map(|(source, target, options)| {
        let parts = [source, Some(target.to_owned()), options.map(str::to_owned)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(":")
    })
}

fn mount_text() -> impl Strategy<Value = String> {
    (option::of(text()), option::of(select(TARGETS)), vec(select(MOUNT_FIELDS), 0..4)).prop_map(
        |(source, target, fields)| {
            let source = source.map(|source| format!("source={source}"));
            let target = target.map(|target| format!("target={target}"));
            let fields = fields.into_iter().map(str::to_owned);
            fields.chain(source).chain(target).collect::<Vec<_>>().join(",")
        },
    )
}

fn mount() -> impl Strategy<Value = Value> {
    let object = (select(&["bind", "volume", "tmpfs"][..]), option::of(text()), select(TARGETS)).prop_map(
        |(kind, source, target)| {
            let mut object = json!({ "type": kind, "target": target });
            if let Some(source) = source {
                object["source"] = source.into();
            }
            object
        },
    );
    prop_oneof![2 => mount_text().prop_map(Value::from), 1 => object]
}

fn variables(nullable: bool) -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        text(),
        select(
            &[
                "A",
                "PATH",
                "HTTP_PROXY",
                "https_proxy",
                "No_Proxy",
                "LD_PRELOAD",
                "HOME",
                "USER",
                "CLOISTER_EXEC",
                "A=B",
                "A\nB",
                "é"
            ][..]
        )
        .prop_map(str::to_owned)
    ];
    let value =
        (text(), 0..4_u8).prop_map(move |(text, dice)| if nullable && dice == 0 { Value::Null } else { text.into() });
    proptest::collection::btree_map(name, value, 0..4).prop_map(|variables| json!(variables))
}

fn command() -> impl Strategy<Value = Value> {
    let simple = || prop_oneof![text().prop_map(Value::from), vec(text(), 0..3).prop_map(Value::from)];
    prop_oneof![2 => simple(), 1 => proptest::collection::btree_map(text(), simple(), 0..3).prop_map(|commands| json!(commands))]
}

fn build() -> impl Strategy<Value = Value> {
    (text(), option::of(text()), variables(false), option::of(text()), vec(text(), 0..3), vec(text(), 0..3)).prop_map(
        |(dockerfile, context, args, target, cache_from, options)| {
            let mut build =
                json!({ "dockerfile": dockerfile, "args": args, "cacheFrom": cache_from, "options": options });
            for (key, value) in [("context", context), ("target", target)] {
                if let Some(value) = value {
                    build[key] = value.into();
                }
            }
            json!({ "build": build })
        },
    )
}

fn property() -> impl Strategy<Value = (&'static str, Value)> {
    let texts = |range: std::ops::Range<usize>| vec(text(), range).prop_map(Value::from);
    let named = |names: &'static [&'static str], value: BoxedStrategy<Value>| (select(names), value);
    prop_oneof![
        4 => named(&["runArgs"], run_args().prop_map(Value::from).boxed()),
        4 => named(&["mounts"], vec(mount(), 0..4).prop_map(Value::from).boxed()),
        2 => named(&["containerEnv"], variables(false).boxed()),
        2 => named(&["remoteEnv"], variables(true).boxed()),
        2 => named(&["workspaceMount"], prop_oneof![mount_text(), text()].prop_map(Value::from).boxed()),
        3 => named(&["workspaceFolder", "containerUser", "remoteUser", "name"], text().prop_map(Value::from).boxed()),
        3 => named(&["privileged", "init", "overrideCommand", "updateRemoteUserUID"], proptest::bool::ANY.prop_map(Value::from).boxed()),
        2 => named(&["capAdd", "securityOpt"], texts(0..3).boxed()),
        4 => named(
            &["initializeCommand", "onCreateCommand", "updateContentCommand", "postCreateCommand", "postStartCommand", "postAttachCommand"],
            command().boxed(),
        ),
        1 => named(&["appPort", "forwardPorts"], vec(0..65536_u32, 0..3).prop_map(Value::from).boxed()),
        1 => named(&["features"], variables(false).boxed()),
        1 => named(&["customizations", "hostRequirements", "secrets", "portsAttributes", "unheardOf"], variables(false).boxed()),
        1 => named(&["shutdownAction", "waitFor", "userEnvProbe"], text().prop_map(Value::from).boxed()),
    ]
}
