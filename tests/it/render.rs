//! The plan as people read it. Each case is a file in `tests/golden/render`.

pub(crate) mod plans;

use cloister::plan::model::*;
use cloister::plan::render::sarif;
use cloister::plan::render::text::{Options, render};
use cloister::plan::{Action, Code, Finding, Plan, Severity};
use cloister::source::{Origin, Source};
use cloister::ui::text::{visible, width};
use proptest::prelude::*;

use plans::{Case, bind, clean, hook, hostile, refused, thirty, with};

use crate::expected::assert_expected;

const PLAIN: Options = Options { width: 80, color: false, brief: false };

#[track_caller]
fn check(case: &str, plan: &Plan, sources: &[Source], options: Options) {
    let text = render(plan, sources, options);
    let widest = text.lines().map(width).max().unwrap_or(0);
    assert!(options.color || widest <= options.width, "{case}: a line has {widest} columns\n{text}");
    assert!(text.lines().all(|line| line.trim_end() == line), "{case}: a line ends in spaces\n{text}");
    assert!(!text.contains("\n\n\n") && !text.starts_with('\n') && text.ends_with('\n'), "{case}: blank lines\n{text}");
    assert_expected(&format!("render/{case}/expected.txt"), &text);
}

#[test]
fn nothing_to_say_is_short() {
    check("clean", &clean(), &[], PLAIN);
}

#[test]
fn variables_are_named_and_cloisters_own_are_not() {
    let mut plan = Plan { passed_env: vec!["ANTHROPIC_API_KEY".into()], ..clean() };
    let env = &mut plan.containers[0].env;
    let ours = "/run/cloister/files/ca.pem";
    for (name, value) in
        [("HOME", "/x"), ("no_proxy", "*"), ("SSL_CERT_FILE", ours), ("PIP_CERT", "/x"), ("FILE", ours)]
    {
        env.insert(name.into(), value.into());
    }
    env.extend((0..60).map(|number| (format!("NUMBER_{number:02}"), "x".into())));
    check("variables", &plan, &[], PLAIN);
}

#[test]
fn the_folder_that_was_opened_is_told_from_what_is_mounted() {
    let opened = |folder: &str, source: &str, inside: &str| {
        let mut plan = clean();
        plan.workspace.source = Some(source.into());
        plan.workspace.folder = inside.into();
        plan.containers[0].mounts[0].source = source.into();
        plan.containers[0].labels.insert("cloister.workspace".into(), folder.into());
        plan
    };
    let below = opened("/home/ada/shop-api/services/web", "/home/ada/shop-api", "/workspaces/shop-api/services/web");
    check("opened-below", &below, &[], PLAIN);
    let mut above = opened("/home/ada/shop-api", "/home/ada/shop-api/services", "/workspaces/shop-api");
    above.containers[0].mounts.drain(1..3);
    check("opened-above", &above, &[], PLAIN);
    let refused = Plan { outcome: Verdict::Refused, containers: Vec::new(), ..below };
    assert!(render(&refused, &[], PLAIN).starts_with("web · refused"));
}

#[test]
fn everything_at_once() {
    let case = hostile();
    let plan = Plan { passed_env: vec!["ANTHROPIC_API_KEY".into()], ..clean() };
    let plan = with(plan, case.findings);
    let sources = [case.source];
    check("hostile", &plan, &sources, PLAIN);
    check("hostile-wide", &plan, &sources, Options { width: 120, ..PLAIN });
    check("hostile-narrow", &plan, &sources, Options { width: 60, ..PLAIN });
    check("hostile-brief", &plan, &sources, Options { brief: true, ..PLAIN });
    check("hostile-color", &plan, &sources, Options { color: true, ..PLAIN });
}

#[test]
fn code_scanning_sees_every_finding_at_its_line() {
    let case = hostile();
    let elsewhere = Origin { pointer: "label:/0/privileged".into(), location: None };
    let outside = Source::new("/etc/shared/a b.json", "{}");
    let beyond = Origin { pointer: "/name".into(), location: Some(outside.locate(0..2)) };
    let mut findings = case.findings;
    for (code, origin) in [(Code::MetadataLabel, &elsewhere), (Code::DisplayString, &beyond)] {
        findings.push(Finding::new(code, Severity::Medium, Action::Removed, origin, "it", "for a reason"));
    }
    let plan = with(clean(), findings);
    assert_expected("render/hostile/expected.sarif", &sarif::render(&plan, &[case.source, outside]));
}

