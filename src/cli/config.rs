#![expect(clippy::disallowed_methods, reason = "adapter: the user's editor and files")]
//! `cloister config`: what a sandbox may do and where each part of that comes from; the user's own file.

use std::path::Path;
use std::process::Command;

use clap::Subcommand;
use serde_json::{Value, json};

use super::about::About;
use super::exit;
use super::failure::Failure;
use super::list::Format;
use super::origin;
use super::output::Output;
use super::plan::{failure, on_stderr};
use crate::host::file::{self, FileError};
use crate::host::paths;
use crate::pipeline::layers::{self, Layers, project_files, user_file};
use crate::policy::effective::{Effective, Origin};
use crate::ui::diagnostic;
use crate::ui::text::{count, pad, quoted, visible, width};

const EXAMPLES: &str = "\
Examples:
  cloister config show        what counts here, and where it comes from
  cloister config init        a commented config.json5 to begin with
  cloister config edit        opens it in your editor, and checks it";

/// The key of rules for commands of the host, each of which is told by itself.
const HOSTEXEC: &str = "hostexec.rules";
/// Keys whose numbers are bytes.
const SIZES: [&str; 3] = ["limits.memory", "limits.shm", "limits.freeSpace"];

/// What `config init` writes: everything is a comment, so that the default counts.
const INITIAL: &str = include_str!("config/initial.json5");

/// Show what sandboxes may do, and edit it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    action: Action,
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
enum Action {
    /// Show the policy that counts for a folder, and where each part of it comes from
    #[command(after_help = "Example:\n  cloister config show web --format json | jq '.rules[].rule'")]
    Show {
        /// Name of the sandbox, or its folder; without one, this folder
        #[arg(value_name = "NAME|FOLDER")]
        named: Option<String>,
        /// Form of the policy
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Print where the files about a folder are, or would be
    #[command(after_help = "Example:\n  cloister config path")]
    Path {
        /// Name of the sandbox, or its folder; without one, this folder
        #[arg(value_name = "NAME|FOLDER")]
        named: Option<String>,
    },
    /// Open config.json5 in your editor, and check it afterwards
    #[command(after_help = "Example:\n  cloister config edit")]
    Edit,
    /// Write a commented config.json5, where there is none
    #[command(after_help = "Example:\n  cloister config init")]
    Init,
}

/// Does it.
///
/// # Errors
/// A file cannot be read or written, or is broken; or there is no editor.
pub fn run(args: &Args) -> Result<u8, Failure> {
    match &args.action {
        Action::Show { named, format } => {
            let about = About::of(named.as_deref())?;
            let (effective, layers) = about.effective()?;
            show(&about, &effective, &layers, *format).write()
        }
        Action::Path { named } => path(&About::of(named.as_deref())?).write(),
        Action::Edit => edit(&About::of(None)?),
        Action::Init => init(&About::of(None)?),
    }
}

fn show(about: &About, effective: &Effective, layers: &Layers, format: Format) -> Output {
    let folder = about.folder.to_string_lossy();
    let warnings = layers.warnings.iter();
    let warned = warnings.map(|(source, found)| diagnostic::render(found, std::slice::from_ref(source), on_stderr()));
    let foreign = layers.foreign.iter().map(|(path, about)| {
        format!("note: {} is about {}, and not about this folder\n", visible(&path.to_string_lossy()), visible(about))
    });
    let stderr = warned.chain(foreign).collect();
    let stdout = match format {
        Format::Text => text(&folder, effective),
        Format::Json => {
            let settings = settings(effective).into_iter();
            let settings: Vec<Value> = settings
                .map(|(key, value, from)| json!({ "key": key, "value": value, "origin": origin::json(&from) }))
                .collect();
            let rules: Vec<Value> = effective.rules.iter().map(origin::rule).collect();
            let value = json!({ "folder": folder, "rules": rules, "settings": settings });
            serde_json::to_string_pretty(&value).expect("a policy has text keys only") + "\n"
        }
    };
    Output { stdout, stderr, code: exit::OK }
}

fn text(folder: &str, effective: &Effective) -> String {
    let mut rows: Vec<[String; 3]> = Vec::new();
    for preset in &effective.policy.egress.presets {
        let is_own = |origin: &Origin| matches!(origin, Origin::Preset { name, .. } if name == preset);
        let own: Vec<_> = effective.rules.iter().filter(|sourced| is_own(&sourced.origin)).collect();
        if let Some(first) = own.first() {
            rows.push(["allow".to_owned(), count(own.len(), "rule"), origin::words(&first.origin)]);
        }
    }
    let listed = effective.rules.iter().filter(|sourced| !matches!(sourced.origin, Origin::Preset { .. }));
    rows.extend(listed.map(|sourced| {
        [sourced.verdict.as_str().to_owned(), sourced.rule.to_string(), origin::words(&sourced.origin)]
    }));
    let settings = settings(effective).into_iter().filter(|(key, ..)| *key != HOSTEXEC);
    rows.extend(settings.map(|(key, value, from)| {
        let value = if SIZES.contains(&key) { size(&value) } else { shown(&value) };
        [key.to_owned(), value, origin::words(&from)]
    }));
    rows.extend(effective.policy.hostexec.rules.iter().map(|rule| {
        let from = rule.location.clone().map_or(Origin::Builtin, Origin::User);
        let words: Vec<String> = rule.argv.iter().map(|word| quoted(&word.to_string())).collect();
        let value = format!("{} {}", rule.effect.as_str(), visible(&words.join(" ")));
        [HOSTEXEC.to_owned(), value, origin::words(&from)]
    }));
    let column = |at: usize| rows.iter().map(|row| width(&row[at])).max().unwrap_or(0);
    let (first, second) = (column(0), column(1));
    let line = |[key, value, from]: &[String; 3]| format!("{}  {}  {from}\n", pad(key, first), pad(value, second));
    format!("{}\n", visible(folder)) + &rows.iter().map(line).collect::<String>()
}

/// Returns a size as the file takes it: in the largest unit that divides it.
fn size(value: &Value) -> String {
    let Some(bytes) = value.as_u64() else { return shown(value) };
    let units = [("g", 30), ("m", 20), ("k", 10)];
    let whole = units.into_iter().find(|(_, shift)| bytes > 0 && bytes.is_multiple_of(1 << shift));
    whole.map_or_else(|| bytes.to_string(), |(unit, shift)| format!("{}{unit}", bytes >> shift))
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => visible(text),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Null => "none".to_owned(),
        other => visible(&other.to_string()),
    }
}

