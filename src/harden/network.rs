//! The network and the guardian's part of a plan: cloister's own in every case, and what the user made wider.

use std::collections::BTreeMap;

use super::draft::{Context, Draft};
use crate::guardian::protocol::{PROXY_PORT, PROXY_USER};
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::plan::model::{AUTO, GUARDIAN, Network, Proxy, TOKEN};
use crate::sandbox::protocol::FILES_TARGET;
use crate::source::Origin;

/// Name of the certificate file inside [`FILES_TARGET`].
pub const CA_FILE: &str = "ca.pem";
/// What is reached without the guardian.
pub(super) const NO_PROXY: &str = "localhost,127.0.0.1,::1";

/// Variables that name [`CA_FILE`] to tools, where the user has one.
pub(crate) const CA_VARIABLES: &[&str] = &[
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "NODE_EXTRA_CA_CERTS",
    "CARGO_HTTP_CAINFO",
    "AWS_CA_BUNDLE",
];

/// Returns the network of the sandbox.
pub(super) fn network(context: &Context<'_>) -> Network {
    Network {
        name: context.id.engine_name(),
        internal: true,
        subnet: AUTO.to_owned(),
        // A resolver that never answers: names are the guardian's business (CVE-2024-29018).
        dns: vec!["127.0.0.1".to_owned()],
    }
}

/// Returns the guardian's part.
pub(super) fn proxy(context: &Context<'_>) -> Proxy {
    let egress = &context.policy.egress;
    let text = |rules: &std::collections::BTreeSet<crate::policy::rule::Rule>| {
        rules.iter().map(|rule| rule.as_str().to_owned()).collect::<Vec<_>>()
    };
    Proxy {
        url: proxy_url(),
        presets: egress.presets.iter().cloned().collect(),
        allow: text(&egress.allow),
        asked: egress.asked.clone(),
        deny: text(&egress.deny),
    }
}

/// Returns the variables that lead every program to the guardian, and to the user's certificates.
pub(super) fn variables(context: &Context<'_>) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let mut both = |name: &str, value: &str| {
        variables.insert(name.to_owned(), value.to_owned());
        variables.insert(name.to_ascii_lowercase(), value.to_owned());
    };
    let url = proxy_url();
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        both(name, &url);
    }
    both("NO_PROXY", NO_PROXY);
    variables.insert("NODE_USE_ENV_PROXY".to_owned(), "1".to_owned());
    variables.insert("CLOISTER_SANDBOX".to_owned(), context.id.as_str().to_owned());
    if context.policy.network.ca_bundle.is_some() {
        let file = format!("{FILES_TARGET}/{CA_FILE}");
        for name in CA_VARIABLES {
            variables.insert((*name).to_owned(), file.clone());
        }
    }
    variables
}

/// Reports what the user's own settings make wider; each is a finding in every plan.
pub(super) fn report_settings(draft: &mut Draft, context: &Context<'_>) {
    let network = &context.policy.network;
    let mut note = |severity, setting: String, reason: &str| {
        draft.findings.push(
            Finding::new(Code::Network, severity, Action::Kept, &Origin::default(), setting.clone(), reason)
                .effective(setting)
                .help("from your config.json5"),
        );
    };
    for range in &network.permit_addresses {
        note(
            Severity::Medium,
            format!("network.permitAddresses: {range}"),
            "listed names may resolve to these addresses although they are private or reserved",
        );
    }
    for (host, address) in &network.hosts {
        note(Severity::Low, format!("network.hosts: {} = {address}", host.as_str()), "this name has a fixed address");
    }
    let bundle = network.ca_bundle.as_ref();
    if let (Some(bundle), Some(why)) = (bundle, &context.facts.host.lacks.certificates) {
        draft.findings.push(
            Finding::new(
                Code::Network,
                Severity::Medium,
                Action::Refused,
                &Origin::default(),
                format!("network.caBundle: {}", bundle.display()),
                format!("your certificates cannot be read: {why}"),
            )
            .help("put a PEM file there, or correct network.caBundle in config.json5"),
        );
    } else if let Some(bundle) = bundle {
        note(
            Severity::Medium,
            format!("network.caBundle: {}", bundle.display()),
            "every tool in the sandbox trusts these certificates",
        );
        if draft.build.is_some() {
            draft.findings.push(
                Finding::new(
                    Code::Network,
                    Severity::Low,
                    Action::Removed,
                    &Origin::default(),
                    format!("network.caBundle: {}", bundle.display()),
                    "steps of the build do not see these certificates: the engine's builder mounts nothing into them, and \
                     what is copied stays in the image",
                )
                .help("where a step needs them, COPY the certificates in the Dockerfile, or begin with an image that has them"),
            );
        }
    }
}

/// Returns where every program finds the guardian.
pub(super) fn proxy_url() -> String {
    format!("http://{PROXY_USER}:{TOKEN}@{GUARDIAN}:{PROXY_PORT}")
}
