//! The box: what the sandbox is made of, one row for each thing. Everything said here is read from the plan.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use super::view::opened;
use crate::harden::environment::is_reserved;
use crate::harden::network::CA_VARIABLES;
use crate::plan::model::{
    AUTO, Build, BuildNetwork, Container, HOME, Hook, HookStatus, Limits, Mount, MountKind, Network, Place, Plan, Proxy,
};
use crate::ui::text::{count, cut, pad, quoted, visible, width, wrap};

/// Columns before the text of a row: indent, label, space.
const INDENT: usize = 13;
/// Rules that are listed one by one where no preset names them.
const RULES_SHOWN: usize = 6;
/// Columns of a lifecycle command before its middle is cut.
const COMMAND_SHOWN: usize = 800;
/// Variables that are listed by name.
const VARIABLES_SHOWN: usize = 40;
/// Folder of what cloister brings into a sandbox.
const OWN_TARGET: &str = "/run/cloister";

/// A row of the box.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    label: &'static str,
    lines: Vec<Line>,
}

/// One line of a row, with text at its right end.
#[derive(Debug, Serialize)]
struct Line {
    left: String,
    gap: String,
    right: String,
}

/// Returns the rows; none for a plan that does not run.
pub(super) fn rows(plan: &Plan, columns: usize) -> Vec<Row> {
    let Some(container) = plan.containers.first() else { return Vec::new() };
    let room = columns - INDENT;
    let mut rows = vec![
        Row { label: "image", lines: image_lines(plan, container, room) },
        Row { label: "user", lines: listed(&user(container), ", ", "", room) },
        Row { label: "limits", lines: listed(&limits(&container.limits), " · ", "", room) },
    ];
    rows.extend(plan.network.as_ref().map(|network| row("network", &describe_network(network, container), room)));
    rows.extend(plan.proxy.as_ref().map(|proxy| row("egress", &egress(proxy), room)));
    rows.extend(folder(plan).map(|text| row("folder", &text, room)));
    rows.push(Row { label: "files", lines: files(plan, container, room) });
    rows.extend(git(plan, container, room));
    rows.push(Row { label: "hooks", lines: hooks(plan, room) });
    rows.extend(variables(plan, container, room));
    rows.extend(unknown(plan, room));
    rows.retain(|row| !row.lines.is_empty());
    rows
}

/// Returns what git inside knows of the user and of the repository.
fn git(plan: &Plan, container: &Container, room: usize) -> Option<Row> {
    container.env.get("GIT_CONFIG_SYSTEM")?;
    let hooks = container.mounts.iter().any(|mount| below_target(plan, mount) == ".git/hooks");
    let hooks = if hooks { "; the repository's hooks do not run inside" } else { "" };
    Some(row("git", &format!("your name and e-mail, from your own configuration{hooks}"), room))
}

fn row(label: &'static str, text: &str, room: usize) -> Row {
    Row { label, lines: wrap(&visible(text), room).into_iter().map(plain).collect() }
}

fn plain(left: String) -> Line {
    Line { left, gap: String::new(), right: String::new() }
}

/// Returns a line with `right` at its end; the left side gives way.
fn beside(left: &str, right: &str, room: usize) -> Line {
    let left = cut(&visible(left), room.saturating_sub(width(right) + 2));
    let gap = " ".repeat(room.saturating_sub(width(&left) + width(right)));
    if right.is_empty() { plain(left) } else { Line { left, gap, right: right.to_owned() } }
}

/// Returns the whole reference, however long, with the id beside its end where that fits.
fn image_lines(plan: &Plan, container: &Container, room: usize) -> Vec<Line> {
    let id = image_id(plan);
    let mut lines = wrap(&visible(&image(container)), room);
    let last = lines.pop().unwrap_or_default();
    let fits = width(&last) + 2 + width(&id) <= room;
    let mut lines: Vec<_> = lines.into_iter().map(plain).collect();
    lines.push(beside(&last, if fits { &id } else { "" }, room));
    if !fits {
        lines.push(plain(id));
    }
    lines
}

fn image(container: &Container) -> String {
    match (&container.image, &container.build) {
        (_, Some(build)) => built(build),
        (Some(image), None) => image.clone(),
        (None, None) => "none".into(),
    }
}

