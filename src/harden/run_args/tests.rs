use std::collections::BTreeSet;

use super::Argument::{self, Mistake as Wrong, Setting, Switch};
use super::Mistake::{BadSwitch, BareWord, Empty, EndOfFlags, MissingValue, Nul, Syntax, Unknown};
use super::{Flag, Item, Kind, Name, parse};
use crate::config::model::Text;
use crate::source::{Origin, Spanned};

fn items(arguments: &[&str]) -> Vec<Item> {
    let element =
        |(index, text): (usize, &&str)| Spanned::new(Text::plain(*text), Origin::unplaced(format!("/runArgs/{index}")));
    parse(&arguments.iter().enumerate().map(element).collect::<Vec<_>>())
}

fn set(name: Name, value: &str) -> Argument {
    Setting(name, value.to_owned())
}

fn unknown(text: &str) -> Argument {
    Wrong(Unknown(text.to_owned()))
}

/// Every case was tried with `docker create` of the client 28.2, which accepts exactly these.
#[test]
fn every_form_that_docker_accepts_is_understood() {
    for (arguments, expected) in [
        (vec!["--env", "A=1"], vec![set(Name::Env, "A=1")]),
        (vec!["--env=A=1"], vec![set(Name::Env, "A=1")]),
        (vec!["-e", "A=1"], vec![set(Name::Env, "A=1")]),
        (vec!["-eA=1"], vec![set(Name::Env, "A=1")]),
        (vec!["-e=A=1"], vec![set(Name::Env, "A=1")]),
        (vec!["--hostname="], vec![set(Name::Hostname, "")]),
        (vec!["-hx"], vec![set(Name::Hostname, "x")]),
        (vec!["-h=x"], vec![set(Name::Hostname, "x")]),
        (vec!["-u0"], vec![set(Name::User, "0")]),
        (vec!["-v/:/host"], vec![set(Name::Volume, "/:/host")]),
        (vec!["-vtest.x:/y"], vec![set(Name::Volume, "test.x:/y")]),
        (vec!["-iv/:/h"], vec![Switch(Name::Interactive, true), set(Name::Volume, "/:/h")]),
        (vec!["-it"], vec![Switch(Name::Interactive, true), Switch(Name::Tty, true)]),
        (vec!["-itu0"], vec![Switch(Name::Interactive, true), Switch(Name::Tty, true), set(Name::User, "0")]),
        (vec!["-ie", "A=1"], vec![Switch(Name::Interactive, true), set(Name::Env, "A=1")]),
        (vec!["-Pp", "80"], vec![Switch(Name::PublishAll, true), set(Name::Publish, "80")]),
        (vec!["-i=false"], vec![Switch(Name::Interactive, false)]),
        (vec!["-it=F"], vec![Switch(Name::Interactive, true), Switch(Name::Tty, false)]),
        (vec!["--init"], vec![Switch(Name::Init, true)]),
        (vec!["--privileged=true"], vec![Switch(Name::Privileged, true)]),
        (vec!["--privileged=1"], vec![Switch(Name::Privileged, true)]),
        (vec!["--privileged=T"], vec![Switch(Name::Privileged, true)]),
        (vec!["--privileged=0"], vec![Switch(Name::Privileged, false)]),
        (vec!["--read-only=False"], vec![Switch(Name::ReadOnly, false)]),
        (vec!["--help=false"], vec![Switch(Name::Help, false)]),
        (vec!["--net=host"], vec![set(Name::Network, "host")]),
        (vec!["--net", "host"], vec![set(Name::Network, "host")]),
        (vec!["--net-alias=a"], vec![set(Name::NetworkAlias, "a")]),
        (vec!["--dns-opt=a"], vec![set(Name::DnsOption, "a")]),
        (vec!["--kernel-memory=4m"], vec![set(Name::KernelMemory, "4m")]),
        (vec!["--use-api-socket=false"], vec![Switch(Name::UseApiSocket, false)]),
        (vec!["-c", "5"], vec![set(Name::CpuShares, "5")]),
        (vec!["--label", "--privileged"], vec![set(Name::Label, "--privileged")]),
        (vec!["-e", "--"], vec![set(Name::Env, "--")]),
        (vec!["-l", ""], vec![set(Name::Label, "")]),
        (
            vec!["-e", "A=1", "--env=B=2", "-eC=3"],
            vec![set(Name::Env, "A=1"), set(Name::Env, "B=2"), set(Name::Env, "C=3")],
        ),
        (vec!["--label", "a\nb"], vec![set(Name::Label, "a\nb")]),
        (vec![], vec![]),
    ] {
        let found: Vec<_> = items(&arguments).into_iter().map(|item| item.argument).collect();
        assert_eq!(found, expected, "{arguments:?}");
    }
}

