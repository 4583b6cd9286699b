//! `runArgs`: what becomes of each flag of `docker run`. Nothing is passed through.
//!
//! A flag is parsed into the typed model and kept, or reported; a flag that this version does not know does not run.

mod names;
mod resources;

use super::draft::{Context, Draft, Place};
use super::run_args::{self, Argument, Item, Mistake, Name};
use super::syntax::{env, tmpfs, volume};
use super::{environment, mounts, privileges, syntax, user};
use crate::config::model::Text;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::source::{Origin, Spanned};

use Severity::{Critical, High, Info, Low, Medium};

pub(super) use names::default_hostname;

/// One flag under judgement.
pub(super) struct Asked<'a> {
    written: &'a str,
    origin: &'a Origin,
}

impl Asked<'_> {
    fn removed(&self, draft: &mut Draft, severity: Severity, reason: impl Into<String>) {
        draft.note(Code::RunArg, severity, Action::Removed, self.origin, self.written, reason);
    }

    fn removed_with(&self, draft: &mut Draft, severity: Severity, reason: &str, help: &str) {
        let finding = Finding::new(Code::RunArg, severity, Action::Removed, self.origin, self.written, reason);
        draft.findings.push(finding.help(help));
    }

    fn kept(&self, draft: &mut Draft, reason: impl Into<String>) {
        let finding = Finding::new(Code::RunArg, Info, Action::Kept, self.origin, self.written, reason);
        draft.findings.push(finding.effective(self.written));
    }

    fn replaced(&self, draft: &mut Draft, severity: Severity, effective: impl Into<String>, reason: impl Into<String>) {
        let finding = Finding::new(Code::RunArg, severity, Action::Replaced, self.origin, self.written, reason);
        draft.findings.push(finding.effective(effective));
    }
}

/// Takes `runArgs` (SEC-01, SEC-02).
pub(super) fn take(draft: &mut Draft, context: &Context<'_>, asked: &[Spanned<Text>], place: &Place) {
    for Item { argument, written, origin, elements } in run_args::parse(asked) {
        let flag = Asked { written: &written, origin: &origin };
        match argument {
            Argument::Switch(name, on) => switch(draft, &flag, name, on),
            Argument::Setting(name, value) => {
                let raw = raw_of(&asked[elements], &value);
                setting(draft, context, &flag, name, &Text { raw, value }, place);
            }
            Argument::Mistake(mistake) => refuse(draft, &flag, &mistake),
        }
    }
}

/// The text before substitution, as far as it can be told: needed only to name a danger.
fn raw_of(asked: &[Spanned<Text>], value: &str) -> String {
    asked
        .iter()
        .find(|text| text.value.value.ends_with(value))
        .map(|text| text.value.raw.clone())
        .filter(|raw| !raw.starts_with('-'))
        .unwrap_or_else(|| value.to_owned())
}

fn refuse(draft: &mut Draft, flag: &Asked<'_>, mistake: &Mistake) {
    let (severity, action) = match mistake {
        Mistake::Unknown(_) | Mistake::Syntax | Mistake::BadSwitch(..) => (High, Action::Removed),
        Mistake::MissingValue(_) | Mistake::BareWord | Mistake::EndOfFlags | Mistake::Empty | Mistake::Nul => {
            (Critical, Action::Refused)
        }
    };
    draft.note(Code::RunArg, severity, action, flag.origin, flag.written, mistake.to_string());
}

fn switch(draft: &mut Draft, flag: &Asked<'_>, name: Name, on: bool) {
    match name {
        Name::Privileged if on => {
            flag.removed(
                draft,
                Critical,
                "every capability, every device, no seccomp: root on your machine in all but name",
            );
        }
        Name::UseApiSocket if on => flag.removed(draft, Critical, "hands the engine's socket to the container"),
        Name::ReadOnly if on => {
            draft.readonly_rootfs = true;
            flag.kept(draft, "the root file system is read-only, and volumes keep the owner that the image gives them");
        }
        Name::ReadOnly => flag.replaced(
            draft,
            Medium,
            "cloister decides",
            "whether the root file system is writable is not the repository's choice",
        ),
        Name::OomKillDisable if on => {
            flag.replaced(draft, Medium, "the kernel may end it", "would let the sandbox take the machine's memory");
        }
        Name::PublishAll if on => flag.removed(draft, Medium, "would open ports of your machine"),
        Name::Init => flag.kept(draft, "process 1 is cloister's own init, which reaps"),
        Name::Rm => flag.kept(draft, "the container goes with: cloister stop"),
        Name::Interactive | Name::Tty | Name::Detach | Name::SigProxy | Name::Quiet | Name::Help => {
            flag.removed(draft, Info, "how the container is attached is cloister's business");
        }
        Name::DisableContentTrust => flag.removed(draft, Low, "how images are verified is the user's business"),
        Name::NoHealthcheck => flag.kept(draft, "there is no health check"),
        _ => flag.removed(draft, Info, "it is off in any case"),
    }
}