fn built(build: &Build) -> String {
    let target = build.target.as_deref().map_or_else(String::new, |target| format!(", stage {target}"));
    let by = if build.buildkit { " by BuildKit" } else { "" };
    let network = match build.network {
        BuildNetwork::Guardian => "guardian",
        BuildNetwork::None => "none",
        BuildNetwork::Engine => "the engine's own, NOT behind the guardian",
        BuildNetwork::Host => "your machine's own, NOT behind the guardian",
    };
    format!("built from {}{target}{by}, network: {network}", build.dockerfile)
}

fn image_id(plan: &Plan) -> String {
    let known = plan.facts.known.get("image.id").map_or("", String::as_str);
    if known.chars().count() > 15 {
        format!("{}…", visible(&known.chars().take(15).collect::<String>()))
    } else {
        visible(known)
    }
}

fn user(container: &Container) -> Vec<String> {
    let known = container.user_name != AUTO;
    let mut parts =
        vec![if known { format!("{} ({})", container.user_name, container.user) } else { container.user.clone() }];
    parts.push(match (container.cap_drop.iter().any(|name| name == "ALL"), container.cap_add.is_empty()) {
        (true, true) => "no capabilities".into(),
        (true, false) => format!("capabilities {}", container.cap_add.join(" ")),
        (false, _) => format!("the engine's capabilities without {}", container.cap_drop.join(" ")),
    });
    if container.privileged {
        parts.push("PRIVILEGED".into());
    }
    parts.extend(
        container
            .security_opt
            .iter()
            .map(|option| cut(&visible(option.trim_end_matches(":true")).replacen('=', " ", 1), 40)),
    );
    if container.readonly_rootfs {
        parts.push("read-only root".into());
    }
    parts
}

fn limits(limits: &Limits) -> Vec<String> {
    let cpus = if (limits.cpus - 1.0).abs() < f64::EPSILON { "1 CPU".into() } else { format!("{} CPUs", limits.cpus) };
    [
        count(usize::try_from(limits.pids).unwrap_or(usize::MAX), "process").replace("processs", "processes"),
        bytes(limits.memory_bytes),
        cpus,
        format!("{} open files", limits.nofile),
        format!("{} shm", bytes(limits.shm_bytes)),
    ]
    .into()
}

/// Returns a size in the largest unit that divides it, or with one decimal.
fn bytes(size: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let Some((unit, shift)) = units.into_iter().find(|(_, shift)| size >> shift > 0) else {
        return format!("{size} bytes");
    };
    let tenths = (u128::from(size) * 10) >> shift;
    if tenths.is_multiple_of(10) {
        format!("{} {unit}", tenths / 10)
    } else {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    }
}

fn describe_network(network: &Network, container: &Container) -> String {
    let peers = if network.internal { "internal, the guardian is the only peer" } else { "NOT INTERNAL" };
    let dns = match network.dns.as_slice() {
        [] => "the engine's DNS".to_owned(),
        [only] if only == "127.0.0.1" || only.starts_with("192.0.2.") => "no DNS".to_owned(),
        servers => format!("DNS {} (nothing answers there)", servers.join(" ")),
    };
    let ports =
        if container.ports.is_empty() { String::new() } else { format!(", ports {}", container.ports.join(" ")) };
    let hosts: Vec<_> = container.extra_hosts.iter().map(|(name, address)| format!("{name} = {address}")).collect();
    let hosts = if hosts.is_empty() { String::new() } else { format!(", {}", hosts.join(", ")) };
    format!("{peers}, {dns}{ports}{hosts}")
}

fn egress(proxy: &Proxy) -> String {
    let denied =
        if proxy.deny.is_empty() { String::new() } else { format!("; {} denied", count(proxy.deny.len(), "rule")) };
    if proxy.allow.is_empty() {
        return format!("nothing: every request is refused{denied}");
    }
    if proxy.presets.is_empty() && proxy.allow.len() <= RULES_SHOWN {
        return format!("{}{denied}", proxy.allow.join(", "));
    }
    let names = if proxy.presets.is_empty() { "your rules".into() } else { proxy.presets.join(", ") };
    format!("{names} ({}){denied}", count(proxy.allow.len(), "rule"))
}