/// Returns every key but the rules, with what counts and where it comes from.
fn settings(effective: &Effective) -> Vec<(&'static str, Value, Origin)> {
    let policy = &effective.policy;
    let limits = &policy.limits;
    let addresses: Vec<String> = policy.network.permit_addresses.iter().map(ToString::to_string).collect();
    let hosts: Vec<String> = policy.network.hosts.iter().map(|(host, address)| format!("{host} = {address}")).collect();
    let commands: Vec<Value> = policy
        .hostexec
        .rules
        .iter()
        .map(|rule| {
            let argv: Vec<String> = rule.argv.iter().map(ToString::to_string).collect();
            json!({ "argv": argv, "effect": rule.effect.as_str() })
        })
        .collect();
    let values = [
        ("env.pass", json!(policy.env.pass)),
        ("env.local", json!(policy.env.local)),
        ("network.pool", json!(policy.network.pool.to_string())),
        ("network.permitAddresses", json!(addresses)),
        ("network.hosts", json!(hosts)),
        ("network.caBundle", json!(policy.network.ca_bundle)),
        ("limits.pids", json!(limits.pids)),
        ("limits.memory", json!(limits.memory)),
        ("limits.cpus", json!(limits.cpus)),
        ("limits.nofile", json!(limits.nofile)),
        ("limits.shm", json!(limits.shm)),
        ("limits.freeSpace", json!(limits.free_space)),
        ("strict", json!(policy.strict)),
        ("allowRootWorkspace", json!(policy.allow_root_workspace)),
        (HOSTEXEC, json!(commands)),
        ("approvals.hold", json!(format!("{}s", policy.hold))),
    ];
    let from = |key: &str| effective.keys.get(key).cloned().unwrap_or(Origin::Builtin);
    values.into_iter().map(|(key, value)| (key, value, from(key))).collect()
}

fn path(about: &About) -> Output {
    let user = user_file(&about.paths.config);
    let [specific, plain] = project_files(&about.paths.config, about.uid, &about.folder);
    let project = if specific.is_file() { specific } else { plain };
    let lines = [user, project].map(|path| format!("{}\n", path.display()));
    Output { stdout: lines.concat(), ..Output::default() }
}

fn init(about: &About) -> Result<u8, Failure> {
    let path = user_file(&about.paths.config);
    if path.symlink_metadata().is_ok() {
        let stderr = format!("{} is there already, and stays as it is\n", path.display());
        return Output { stderr, ..Output::default() }.write();
    }
    write_initial(about, &path)?;
    Output { stderr: format!("wrote {}\n", path.display()), ..Output::default() }.write()
}

fn write_initial(about: &About, path: &Path) -> Result<(), Failure> {
    paths::private(&about.paths.config).map_err(|error| Failure::new(&error).hint(error.hint()))?;
    file::write(path, INITIAL.as_bytes(), 0o600).map_err(|error: FileError| Failure::new(&error))
}

fn edit(about: &About) -> Result<u8, Failure> {
    let path = user_file(&about.paths.config);
    if path.symlink_metadata().is_err() {
        write_initial(about, &path)?;
    }
    let set = |name: &str| std::env::var(name).ok().filter(|editor| !editor.trim().is_empty());
    let editor = set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| "vi".to_owned());
    // as git does: the variable is a command line, and the file is its last argument
    let line = format!("{editor} {}", quoted(&path.to_string_lossy()));
    let ended = Command::new("/bin/sh").arg("-c").arg(&line).status();
    match ended {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(no_editor(&editor, &status.to_string())),
        Err(error) => return Err(no_editor(&editor, &error.to_string())),
    }
    let layers = layers::load(&about.paths.config, about.uid, None)
        .map_err(|error| failure(&error, on_stderr()).hint(["it was kept as you left it: cloister config edit"]))?;
    let warnings = layers.warnings.iter();
    let warned = warnings.map(|(source, found)| diagnostic::render(found, std::slice::from_ref(source), on_stderr()));
    Output { stderr: warned.collect::<String>() + "it is well-formed\n", ..Output::default() }.write()
}

fn no_editor(editor: &str, why: &str) -> Failure {
    Failure::message(format!("`{}` did not end well: {why}", visible(editor)))
        .hint(["VISUAL or EDITOR names the editor: VISUAL=nano cloister config edit"])
}