fn setting(draft: &mut Draft, context: &Context<'_>, flag: &Asked<'_>, name: Name, value: &Text, place: &Place) {
    let text = value.value.as_str();
    match name {
        Name::Volume => mount(draft, context, flag, volume::parse(text), value, place),
        Name::Mount => mount(draft, context, flag, syntax::mount::text(text), value, place),
        Name::Tmpfs => mount(draft, context, flag, tmpfs::parse(text), value, place),
        Name::VolumesFrom => flag.removed(draft, Critical, "would take over the mounts of another container"),
        Name::VolumeDriver => {
            flag.removed(draft, High, "a volume driver is a program of the host with a network of its own");
        }
        Name::CapAdd => privileges::capability_finding(draft, Code::RunArg, flag.origin, text, flag.written),
        Name::CapDrop => flag.kept(draft, "every capability is dropped"),
        Name::SecurityOpt => privileges::security_option(draft, Code::RunArg, flag.origin, text, flag.written),
        Name::User => {
            if user::check(draft, Code::RunArg, flag.origin, text).is_some() {
                flag.replaced(
                    draft,
                    Low,
                    "the owner of the workspace",
                    "every process runs as the owner of the workspace",
                );
            }
        }
        Name::GroupAdd => flag.removed(draft, Medium, "the sandbox has no supplementary groups"),
        Name::Network => network(draft, flag, text),
        Name::Pid | Name::Ipc | Name::Uts | Name::Userns | Name::Cgroupns => namespace(draft, flag, name, text),
        Name::Device | Name::DeviceCgroupRule => flag.removed(draft, Critical, "a device of your machine"),
        Name::Gpus => flag.removed(draft, High, "a graphics card's driver is a large door into the kernel"),
        Name::Runtime => flag.removed(draft, High, "another runtime isolates in its own way, or not at all"),
        Name::EnvFile => flag.removed_with(
            draft,
            Critical,
            "would read a file of your machine into the sandbox",
            "write what is no secret into containerEnv; secrets are handed over with env.pass in config.json5",
        ),
        Name::LabelFile => flag.removed(draft, High, "would read a file of your machine into the container's labels"),
        Name::Cidfile => flag.removed(draft, High, "would write a file on your machine"),
        Name::LogDriver | Name::LogOpt => {
            flag.removed(
                draft,
                Critical,
                "the engine would send what the sandbox prints, from your machine's own network",
            );
        }
        Name::Env => variable(draft, flag, text),
        Name::Restart if text == "no" => flag.kept(draft, "it is never restarted"),
        Name::Restart => {
            flag.removed(draft, High, "a restart follows links that the agent made, and nothing checks it");
        }
        Name::CgroupParent => flag.removed(draft, High, "would lift the sandbox out of its limits"),
        Name::Sysctl => flag.removed(draft, High, "kernel parameters are cloister's: IPv6 stays off"),
        Name::Dns | Name::DnsOption | Name::DnsSearch => {
            flag.replaced(draft, High, "no DNS", "names are resolved by the guardian, after the policy said yes");
        }
        Name::NetworkAlias | Name::Link | Name::Ip | Name::Ip6 | Name::LinkLocalIp | Name::MacAddress => {
            flag.removed(draft, High, "would change who is who on the sandbox's network");
        }
        Name::AddHost => names::host_entry(draft, flag, text),
        Name::Hostname => names::hostname(draft, flag, text),
        Name::Name => names::container_name(draft, flag, text),
        Name::Domainname => flag.removed(draft, Low, "the sandbox has no domain"),
        Name::Label => names::label(draft, flag, text),
        Name::Annotation => flag.removed(draft, Medium, "annotations steer the runtime"),
        Name::Publish => flag.removed(draft, Medium, "would open a port of your machine to whatever the sandbox runs"),
        Name::Expose => flag.removed(draft, Info, "nothing is published, so there is nothing to expose"),
        Name::Entrypoint => flag.replaced(
            draft,
            Medium,
            "cloister's own init",
            "process 1 proves that the sandbox is sealed before anything else runs",
        ),
        Name::Workdir => flag.removed(draft, Info, "the working directory is workspaceFolder"),
        Name::Memory
        | Name::MemoryReservation
        | Name::MemorySwap
        | Name::MemorySwappiness
        | Name::KernelMemory
        | Name::Cpus
        | Name::CpuQuota
        | Name::CpuPeriod
        | Name::CpuShares
        | Name::CpuCount
        | Name::CpuPercent
        | Name::CpuRtPeriod
        | Name::CpuRtRuntime
        | Name::CpusetCpus
        | Name::CpusetMems
        | Name::PidsLimit
        | Name::OomScoreAdj
        | Name::ShmSize
        | Name::Ulimit
        | Name::BlkioWeight
        | Name::BlkioWeightDevice
        | Name::DeviceReadBps
        | Name::DeviceReadIops
        | Name::DeviceWriteBps
        | Name::DeviceWriteIops
        | Name::IoMaxbandwidth
        | Name::IoMaxiops => resources::take(draft, context, flag, name, text),
        Name::HealthCmd
        | Name::HealthInterval
        | Name::HealthRetries
        | Name::HealthStartInterval
        | Name::HealthStartPeriod
        | Name::HealthTimeout => flag.removed(draft, Info, "nothing waits for a health check"),
        Name::Attach | Name::DetachKeys | Name::Pull | Name::StopSignal | Name::StopTimeout | Name::Isolation => {
            flag.removed(draft, Info, "how the container is started and stopped is cloister's business");
        }
        Name::Platform => flag.removed(draft, Low, "the image's own platform is used"),
        Name::StorageOpt => flag.removed(draft, Low, "how the engine stores containers is not the repository's choice"),
        Name::Privileged
        | Name::UseApiSocket
        | Name::ReadOnly
        | Name::OomKillDisable
        | Name::PublishAll
        | Name::Init
        | Name::Rm
        | Name::Interactive
        | Name::Tty
        | Name::Detach
        | Name::SigProxy
        | Name::Quiet
        | Name::Help
        | Name::DisableContentTrust
        | Name::NoHealthcheck => flag.removed(draft, High, "a switch with a value that is none"),
    }
}

