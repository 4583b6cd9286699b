//! A folder and what its plan is, as JSON and as text. Adding a case is adding a folder:
//!
//! ```text
//! tests/golden/plan/<case>/workspace/…      the project
//!                         /metadata.json    label of its image; with it the image is known
//!                         /config.json5     the user's configuration
//!                         /approved         there when everything that waits is approved
//!                         /plan.json        \ expected; UPDATE_EXPECTED=1 writes them
//!                         /plan.txt         /
//! ```

use std::path::Path;

use cloister::facts::Facts;
use cloister::plan::render::text::{Options, render};
use cloister::plan::{audit, canonical};
use cloister::policy::{Policy, user_config};
use cloister::source::Source;
use cloister::trust::Domains;

use crate::expected::assert_expected;
use crate::planning;

#[test]
fn every_golden_plan_is_as_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/plan");
    let mut cases: Vec<String> = std::fs::read_dir(&root)
        .expect("the golden plans are there")
        .map(|entry| entry.expect("the golden plans are there").file_name().to_string_lossy().into_owned())
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "there is no golden plan");
    for case in cases {
        check(&root.join(&case), &case);
    }
}

fn check(folder: &Path, case: &str) {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let mut policy = read("config.json5").map_or_else(Policy::builtin, |text| {
        let (policy, diagnostics) = user_config::read(&Source::new("config.json5", text));
        policy.unwrap_or_else(|| panic!("{case}: config.json5 is broken: {diagnostics:#?}"))
    });
    let image = read("metadata.json").map(|label| planning::image(Some(label)));
    let facts = Facts { image, ..planning::facts() };
    let files = planning::read_tree(&folder.join("workspace"));
    if folder.join("approved").is_file() {
        let requests = planning::plan(&files, &policy, &facts).requests;
        for request in requests {
            let digest = request.digest.clone();
            policy.approvals.add(request);
            if let Some(hosts) = Domains::approved(&policy.approvals, &digest) {
                policy.egress.ask(&hosts);
            }
        }
    }
    let planned = planning::plan(&files, &policy, &facts);
    let again = planning::plan(&files, &policy, &facts);
    assert_eq!(canonical::compact(&planned.plan), canonical::compact(&again.plan), "{case}: same input, same bytes");
    assert_eq!(audit::audit(&planned.plan, &policy), [], "{case}: the audit finds something");
    assert_expected(&format!("plan/{case}/plan.json"), &canonical::pretty(&planned.plan));
    let text = render(&planned.plan, &planned.sources, Options { width: 80, color: false, brief: false });
    assert_expected(&format!("plan/{case}/plan.txt"), &text);
}
