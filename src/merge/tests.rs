use super::*;
use crate::config::model::Text;
use crate::plan::model::ConfigKind;
use crate::source::Origin;

fn variable(name: &str, value: &str) -> Variable {
    Variable { name: name.into(), value: Some(Text::plain(value)), origin: Origin::default() }
}

fn command(text: &str) -> Option<Spanned<Command>> {
    Some(Spanned::new(Command::Shell(Text::plain(text)), Origin::default()))
}

fn user(name: &str) -> Option<Spanned<Text>> {
    Some(Spanned::new(Text::plain(name), Origin::default()))
}

fn merged(label: Vec<LabelEntry>, config: DevContainer) -> MergedConfig {
    let summary = ConfigSummary { path: None, kind: ConfigKind::Image, digest: None, name: None };
    merge(Parts { summary, config, label, denied: Vec::new(), warnings: Vec::new(), dockerfile: None })
}

#[test]
fn the_last_one_wins_per_key_and_commands_are_collected() {
    let base = DevContainer {
        remote_user: user("vscode"),
        container_user: user("root"),
        container_env: vec![variable("A", "image"), variable("B", "image")],
        post_create_command: command("echo image"),
        ..DevContainer::default()
    };
    let own = DevContainer {
        remote_user: user("dev"),
        container_env: vec![variable("A", "file")],
        on_create_command: command("echo first"),
        post_create_command: command("echo file"),
        ..DevContainer::default()
    };
    let merged = merged(vec![LabelEntry { config: base, rest: Vec::new() }], own);
    let name = |user: &Option<Spanned<Text>>| user.as_ref().map(|user| user.value.value.clone());
    assert_eq!(name(&merged.config.remote_user).as_deref(), Some("dev"));
    assert_eq!(name(&merged.config.container_user).as_deref(), Some("root"));
    let env: Vec<_> = merged
        .config
        .container_env
        .iter()
        .map(|variable| (variable.name.as_str(), variable.value.as_ref().map(|text| text.value.as_str())))
        .collect();
    assert_eq!(env, [("B", Some("image")), ("A", Some("file"))]);
    let hooks: Vec<_> = merged
        .hooks
        .iter()
        .map(|(kind, command)| match &command.value {
            Command::Shell(text) => (kind.as_str(), text.value.as_str()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(hooks, [("onCreate", "echo first"), ("postCreate", "echo image"), ("postCreate", "echo file")]);
}

/// Each variable compared with each other one would take hours.
#[test]
fn variables_without_end_are_merged_in_one_pass() {
    const COUNT: usize = 300_000;
    let numbered = |value: &str| (0..COUNT).map(|number| variable(&format!("A{number}"), value)).collect();
    let base = DevContainer { container_env: numbered("image"), ..DevContainer::default() };
    let own = DevContainer { container_env: numbered("file"), ..DevContainer::default() };
    let env = merged(vec![LabelEntry { config: base, rest: Vec::new() }], own).config.container_env;
    assert_eq!(env.len(), COUNT);
    assert!(env.iter().all(|variable| variable.value.as_ref().is_some_and(|text| text.value == "file")));
}
