//! How the views look: narrow and wide, light and dark. `UPDATE_PICTURES=1` puts the pictures into `docs/images`.

use std::path::Path;

use serde_json::json;

use cloister::control::protocol::{DecisionView, RuleView, SandboxView};
use cloister::control::tally::Traffic;
use cloister::policy::decision::{By, DecisionId, Scope, Verdict};

use crate::desk::{Desk, card, command};
use crate::driver::Browser;
use crate::served::Served;
use crate::texts;

/// The narrowest and the widest that is read, and what is between.
const SIZES: [(u32, u32); 3] = [(360, 780), (1200, 800), (1920, 1080)];
/// Every view, by its path.
pub(crate) const VIEWS: [(&str, &str); 4] =
    [("inbox", ""), ("sandboxes", "sandboxes"), ("activity", "activity"), ("policy", "policy")];

/// Fills every view as on a working day.
pub(crate) fn fill(desk: &Desk) {
    desk.clear();
    let mut command = command(2, "git push origin main");
    command.facts = vec![
        ("program".into(), "/usr/bin/git, sha256:5f0c…91ab".into()),
        ("folder".into(), "/home/me/projects/shop".into()),
    ];
    command.warnings =
        vec!["git runs what the repository's configuration names, and the sandbox can write that".into()];
    desk.put(card(1, "api.example.com:443"));
    desk.put(command);
    desk.put_sandbox(sandbox());
    for (rule, verdict, origin) in [
        ("**.example.net:443", Verdict::Allow, "preset docs"),
        ("api.example.com:443", Verdict::Allow, "decision 0a1b2c3d4e, for this session"),
        ("paste.example.org", Verdict::Deny, "config.json5:12"),
    ] {
        desk.put_rule(RuleView { rule: rule.into(), verdict, origin: origin.into(), decision: None });
    }
    let scopes = [Scope::Global, Scope::Project { folder: "/home/me/projects/shop".into() }];
    for (scope, verdict) in scopes.into_iter().zip([Verdict::Deny, Verdict::Allow]) {
        let rule = if verdict == Verdict::Deny { "telemetry.example.org:443" } else { "api.example.com:443" };
        desk.put_decision(DecisionView {
            id: DecisionId::derive(rule),
            verdict,
            rules: vec![rule.into()],
            scope,
            made: 1_800_000_000_000,
            until: None,
            by: By::Page,
            asked_by: "shop".into(),
        });
    }
}

fn sandbox() -> SandboxView {
    let finding = |code, severity, action, line, requested, effective, reason| {
        json!({
            "code": code, "severity": severity, "action": action, "requested": requested, "effective": effective,
            "reason": reason, "help": "", "pointer": "",
            "location": { "file": ".devcontainer/devcontainer.json", "line": line, "column": 3 },
        })
    };
    SandboxView {
        id: "0123456789ab".into(),
        name: "shop".into(),
        folder: "/home/me/projects/shop".into(),
        state: "running".into(),
        plan_digest: format!("sha256:{}", "3b".repeat(32)),
        plan: json!({ "findings": [
            finding("privileged", "critical", "removed", 7, "\"privileged\": true", "", "would give the container the whole machine"),
            finding("user", "medium", "replaced", 9, "root", "uid 1000", "nothing in the sandbox runs as root"),
        ] }),
        refusals: vec![("telemetry.example.org:443".into(), "no rule allows it".into(), 14, 1_800_000_000_000)],
        traffic: Traffic {
            open: 2,
            connections: 118,
            allowed: 131,
            refused: 14,
            failed: 1,
            sent: 421_376,
            received: 78_643_200,
        },
    }
}

/// The least contrast of text and its ground in what is seen (WCAG 2.2, 1.4.3).
const CONTRAST: &str = "
    const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
    const part = (value) => value <= 10 ? value / 3294 : ((value / 255 + 0.055) / 1.055) ** 2.4;
    const light = ([red, green, blue]) => 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue);
    const ground = (element) => {
        for (let at = element; at !== null; at = at.parentElement) {
            const color = numbers(getComputedStyle(at).backgroundColor);
            if (color.length === 3 || color[3] > 0) return color;
        }
        return [255, 255, 255];
    };
    let least = [21, ''];
    for (const element of document.querySelectorAll('body *')) {
        const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
        if (!text || !element.checkVisibility()) continue;
        const both = [light(numbers(getComputedStyle(element).color)), light(ground(element))].sort((a, b) => b - a);
        const contrast = (both[0] + 0.05) / (both[1] + 0.05);
        if (contrast < least[0]) least = [contrast, element.outerHTML];
    }
    return least";

pub(crate) async fn every_view_fits_and_is_readable(browser: &Browser, served: &Served) {
    // The worst that can be shown: nothing in it is a place to break a line.
    served.desk.clear();
    let long = "x".repeat(400);
    served.desk.put(texts::card_full_of(1, &long));
    texts::fill(&served.desk, &long);
    for size in SIZES {
        for (name, path) in VIEWS {
            show(browser, served, path, size, "light").await;
            let wide =
                browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth").await;
            assert_eq!(wide, 0, "{name} at {size:?} is wider than what is seen");
        }
    }
    fill(&served.desk);
    let mut grounds = Vec::new();
    for scheme in ["light", "dark"] {
        for size in SIZES {
            for (name, path) in VIEWS {
                show(browser, served, path, size, scheme).await;
                let least = browser.run(CONTRAST).await;
                assert!(least[0].as_f64().unwrap() >= 4.5, "{name}, {scheme}, {size:?}: {least}");
                keep(browser, &format!("{name}-{}{}", size.0, if scheme == "dark" { "-dark" } else { "" })).await;
            }
        }
        grounds.push(browser.run("return getComputedStyle(document.body).backgroundColor").await);
    }
    assert_ne!(grounds[0], grounds[1], "dark is another ground");
    browser.look(SIZES[1], "light").await;
    browser.open(&format!("http://127.0.0.1:{}/", served.port)).await;
}

async fn show(browser: &Browser, served: &Served, path: &str, size: (u32, u32), scheme: &str) {
    browser.look(size, scheme).await;
    browser.open(&format!("http://127.0.0.1:{}/{path}", served.port)).await;
    if path.is_empty() {
        browser.until("document.querySelector('.card') !== null && document.querySelector('.settling') === null").await;
    }
}

/// Writes the pictures that the documents show.
async fn keep(browser: &Browser, name: &str) {
    let is_shown = name == "inbox-1200-dark" || name.ends_with("-1200") || name.ends_with("-360");
    if std::env::var_os("UPDATE_PICTURES").is_some() && is_shown {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/images");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), browser.picture().await).unwrap();
    }
}
