use super::*;

fn hook(property: &str, name: &str, group: u32, status: HookStatus) -> Hook {
    Hook {
        hook: property.to_owned(),
        name: name.to_owned(),
        group,
        command: vec!["true".to_owned()],
        user: "1000:1000".to_owned(),
        place: if property == "initialize" { Place::Host } else { Place::Container },
        status,
        setup: false,
        script: None,
    }
}

#[test]
fn only_what_runs_inside_runs_and_properties_stay_apart() {
    let hooks = [
        hook("initialize", "", 0, HookStatus::Run),
        hook("onCreate", "", 0, HookStatus::Run),
        hook("onCreate", "a", 1, HookStatus::Run),
        hook("onCreate", "b", 1, HookStatus::Run),
        hook("postCreate", "", 2, HookStatus::NeedsApproval),
        hook("postStart", "", 3, HookStatus::Dropped),
        hook("postAttach", "", 4, HookStatus::Run),
    ];
    let shown: Vec<Vec<_>> = properties(&hooks, false)
        .iter()
        .map(|property| property.iter().map(|hook| format!("{}#{}{}", hook.hook, hook.group, hook.name)).collect())
        .collect();
    assert_eq!(shown, [vec!["onCreate#0"], vec!["onCreate#1a", "onCreate#1b"], vec!["postAttach#4"]]);
}

#[test]
fn a_failure_names_the_command_on_one_line() {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert_eq!(shown(&words(&["/bin/sh", "-c", "npm ci\n\u{1b}[2J"])), "npm ci\\n\\u{1b}[2J");
    assert_eq!(shown(&words(&["npm", "ci"])), "npm ci");
}
