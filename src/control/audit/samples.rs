//! Entries for tests: one of each kind, and as many as a test wants.

use super::event::*;
use super::line;

/// An event of a guardian.
pub(crate) fn decision(event: u64, host: &str, allowed: bool) -> Entry {
    let what = What::Decision(Decision {
        connection: event,
        method: "CONNECT".into(),
        host: host.into(),
        port: 443,
        allowed,
        reason: if allowed { "allowed" } else { "not-allowed" }.into(),
        rule: if allowed { host.into() } else { String::new() },
        approval: None,
        address: None,
    });
    of_guardian(event, what)
}

/// Another one.
pub(crate) fn of_guardian(event: u64, what: What) -> Entry {
    let sandbox = Sandbox { id: "0123456789ab".into(), name: "web".into() };
    Entry { time: 1_790_000_000_000 + event, sandbox: Some(sandbox), origin: Some(origin("e1", event)), what }
}

pub(crate) fn origin(epoch: &str, event: u64) -> Origin {
    Origin { epoch: epoch.into(), event }
}

/// Something that is no event of a guardian.
pub(crate) fn own(what: What) -> Entry {
    Entry { time: 1_790_000_000_000, sandbox: None, origin: None, what }
}

/// The lines of a whole log, each without its newline, in files of `sizes` lines, beginnings included.
pub(crate) fn files(entries: impl IntoIterator<Item = Entry>, size: usize) -> Vec<Vec<Vec<u8>>> {
    let mut entries = entries.into_iter().peekable();
    let (mut chain, mut number, mut files) = (Chain::start(), 0, Vec::new());
    loop {
        let file = files.len() as u64 + 1;
        let (previous, removed, guardians) = (chain.clone(), Vec::new(), Default::default());
        let beginning = Beginning { file, previous, kept: 1, removed, guardians };
        let mut lines = Vec::new();
        for entry in std::iter::once(own(What::Log(beginning))).chain(entries.by_ref().take(size)) {
            number += 1;
            let Entry { time, sandbox, origin, what } = entry;
            let mut line = Vec::new();
            chain = line::write(&Record { number, time, sandbox, origin, what }, &chain, &mut line);
            line.pop();
            lines.push(line);
        }
        files.push(lines);
        if entries.peek().is_none() {
            return files;
        }
    }
}

/// One entry of each kind, with everything that it can say.
pub(crate) fn every_kind() -> Vec<Entry> {
    let digest = || "sha256:77af778b51abd4a3c51c5ddd97204a9c3ae614ebccb75a606c3b6865aed6744e".to_owned();
    let sandbox = || Some(Sandbox { id: "0123456789ab".into(), name: "web".into() });
    let answer = |until, by| Answer { term: "1h".into(), until, by, decision: Some("00c0ffee00".into()) };
    let card = |kind, what: &[&str], outcome| {
        let what = what.iter().map(|&text| text.to_owned()).collect();
        Entry {
            sandbox: sandbox(),
            ..own(What::Approval(Approval { card: Some(7), kind, what, digest: Some(digest()), outcome }))
        }
    };
    let command = |phase| {
        let executable = Executable { path: "/usr/bin/git".into(), sha256: digest()[7..].to_owned() };
        let argv = ["git", "push", "a b"].map(str::to_owned).to_vec();
        let (folder, executable) = (Some("/home/u/web".into()), Some(executable));
        Entry {
            sandbox: sandbox(),
            ..own(What::HostCommand(HostCommand { request: digest(), argv, folder, executable, phase }))
        }
    };
    let ended = |code, signal, reason: Option<&str>| Phase::Ended {
        code,
        signal,
        reason: reason.map(str::to_owned),
        stdout: 12,
        stderr: 3456,
        milliseconds: 78_901,
    };
    let address = Some([192, 0, 2, 7].into());
    vec![
        own(What::Control(Control::Started { process: 42, version: "0.1.0".into() })),
        own(What::Control(Control::GuardianAttached { epoch: "e1".into() })),
        Entry { sandbox: sandbox(), ..own(What::Plan(Plan { digest: digest(), folder: "/home/u/web".into() })) },
        Entry { sandbox: sandbox(), ..own(What::Sandbox(SandboxChange::Started)) },
        decision(1, "example.com", true),
        of_guardian(
            2,
            What::Closed(Closed { connection: 1, address, sent: 512, received: 1_234_567, milliseconds: 1234 }),
        ),
        decision(3, "evil.test", false),
        decision(4, "slow.example.com", true),
        of_guardian(5, What::Failed(Failed { connection: 4, reason: "dns".into() })),
        of_guardian(
            6,
            What::Held(Held {
                connection: 6,
                method: "CONNECT".into(),
                host: "new.test".into(),
                port: 443,
                from: 40_001,
            }),
        ),
        card(Card::Host, &["new.test:443"], Outcome::Asked),
        card(Card::Host, &["new.test:443"], Outcome::Allowed(answer(Some(1_790_003_600_000), Who::Page))),
        card(Card::HostCommand, &["git push"], Outcome::Denied(answer(None, Who::Terminal))),
        card(Card::Repository, &["initializeCommand"], Outcome::Expired),
        card(Card::Host, &["busy.test:443"], Outcome::Unasked("cool-down".into())),
        card(Card::Host, &["new.test:443"], Outcome::Ended { decision: "00c0ffee00".into(), by: Some(Who::Rule) }),
        card(Card::Host, &["new.test:443"], Outcome::Ended { decision: "00c0ffee00".into(), by: None }),
        command(Phase::Asked),
        command(Phase::Refused("denied".into())),
        command(Phase::Started),
        command(ended(Some(0), None, None)),
        command(ended(None, Some(9), Some("too-long"))),
        own(What::Policy(Policy {
            digest: digest(),
            from: "config.json5".into(),
            added: vec!["allow *.example.com".into()],
            removed: vec!["deny evil.test".into()],
        })),
        of_guardian(9, What::Gap(Gap { epoch: "e1".into(), first: 7, last: Some(8) })),
        own(What::Gap(Gap { epoch: "e1".into(), first: 10, last: None })),
        of_guardian(10, What::Diagnostic("too many connections".into())),
        own(What::Control(Control::GuardianLost { epoch: "e1".into() })),
        own(What::Control(Control::GuardianReplaced { before: "e1".into(), epoch: "e2".into() })),
        own(What::Control(Control::Repaired { bytes: 17 })),
        own(What::Control(Control::Missing(Lost { first: 3, last: 5 }))),
        own(What::Control(Control::EndUnknown)),
        Entry { sandbox: sandbox(), ..own(What::Sandbox(SandboxChange::Stopped)) },
        own(What::Control(Control::Stopped)),
        own(What::Log(Beginning {
            file: 9,
            previous: Chain::start(),
            kept: 2,
            removed: vec![Removed { file: 1, first: 1, last: 6, chain: Chain::start() }],
            guardians: [("e1".to_owned(), 10)].into(),
        })),
    ]
}