/// The same clients refuse these, or take them for the image, but for `test.`: they ignore it.
#[test]
fn every_mistake_is_told_and_the_rest_is_read_on() {
    let init = || Switch(Name::Init, true);
    for (arguments, expected) in [
        (vec!["--initi"], vec![unknown("--initi")]),
        (vec!["--priv"], vec![unknown("--priv")]),
        (vec!["--INIT"], vec![unknown("--INIT")]),
        (vec!["--cap_add=x", "--init"], vec![unknown("--cap_add"), init()]),
        (vec!["--debug", "word", "--init"], vec![unknown("--debug"), init()]),
        (vec!["--debug", "--init"], vec![unknown("--debug"), init()]),
        (vec!["-D"], vec![unknown("-D")]),
        (vec!["-H", "x", "--init"], vec![unknown("-H"), init()]),
        (vec!["-é"], vec![unknown("-é")]),
        (vec!["-izv/:/h"], vec![Switch(Name::Interactive, true), unknown("-zv/:/h")]),
        (vec!["-i="], vec![Switch(Name::Interactive, true), unknown("-=")]),
        (vec!["-test.v"], vec![unknown("-test.v")]),
        (vec!["-itest.x"], vec![Switch(Name::Interactive, true), unknown("-test.x")]),
        (vec!["--\u{202e}x"], vec![unknown("--\\u{202e}x")]),
        (vec!["---init"], vec![Wrong(Syntax)]),
        (vec!["--=x"], vec![Wrong(Syntax)]),
        (vec!["--init=maybe"], vec![Wrong(BadSwitch(Name::Init, "maybe".into()))]),
        (vec!["--init="], vec![Wrong(BadSwitch(Name::Init, String::new()))]),
        (vec!["--init=tRUE"], vec![Wrong(BadSwitch(Name::Init, "tRUE".into()))]),
        (vec!["-i=no"], vec![Wrong(BadSwitch(Name::Interactive, "no".into()))]),
        (vec!["--init", "false", "-i"], vec![init(), Wrong(BareWord), Wrong(BareWord)]),
        (vec!["--env"], vec![Wrong(MissingValue(Name::Env))]),
        (vec!["-e"], vec![Wrong(MissingValue(Name::Env))]),
        (
            vec!["-itv"],
            vec![Switch(Name::Interactive, true), Switch(Name::Tty, true), Wrong(MissingValue(Name::Volume))],
        ),
        (vec!["evil", "--privileged"], vec![Wrong(BareWord), Wrong(BareWord)]),
        (vec!["--", "--privileged"], vec![Wrong(EndOfFlags), Wrong(BareWord)]),
        (vec!["-"], vec![Wrong(BareWord)]),
        (vec![""], vec![Wrong(Empty)]),
        (vec![" --init"], vec![Wrong(BareWord)]),
        (vec!["--env", "A=\0", "--init"], vec![Wrong(Nul), init()]),
        (vec!["\0"], vec![Wrong(Nul)]),
    ] {
        let found: Vec<_> = items(&arguments).into_iter().map(|item| item.argument).collect();
        assert_eq!(found, expected, "{arguments:?}");
    }
}

#[test]
fn items_know_where_they_come_from_and_how_they_were_written() {
    let found = items(&["--init", "-itv", "/:/h", "-e", "A=two words", "--bogus", "x", "-i=f"]);
    let places: Vec<_> =
        found.iter().map(|item| (item.written.as_str(), item.origin.pointer.as_str(), item.elements.clone())).collect();
    assert_eq!(
        places,
        [
            ("--init", "/runArgs/0", 0..1),
            ("-i", "/runArgs/1", 1..2),
            ("-t", "/runArgs/1", 1..2),
            ("-v /:/h", "/runArgs/1", 1..3),
            ("-e 'A=two words'", "/runArgs/3", 3..5),
            ("--bogus x", "/runArgs/5", 5..7),
            ("-i=f", "/runArgs/7", 7..8),
        ]
    );
}

#[test]
fn the_table_of_flags_is_consistent() {
    let mut words = BTreeSet::new();
    let mut letters = BTreeSet::new();
    for flag in Flag::ALL {
        assert_eq!(flag.name.flag(), flag);
        assert!(flag.aliases.iter().chain([&flag.long]).all(|word| words.insert(*word)), "twice: {}", flag.long);
        assert!(flag.short.is_none_or(|letter| letters.insert(letter)), "twice: {:?}", flag.short);
    }
    let switches: Vec<_> = Flag::ALL.iter().filter(|flag| flag.kind == Kind::Switch).map(|flag| flag.long).collect();
    assert_eq!(
        switches,
        [
            "detach",
            "disable-content-trust",
            "help",
            "init",
            "interactive",
            "no-healthcheck",
            "oom-kill-disable",
            "privileged",
            "publish-all",
            "quiet",
            "read-only",
            "rm",
            "sig-proxy",
            "tty",
            "use-api-socket"
        ]
    );
}