fn mount(
    draft: &mut Draft,
    context: &Context<'_>,
    flag: &Asked<'_>,
    parsed: Result<syntax::mount::MountSpec, syntax::mount::MountError>,
    value: &Text,
    place: &Place,
) {
    let spec = match parsed {
        Ok(spec) => spec,
        Err(error) => return flag.removed(draft, Medium, error.to_string()),
    };
    let raw = if value.raw.starts_with("${") { source_part(&value.raw) } else { String::new() };
    let source = spec
        .source
        .as_ref()
        .map(|value| Text { raw: if raw.is_empty() { value.clone() } else { raw }, value: value.clone() });
    let request =
        mounts::Request { spec: &spec, written: flag.written, source, origin: flag.origin, code: Some(Code::RunArg) };
    mounts::judge(draft, context, &request, place);
}

/// The source of `-v SOURCE:TARGET` before substitution: up to the first colon that is not part of a variable.
fn source_part(raw: &str) -> String {
    let mut depth = 0;
    for (position, character) in raw.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ':' if depth == 0 => return raw[..position].to_owned(),
            _ => {}
        }
    }
    raw.to_owned()
}

fn network(draft: &mut Draft, flag: &Asked<'_>, text: &str) {
    let reason = "the sandbox has a network of its own with the guardian as the only peer";
    match text {
        "none" => flag.replaced(draft, Info, "an internal network", reason),
        "bridge" | "default" => flag.replaced(draft, Medium, "an internal network", reason),
        "host" => flag.removed(draft, Critical, "would use your machine's own network, every local service included"),
        other if other.starts_with("container:") => {
            flag.removed(draft, Critical, "would share the network of another container, the guardian's included");
        }
        _ => flag.replaced(draft, High, "an internal network", reason),
    }
}

fn namespace(draft: &mut Draft, flag: &Asked<'_>, name: Name, text: &str) {
    match text {
        "private" | "none" | "shareable" if name != Name::Userns => flag.kept(draft, "the sandbox has its own"),
        "" => flag.kept(draft, "the sandbox has its own"),
        _ => {
            let what = match name {
                Name::Pid => "see and signal the processes of your machine",
                Name::Ipc => "share the memory of programs of your machine",
                Name::Uts => "rename your machine",
                Name::Userns => "make root inside root outside",
                _ => "see the control groups of your machine",
            };
            flag.removed(draft, Critical, format!("would {what}"));
        }
    }
}

fn variable(draft: &mut Draft, flag: &Asked<'_>, text: &str) {
    match env::assignment(text) {
        Ok((name, Some(value))) if environment::is_unfilled_path(name, value, true) => {
            flag.removed_with(draft, Medium, environment::UNFILLED, environment::UNFILLED_HELP);
        }
        Ok((name, Some(value))) => {
            if environment::accept(draft, Code::RunArg, Medium, flag.origin, name, value) {
                draft.env.insert(name.to_owned(), value.to_owned());
                flag.kept(draft, "a variable of the container");
            }
        }
        Ok((_, None)) => flag.removed_with(
            draft,
            High,
            "would copy a variable of your machine into the sandbox",
            "to hand it over, name it in env.pass in config.json5",
        ),
        Err(error) => flag.removed(draft, Medium, error.to_string()),
    }
}