#[test]
fn a_finding_keeps_its_fingerprint_when_lines_move() {
    let log = |text: &str| -> serde_json::Value {
        let what = (Code::Privileged, Severity::Critical, Action::Removed);
        let case = Case::new(text).find("true", what, ["privileged", "", "every capability", ""]);
        serde_json::from_str(&sarif::render(&with(clean(), case.findings), &[case.source])).expect("it is JSON")
    };
    let (before, after) = (log("{ \"privileged\": true }"), log("// moved\n\n{\n  \"privileged\": true\n}"));
    let line = "/runs/0/results/0/locations/0/physicalLocation/region/startLine";
    assert_ne!(before.pointer(line), after.pointer(line));
    let fingerprint = "/runs/0/results/0/partialFingerprints";
    assert!(before.pointer(fingerprint).is_some() && before.pointer(fingerprint) == after.pointer(fingerprint));
}

#[test]
fn colour_adds_nothing_but_colour() {
    let case = hostile();
    let plan = with(clean(), case.findings);
    let sources = [case.source];
    let colored = render(&plan, &sources, Options { color: true, ..PLAIN });
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), render(&plan, &sources, PLAIN));
}

#[test]
fn thirty_findings_stay_readable() {
    let case = thirty();
    let plan = with(clean(), case.findings);
    let sources = [case.source];
    check("thirty", &plan, &sources, PLAIN);
    check("thirty-brief", &plan, &sources, Options { brief: true, ..PLAIN });
}

#[test]
fn a_refused_plan_says_why_first() {
    let case = Case::new("{\n  \"image\": \"-v /:/host\"\n}\n").find(
        "\"-v /:/host\"",
        (Code::ImageSyntax, Severity::Critical, Action::Refused),
        ["-v /:/host", "", "not an image reference", "write NAME[:TAG] or NAME@sha256:DIGEST"],
    );
    check("refused", &refused(case.findings), &[case.source], PLAIN);
}

#[test]
fn a_mistake_in_the_file_is_left_to_its_diagnostic() {
    let case = Case::new("{ \"init\": 3 }").find(
        "3",
        (Code::TypeError, Severity::High, Action::Refused),
        ["3", "", "`init` takes true or false", "write `true` or `false`"],
    );
    check("mistake", &refused(case.findings), &[case.source], PLAIN);
}

#[test]
fn hostile_strings_are_shown_not_obeyed() {
    let evil = "\u{1b}[2J\u{202e}ready\u{200b}\nall is well\r";
    let case = Case::new("{\n  \"image\": \"a\u{202e}b\u{1b}[31m\u{7}\"\n}\n").find(
        "\"a\u{202e}b\u{1b}[31m\u{7}\"",
        (Code::DisplayString, Severity::Medium, Action::Replaced),
        [evil, evil, evil, evil],
    );
    let mut plan = clean();
    let container = &mut plan.containers[0];
    container.image = Some(evil.into());
    container.user_name = evil.into();
    container.hostname = evil.into();
    container.mounts.push(bind(evil, evil, false));
    container.security_opt.push(evil.into());
    container.extra_hosts.insert(evil.into(), evil.into());
    plan.workspace.source = Some(format!("/home/{evil}"));
    plan.config.path = Some(evil.into());
    plan.lifecycle = vec![hook(evil, evil, &[evil], HookStatus::NeedsApproval)];
    plan.passed_env = vec![evil.into()];
    plan.facts.unknown = vec![evil.into()];
    let proxy = plan.proxy.as_mut().unwrap();
    proxy.presets = vec![evil.into()];
    let plan = with(plan, case.findings);
    for brief in [false, true] {
        let text = render(&plan, std::slice::from_ref(&case.source), Options { brief, ..PLAIN });
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{200b}', '\r', '\u{7}']), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("all is well")), "{text}");
    }
    check("hostile-strings", &plan, &[case.source], PLAIN);
}

#[test]
fn a_minified_file_shows_the_part_that_matters() {
    let filler = "x".repeat(3000);
    let text = format!("{{\"name\":\"{filler}\",\"privileged\":true,\"capAdd\":[\"SYS_ADMIN\"],\"pad\":\"{filler}\"}}");
    let case = Case::new(&text)
        .find(
            "true",
            (Code::Privileged, Severity::Critical, Action::Removed),
            ["privileged", "", "every capability", "say it once"],
        )
        .find(
            "\"SYS_ADMIN\"",
            (Code::CapAdd, Severity::Critical, Action::Removed),
            ["SYS_ADMIN", "", "mounts and much more", "say it once"],
        );
    check("minified", &with(clean(), case.findings), &[case.source], PLAIN);
}