/// Returns the folder that was opened and where processes run, where more or less than that is mounted.
fn folder(plan: &Plan) -> Option<String> {
    let clone = plan.workspace.clone.as_ref().map(|clone| clone.repository.as_str());
    let (opened, root) = (opened(plan), plan.workspace.source.as_deref().or(clone)?);
    let (place, container) = (Path::new(&plan.workspace.folder), plan.containers.first()?);
    if !container
        .mounts
        .iter()
        .any(|mount| place.starts_with(&mount.target) || Path::new(&mount.target).starts_with(place))
    {
        return Some(format!("processes run in {}, where nothing is mounted", plan.workspace.folder));
    }
    let below = Path::new(&opened).starts_with(root);
    let relation = if below { "below" } else { "which holds" };
    (opened != root)
        .then(|| format!("{opened}, {relation} what is mounted; processes run in {}", plan.workspace.folder))
}

/// Returns the mounts: what can be written first, what is read-only inside the workspace on one line, cloister's own last.
fn files(plan: &Plan, container: &Container, room: usize) -> Vec<Line> {
    let (inside, others): (Vec<_>, Vec<_>) = container.mounts.iter().partition(|mount| is_inside(plan, mount));
    let (own, shown): (Vec<_>, Vec<_>) = others.into_iter().partition(|mount| is_own(mount));
    let mut lines: Vec<_> =
        shown.iter().flat_map(|mount| listed(&describe_mount(plan, mount), "  ", access(mount), room)).collect();
    // The repository is a mount of its own so that it stays where it is: nothing that a reader has to know.
    let protected = inside.iter().filter(|mount| mount.readonly);
    let names: Vec<_> = protected.map(|mount| below_target(plan, mount).to_owned()).collect();
    lines.extend(listed(&names, "  ", "read-only", room));
    if !own.is_empty() {
        let writable = own.iter().any(|mount| !mount.readonly && mount.kind == MountKind::Bind);
        let text =
            if writable { "cloister's programs and files, a home of its own" } else { "cloister's programs and files" };
        lines.push(beside(text, if writable { "" } else { "read-only" }, room));
    }
    lines
}

/// Returns parts in as many lines as they need, never broken within a part that fits; `right` ends the first line.
fn listed(parts: &[String], separator: &str, right: &str, room: usize) -> Vec<Line> {
    let room_left = room.saturating_sub(if right.is_empty() { 0 } else { width(right) + 2 });
    let mut lines: Vec<String> = Vec::new();
    for part in parts.iter().map(|part| visible(part)) {
        match lines.last_mut() {
            Some(line) if width(line) + width(separator) + width(&part) <= room_left => {
                *line = format!("{line}{separator}{part}");
            }
            Some(line) => {
                line.push_str(separator.trim_end());
                lines.push(cut(&part, room_left));
            }
            None => lines.push(cut(&part, room_left)),
        }
    }
    lines.iter().enumerate().map(|(index, line)| beside(line, if index == 0 { right } else { "" }, room)).collect()
}

fn is_own(mount: &Mount) -> bool {
    mount.source.starts_with("${CLOISTER_") || mount.target.starts_with(OWN_TARGET)
}

/// Whether a mount is a part of the workspace with other rights than the rest of it.
fn is_inside(plan: &Plan, mount: &Mount) -> bool {
    mount.kind == MountKind::Bind && mount.source != HOME && !below_target(plan, mount).is_empty()
}

/// Returns where a mount is below the workspace's; empty where it is not.
fn below_target<'a>(plan: &Plan, mount: &'a Mount) -> &'a str {
    let below = mount.target.strip_prefix(&plan.workspace.target);
    below.and_then(|below| below.strip_prefix('/')).unwrap_or_default()
}

/// Returns a host path below the workspace as people write it: `./`, `.git/hooks`. Where more or less than the opened
/// folder is mounted, the mount itself is written out.
fn relative(plan: &Plan, source: &str) -> String {
    let clone = plan.workspace.clone.as_ref().map(|clone| clone.repository.as_str());
    let Some(root) = plan.workspace.source.as_deref().or(clone) else { return source.to_owned() };
    match Path::new(source).strip_prefix(root) {
        Ok(rest) if rest.as_os_str().is_empty() && opened(plan) == root => "./".into(),
        Ok(rest) if rest.as_os_str().is_empty() => source.to_owned(),
        Ok(rest) => rest.to_string_lossy().into_owned(),
        Err(_) => source.to_owned(),
    }
}

