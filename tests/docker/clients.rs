//! Real package managers inside a sandbox, through the guardian, against the registries that this machine uses. The real
//! agent of `engine/approvals/agent.rs` comes from there too.
//!
//! `scripts/test` describes the machine: `CLOISTER_TEST_ALLOW` (its hosts), `CLOISTER_TEST_PERMIT` (their networks, where
//! they are special), `CLOISTER_TEST_CA` (its certificates), `CLOISTER_TEST_IMAGE` (an image with the clients).

use serde_json::{Value, json};

use crate::engine::User;

const MACHINE: &str = "scripts/test describes the machine to the tests with real clients";

fn listed(name: &str) -> Vec<String> {
    let text = std::env::var(name).expect(MACHINE);
    text.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// Returns the image with the clients.
pub(crate) fn image() -> String {
    std::env::var("CLOISTER_TEST_IMAGE").expect(MACHINE)
}

/// Returns a policy of this machine's registries and nothing else.
pub(crate) fn policy() -> Value {
    let mut network = json!({ "permitAddresses": listed("CLOISTER_TEST_PERMIT") });
    if let Some(bundle) = listed("CLOISTER_TEST_CA").first() {
        network["caBundle"] = Value::from(bundle.as_str());
    }
    json!({ "presets": [], "allow": listed("CLOISTER_TEST_ALLOW"), "network": network })
}

/// Returns a user with that policy, and a sandbox with the clients.
pub(crate) fn user() -> User {
    let user = User::with(&json!({ "image": image() }).to_string());
    user.allow(&policy());
    user
}

#[test]
fn package_managers_work_through_the_guardian_and_nothing_else_does() {
    let user = user();
    user.start();
    let apt = "set -e; mkdir -p ~/apt/lists/partial ~/apt/cache/archives/partial; \
               apt-get update -o Dir::State=$HOME/apt -o Dir::Cache=$HOME/apt/cache -o Dir::State::status=/var/lib/dpkg/status \
               -o APT::Sandbox::User=$(id -un) -o APT::Update::Error-Mode=any";
    user.shell(apt).expect(0);
    // CTR-031
    let pip =
        "pip install --user --break-system-packages six==1.16.0 && python3 -c 'import six; print(six.__version__)'";
    assert!(user.shell(pip).expect(0).ends_with("1.16.0\n"));
    user.shell(
        "mkdir -p ~/npm && cd ~/npm && npm install is-odd && node -e 'require(\"is-odd\")(3) || process.exit(1)'",
    )
    .expect(0);
    let allowed = &listed("CLOISTER_TEST_ALLOW")[0];
    // there is no repository, and that is said by the server: the hello of GnuTLS went through
    let git = user.shell(&format!("git ls-remote https://{allowed}/none.git"));
    assert!(git.stderr().contains("not found") || git.stderr().contains("error: 4"), "{}", git.stderr());
    let refused = user.shell("curl -sS -m 5 https://www.example.net/");
    refused.expect(56);
    assert!(refused.stderr().contains("403"), "{}", refused.stderr());
    let said = user.shell("curl -s -m 5 http://www.example.net/").expect(0);
    assert!(said.contains("www.example.net") && said.contains("request-domain www.example.net"), "{said}");
    // a tunnel to a host that is allowed, a hello for another one
    let fronted = user.shell(&format!("curl -sS -m 5 --connect-to ::{allowed}:443 https://www.example.net/"));
    fronted.expect(35);
    assert!(fronted.stderr().contains("access denied"), "{}", fronted.stderr());
    let status = user.run(&["guardian", "status"]).expect(0);
    let about: Vec<&str> = status.lines().filter(|line| line.starts_with(allowed)).collect();
    assert!(matches!(about[..], [line] if line.contains("server-name  1 ")), "{status}");
    let direct = "env -u http_proxy -u https_proxy -u HTTP_PROXY -u HTTPS_PROXY -u ALL_PROXY -u all_proxy \
                  curl -sS -m 3 https://1.1.1.1/";
    assert_ne!(user.shell(direct).0.status.code(), Some(0));
}

#[test]
fn an_approved_hook_installs_a_package_as_root_through_the_guardian() {
    let hook =
        "sudo apt-get update && sudo DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends hello";
    let user = user();
    user.configure(&json!({ "image": image(), "onCreateCommand": hook }).to_string());
    let listed: Value = serde_json::from_str(&user.run(&["trust", "--list", "--format", "json"]).expect(0)).unwrap();
    user.run(&["trust", "--yes", "--digest", listed[0]["digest"].as_str().unwrap()]).expect(0);
    assert_eq!(user.run(&["start", "--", "sh", "-c", "hello; id -u"]).expect(0), "Hello, world!\n1000\n");
    let removed = user.shell("apt-get remove -y hello");
    assert_ne!(removed.0.status.code(), Some(0), "the agent is not root");
}

#[test]
fn packages_are_installed_for_the_user_on_a_read_only_root_and_for_nobody_else() {
    let user = User::with(&json!({ "image": image() }).to_string());
    user.allow(&json!({ "strict": true }));
    user.start();
    let project = "set -e; mkdir /tmp/own; cd /tmp/own; echo 'print(7)' > own.py; \
                   printf '[project]\\nname = \"own\"\\nversion = \"1\"\\n[tool.setuptools]\\npy-modules = [\"own\"]\\n' > \
                   pyproject.toml; ";
    let install = "pip install -q --break-system-packages --no-build-isolation --no-index";
    let built = user.shell(&format!("{project} {install} --user . >&2; cd /; python3 -m own"));
    assert_eq!(built.expect(0), "7\n");
    assert_ne!(user.shell(&format!("cd /tmp/own && {install} --prefix /usr/local .")).0.status.code(), Some(0));
    assert_ne!(user.shell("apt-get install -y hello").0.status.code(), Some(0));
}