#[test]
fn notes_that_say_the_same_are_one() {
    let ports = [3000, 3001, 4000, 5432, 6379, 8080, 9000, 9229, 50051, 50052, 50053, 50054, 50055, 50056];
    let lines = ports.map(|port| format!("    {port}")).join(",\n");
    let note = (Code::NotYet, Severity::Info, Action::Removed);
    let case = ports.iter().fold(Case::new(&format!("{{\n  \"forwardPorts\": [\n{lines}\n  ]\n}}\n")), |case, port| {
        let port = port.to_string();
        case.find(&port, note, [&port, "", "ports are not forwarded by this version", ""])
    });
    let few = with(clean(), case.findings[..3].to_vec());
    check("notes-few", &few, std::slice::from_ref(&case.source), PLAIN);
    check("notes", &with(clean(), case.findings), &[case.source], PLAIN);
}

#[test]
fn what_only_the_image_says_has_no_line() {
    let origin = Origin::unplaced("label:/0/privileged");
    let finding = Finding::new(
        Code::MetadataLabel,
        Severity::High,
        Action::Removed,
        &origin,
        "privileged: true",
        "the image asks for it",
    );
    let mut plan = clean();
    let container = &mut plan.containers[0];
    container.image = None;
    container.build = Some(Build {
        digest: format!("sha256:{}", "0".repeat(64)),
        dockerfile: ".devcontainer/Dockerfile".into(),
        context: ".".into(),
        args: Default::default(),
        target: Some("dev".into()),
        cache_from: Vec::new(),
        network: BuildNetwork::Guardian,
        buildkit: false,
        approved: false,
    });
    container.mounts.push(Mount {
        kind: MountKind::Volume,
        source: "cloister-0123456789ab-cache".into(),
        target: "/home/vscode/.cache".into(),
        readonly: false,
        size_bytes: None,
    });
    container.mounts.push(Mount {
        kind: MountKind::Tmpfs,
        source: String::new(),
        target: "/tmp".into(),
        readonly: false,
        size_bytes: Some(64 << 20),
    });
    container.mounts.push(bind("${CLOISTER_HOME}", "/home/vscode", false));
    plan.facts = FactsSummary { unknown: vec!["image.user".into(), "image.env".into()], ..Default::default() };
    plan.proxy.as_mut().unwrap().presets.clear();
    plan.proxy.as_mut().unwrap().allow = vec!["*.example.com:443".into(), "example.org:443".into()];
    plan.proxy.as_mut().unwrap().deny = vec!["bad.example.com".into()];
    check("image-metadata", &with(plan, vec![finding]), &[], PLAIN);
}

#[test]
fn without_a_file_there_is_a_plan_all_the_same() {
    let mut plan = clean();
    plan.config = ConfigSummary { path: None, kind: ConfigKind::Default, digest: None, name: None };
    plan.lifecycle.clear();
    plan.proxy.as_mut().unwrap().allow.clear();
    plan.proxy.as_mut().unwrap().presets.clear();
    check("default", &with(plan, Vec::new()), &[], PLAIN);
}

proptest! {
    #[test]
    fn any_text_fits_and_hides_nothing(
        text in any::<String>(),
        words in proptest::collection::vec(any::<String>(), 12),
        spans in proptest::collection::vec((0usize..80, 0usize..80), 4),
        columns in 60usize..130,
        brief in any::<bool>(),
    ) {
        let source = Source::new(plans::CONFIG, text);
        let findings = spans.into_iter().zip(words.chunks(3)).enumerate().map(|(number, ((start, length), words))| {
            let origin = Origin { pointer: String::new(), location: Some(source.locate(start..start + length)) };
            let (code, action) = (Code::ALL[number * 7], [Action::Removed, Action::Replaced, Action::Added, Action::Kept][number]);
            Finding::new(code, Severity::High, action, &origin, &*words[0], &*words[1]).effective(&*words[2]).help(&*words[0])
        });
        let mut plan = clean();
        plan.config.path = Some(words[0].clone());
        plan.workspace.source = Some(words[1].clone());
        plan.containers[0].image = Some(words[2].clone());
        plan.containers[0].mounts.push(bind(&words[3], &words[4], false));
        plan.lifecycle.push(hook(&words[5], &words[6], &[&words[7], &words[8]], HookStatus::Dropped));
        plan.passed_env = vec![words[9].clone()];
        let plan = with(plan, findings.collect());
        let shown = render(&plan, &[source], Options { width: columns, color: false, brief });
        for line in shown.lines() {
            prop_assert_eq!(visible(line), line);
            prop_assert!(width(line) <= columns.clamp(60, 120), "{} columns: {:?}", width(line), line);
        }
    }
}