/// Returns what is mounted, and where.
fn describe_mount(plan: &Plan, mount: &Mount) -> [String; 2] {
    let what = match mount.kind {
        MountKind::Bind => relative(plan, &mount.source),
        MountKind::Volume => match plan.workspace.clone.as_ref().filter(|clone| clone.volume == mount.source) {
            Some(clone) => format!("a clone of {}", relative(plan, &clone.repository)),
            None => format!("volume {}", mount.source),
        },
        MountKind::Tmpfs => mount.size_bytes.map_or_else(|| "memory".into(), |size| format!("memory {}", bytes(size))),
    };
    [what, format!("→  {}", mount.target)]
}

fn access(mount: &Mount) -> &'static str {
    if mount.readonly { "read-only" } else { "read-write" }
}

fn hooks(plan: &Plan, room: usize) -> Vec<Line> {
    let label = |hook: &Hook| {
        if hook.name.is_empty() {
            visible(&hook.hook)
        } else {
            format!("{} {}", visible(&hook.hook), visible(&hook.name))
        }
    };
    let column = plan.lifecycle.iter().map(|hook| width(&label(hook))).max().unwrap_or(0).min(room / 3);
    plan.lifecycle.iter().flat_map(|hook| hook_lines(&pad(&cut(&label(hook), column), column), hook, room)).collect()
}

/// Returns a hook with its whole command: what is run, or waits, is not hidden.
fn hook_lines(label: &str, hook: &Hook, room: usize) -> Vec<Line> {
    let status = match hook.status {
        HookStatus::Run if hook.setup => "as root, once",
        HookStatus::Run if hook.place == Place::Host => "on your machine",
        HookStatus::Run => "",
        HookStatus::NeedsApproval => "waits for you",
        HookStatus::Dropped => "not run",
    };
    let indent = width(label) + 2;
    let columns = room.saturating_sub(indent + width(status) + 2);
    let lines = wrap(&cut(&command(&hook.command), COMMAND_SHOWN), columns);
    let lines = lines.iter().enumerate();
    lines
        .map(|(index, line)| match index {
            0 => beside(&format!("{label}  {line}"), status, room),
            _ => plain(format!("{}{line}", " ".repeat(indent))),
        })
        .collect()
}

/// Returns a command as people would type it: what a shell runs is shown without the shell.
fn command(arguments: &[String]) -> String {
    match arguments {
        [shell, flag, script] if shell == "/bin/sh" && flag == "-c" => visible(script),
        other => other.iter().map(|argument| quoted(&visible(argument))).collect::<Vec<_>>().join(" "),
    }
}

/// Returns the names of the variables that are not cloister's own: what the configuration sets, and what the user passes.
fn variables(plan: &Plan, container: &Container, room: usize) -> Option<Row> {
    let own =
        |name: &str, value: &str| is_reserved(name) || (CA_VARIABLES.contains(&name) && value.starts_with(OWN_TARGET));
    let set = container.env.iter().filter(|(name, value)| !own(name, value)).map(|(name, _)| name.clone());
    let emptied = |value: &Option<String>| if value.is_none() { " (unset)" } else { "" };
    let remote = container.remote_env.iter().map(|(name, value)| format!("{name}{}", emptied(value)));
    let set: BTreeSet<String> = set.chain(remote).collect();
    let mut lines = Vec::new();
    if !set.is_empty() {
        let more = set.len().saturating_sub(VARIABLES_SHOWN);
        let names = set.into_iter().take(VARIABLES_SHOWN).map(|name| visible(&name));
        let more = (more > 0).then(|| format!("and {}", count(more, "more variable")));
        let mut parts: Vec<_> = names.chain(more).collect();
        parts[0] = format!("set: {}", parts[0]);
        lines.extend(listed(&parts, ", ", "", room));
    }
    if !plan.passed_env.is_empty() {
        let text = format!("passed: {}; every process can read what you pass", plan.passed_env.join(", "));
        lines.extend(row("env", &text, room).lines);
    }
    (!lines.is_empty()).then_some(Row { label: "env", lines })
}

fn unknown(plan: &Plan, room: usize) -> Option<Row> {
    let text = "what only the engine and the image know is added: account, home, image label";
    (!plan.facts.unknown.is_empty()).then(|| row("at start", text, room))
}
