//! A guardian with a controller that keeps its events, as `cloister` will.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use cloister::control::audit::event::Entry;
use cloister::control::audit::{Log, heard};
use cloister::guardian::limits::Limits;
use cloister::guardian::protocol::{
    Admission, Answer, Command as Wish, Event, Message, PROXY_PORT, Request, VERSION, WirePolicy,
};
use cloister::guardian::proxy::Proxy;
use cloister::guardian::world::Internet;
use cloister::guardian::{channel, descriptors, standard};
use ipnet::Ipv4Net;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::Instant;

use crate::arguments::Control;

/// Events between two acknowledgements.
const ACKNOWLEDGE: u64 = 64;

/// Serves until it is killed: the guardian itself, with limits that a load of this machine does not reach.
pub(crate) async fn guardian() -> io::Result<Value> {
    let wide = Limits {
        tunnels: 1 << 16,
        connections: 1 << 16,
        total: 1 << 16,
        total_forwards: 1 << 16,
        refusals: u32::MAX,
        refusal_burst: u32::MAX,
        refusal_pace: Duration::ZERO,
        ..Limits::SHIPPED
    };
    // raises the limit of descriptors; one sandbox may have them all here
    descriptors::within(wide);
    let proxy = Proxy::new(Arc::new(Internet::new()), wide, PROXY_PORT);
    let (input, output) = standard::streams();
    channel::serve(input, output, proxy, "bench".to_owned()).await;
    std::future::pending().await
}

/// Starts a guardian, admits, says so in the file, and acknowledges.
pub(crate) async fn control(control: Control) -> io::Result<Value> {
    let mut guardian = start(&control)?;
    let mut input = guardian.stdin.take().ok_or_else(|| io::Error::other("no standard input"))?;
    let output = guardian.stdout.take().ok_or_else(|| io::Error::other("no standard output"))?;
    let mut lines = BufReader::new(output).lines();
    let mut kept = control.log.as_deref().map(Kept::in_folder).transpose()?;
    let hello = Wish::Hello { version: VERSION, epoch: String::new(), acknowledged: 0, keeps: kept.is_some() };
    say(&mut input, 0, hello).await?;
    let began = Instant::now();
    for number in 0..=control.others {
        say(&mut input, u64::from(number) + 1, Wish::Admit(Box::new(admission(&control, number)?))).await?;
    }
    let last = u64::from(control.others) + 1;
    let (mut acknowledged, mut newest) = (0, 0);
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line) {
            Ok(Message::Answer { answer: Answer::Failed { reason }, .. }) => return Err(io::Error::other(reason)),
            Ok(Message::Answer { id, .. }) if id == last => {
                let text = format!("{} {}\n", guardian.id().unwrap_or_default(), began.elapsed().as_micros());
                tokio::fs::write(&control.pid_file, text).await?;
            }
            Ok(Message::Event(event)) => {
                newest = event.number;
                kept.iter_mut().for_each(|kept| kept.take(event.clone()));
            }
            _ => {}
        }
        // where events are waited for, whatever came at a time is kept and acknowledged as soon as it is read
        let is_due = kept.is_some() && newest > acknowledged && lines.get_ref().buffer().is_empty();
        if newest >= acknowledged + ACKNOWLEDGE || is_due {
            kept.as_mut().map_or(Ok(()), Kept::write)?;
            acknowledged = newest;
            say(&mut input, 0, Wish::Acknowledge { event: acknowledged }).await?;
        }
    }
    Err(io::Error::other("the guardian has ended"))
}

/// The audit log, and what is not in it yet.
struct Kept {
    log: Log,
    entries: Vec<Entry>,
}

impl Kept {
    fn in_folder(folder: &Path) -> io::Result<Self> {
        Ok(Self { log: Log::open(folder).map_err(io::Error::other)?, entries: Vec::new() })
    }

    fn take(&mut self, event: Event) {
        self.entries.push(heard::entry("bench", event, |_| Some("bench".to_owned()), |_, _| None));
    }

    fn write(&mut self) -> io::Result<()> {
        self.log.append(std::mem::take(&mut self.entries)).map(drop).map_err(io::Error::other)
    }
}

fn start(control: &Control) -> io::Result<Child> {
    let mut command = match &control.program {
        Some(program) => Command::new(program),
        None => {
            let mut own = Command::new(std::env::current_exe()?);
            own.arg("guardian");
            own
        }
    };
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()
}

async fn say(input: &mut ChildStdin, id: u64, command: Wish) -> io::Result<()> {
    let mut line = serde_json::to_vec(&Request { id, command })?;
    line.push(b'\n');
    input.write_all(&line).await?;
    input.flush().await
}

/// Sandbox 0 is the one that is used; each has a network of its own behind the same first two numbers.
fn admission(control: &Control, number: u8) -> io::Result<Admission> {
    let [first, second, third, fourth] = control.listen.octets();
    let listen = Ipv4Addr::new(first, second, third + number, fourth);
    let subnet = Ipv4Net::new(listen, 24).map_err(io::Error::other)?.trunc();
    let (host, _) = control.allowed.rsplit_once(':').ok_or_else(|| io::Error::other("--allowed has no port"))?;
    Ok(Admission {
        sandbox: format!("bench-{number}"),
        name: format!("bench-{number}"),
        subnet,
        listen,
        token: control.token.clone(),
        policy: WirePolicy {
            allow: rules(control),
            deny: Vec::new(),
            permit_addresses: vec![control.address.into()],
            hosts: BTreeMap::from([(host.to_owned(), control.address)]),
            host_addresses: Vec::new(),
        },
        hold: 0,
    })
}

fn rules(control: &Control) -> Vec<String> {
    let star = if control.wildcards { "*." } else { "" };
    let others = (1..control.rules).map(|number| format!("{star}service{number}.bench{}.example", number % 997));
    let used = match control.allowed.split_once('.') {
        Some((_, parent)) if control.wildcards => format!("*.{parent}"),
        _ => control.allowed.clone(),
    };
    others.chain([format!("{used}/raw"), used]).collect()
}
