//! What holds for every configuration, however hostile: the properties of hardening.

mod configuration;
mod effective;
mod world;

use cloister::pipeline::assemble::{ConfigText, Inputs, plan, read};
use cloister::plan::audit::audit;
use cloister::plan::finding::{Action, Severity};
use cloister::plan::model::{Container, Limits, Plan, Verdict};
use cloister::policy::Policy;
use cloister::source::Source;
use proptest::prelude::*;
use serde_json::Value;

use self::world::World;

fn harden(configuration: &Value, world: &World, policy: &Policy) -> Plan {
    let relative = ".devcontainer/devcontainer.json";
    let text = ConfigText {
        source: Source::new(relative, configuration.to_string()),
        relative: relative.to_owned(),
        absolute: format!("{}/{relative}", world.facts.host.folder.display()),
    };
    let file = Source::new("Dockerfile", "FROM debian:bookworm\nRUN make\n");
    let (config, dockerfile) = (Some(&text), Some(&file));
    let inputs = Inputs { config, dockerfile, policy, facts: &world.facts, environment: &world.environment };
    plan(&inputs, read(&inputs))
}

fn bytes(plan: &Plan) -> String {
    serde_json::to_string(plan).expect("a plan is plain data")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing that a repository or an image writes panics or makes a plan that breaks a promise.
    #[test]
    fn every_plan_keeps_every_promise(configuration in configuration::any(), world in world::any(), policy in world::policy()) {
        let plan = harden(&configuration, &world, &policy);
        let violations: Vec<_> = audit(&plan, &policy).iter().map(ToString::to_string).collect();
        prop_assert!(violations.is_empty(), "{violations:#?}");
    }

    /// The flags of `docker run` alone, dense: the part of a configuration that can say anything.
    #[test]
    fn every_run_argument_keeps_every_promise(run_args in configuration::run_args(), world in world::any()) {
        let configuration = serde_json::json!({ "image": "debian:bookworm", "runArgs": run_args });
        let policy = Policy::builtin();
        let plan = harden(&configuration, &world, &policy);
        let violations: Vec<_> = audit(&plan, &policy).iter().map(ToString::to_string).collect();
        prop_assert!(violations.is_empty(), "{violations:#?}");
    }

    /// The same input gives the same bytes.
    #[test]
    fn plans_are_deterministic(configuration in configuration::any(), world in world::any(), policy in world::policy()) {
        let (first, second) = (harden(&configuration, &world, &policy), harden(&configuration, &world, &policy));
        prop_assert_eq!(bytes(&first), bytes(&second));
    }

    /// A tighter policy never gives a wider plan.
    #[test]
    fn a_tighter_policy_gives_no_wider_plan(
        configuration in configuration::any(),
        world in world::any(),
        (wide, tight) in world::policies(),
    ) {
        let (wider, tighter) = (harden(&configuration, &world, &wide), harden(&configuration, &world, &tight));
        prop_assert!(tighter.outcome == Verdict::Refused || wider.outcome == Verdict::Ready);
        prop_assert!(tighter.passed_env.iter().all(|name| wider.passed_env.contains(name)));
        if let (Some(tighter), Some(wider)) = (&tighter.proxy, &wider.proxy) {
            prop_assert!(tighter.allow.iter().all(|rule| wider.allow.contains(rule)));
            prop_assert!(wider.deny.iter().all(|rule| tighter.deny.contains(rule)));
        }
        for (tighter, wider) in tighter.containers.iter().zip(&wider.containers) {
            let Container { limits, mounts, env, remote_env, extra_hosts, .. } = tighter;
            prop_assert!(fits(limits, &wider.limits), "{:?} in {:?}", limits, wider.limits);
            prop_assert_eq!((mounts, env, remote_env, extra_hosts), (&wider.mounts, &wider.env, &wider.remote_env, &wider.extra_hosts));
        }
    }

    /// What hardening lets through it lets through again, unchanged and without a complaint.
    #[test]
    fn a_hardened_configuration_is_hardened_already(configuration in configuration::with_image(), mut world in world::any()) {
        world.without_metadata();
        let policy = Policy::builtin();
        let once = harden(&configuration, &world, &policy);
        prop_assume!(once.outcome == Verdict::Ready);
        let again = effective::configuration(&once);
        // Text that still reads like a variable after its one substitution would be substituted again.
        prop_assume!(!again.to_string().contains("${"));
        let twice = harden(&again, &world, &policy);
        let complaints: Vec<_> = twice
            .findings
            .iter()
            .filter(|finding| finding.severity > Severity::Info && finding.action != Action::Kept)
            .map(|finding| (finding.pointer.as_str(), finding.requested.as_str(), finding.reason.as_str()))
            .collect();
        prop_assert!(complaints.is_empty(), "{complaints:#?}");
        prop_assert_eq!(effective::shape(&once), effective::shape(&twice));
    }
}

fn fits(tight: &Limits, wide: &Limits) -> bool {
    tight.pids <= wide.pids
        && tight.memory_bytes <= wide.memory_bytes
        && tight.cpus <= wide.cpus
        && tight.nofile <= wide.nofile
        && tight.shm_bytes <= wide.shm_bytes
        && tight.ulimits == wide.ulimits
}
