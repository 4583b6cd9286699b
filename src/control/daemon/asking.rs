//! Which program of a sandbox asks for a host: looked for when a card is made, one look at a time for each sandbox, however
//! many cards there are.
//!
//! What is found is the sandbox's word: it is shown, and decides nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Input;
use crate::engine::connect::Engine;
use crate::engine::exec::{Process, captured};
use crate::engine::receipt::Receipt;
use crate::policy::host::Host;
use crate::redact;
use crate::sandbox::protocol::{Asking, INIT};
use crate::ui::text::{cut, quoted};

/// Most ports of one look.
const PORTS: usize = 256;
/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most bytes that the sandbox may say.
const ANSWER: usize = 1 << 20;
/// Most characters of a program with its words.
const PROGRAM: usize = 400;

/// What is looked for, by sandbox.
#[derive(Debug, Default)]
pub(super) struct Looks(BTreeMap<String, Look>);

#[derive(Debug, Default)]
struct Look {
    /// What is to be looked for next: the port that a connection comes from, and where it wants to go.
    wanted: BTreeMap<u16, Host>,
    /// What is looked for now.
    asked: Option<BTreeMap<u16, Host>>,
}

impl Looks {
    /// Wants to know whose a connection is; with too many at once, of some nobody will.
    pub(super) fn want(&mut self, sandbox: &str, port: u16, host: Host) {
        let wanted = &mut self.0.entry(sandbox.to_owned()).or_default().wanted;
        if wanted.len() < PORTS {
            wanted.insert(port, host);
        }
    }

    /// Returns the ports to look for now; none while another look is under way.
    pub(super) fn begin(&mut self, sandbox: &str) -> Vec<u16> {
        let Some(look) = self.0.get_mut(sandbox).filter(|look| look.asked.is_none()) else { return Vec::new() };
        let wanted = std::mem::take(&mut look.wanted);
        let ports: Vec<u16> = wanted.keys().copied().collect();
        if ports.is_empty() {
            self.0.remove(sandbox);
        } else {
            look.asked = Some(wanted);
        }
        ports
    }

    /// A look is over: returns who asks for which host, of those that were looked for.
    pub(super) fn end(&mut self, sandbox: &str, found: Vec<Asking>) -> Vec<(Host, String)> {
        let asked = self.0.get_mut(sandbox).and_then(|look| look.asked.take()).unwrap_or_default();
        found.into_iter().filter_map(|one| Some((asked.get(&one.port)?.clone(), said(one)))).collect()
    }
}

/// Looks, and has the answer come as an input, whatever becomes of it.
pub(super) fn look(engine: &Engine, receipt: &Receipt, ports: &[u16], send: mpsc::UnboundedSender<Input>) {
    let command = [INIT.to_owned(), "asking".to_owned()].into_iter().chain(ports.iter().map(u16::to_string));
    let process = Process {
        command: command.collect(),
        user: receipt.process.user.clone(),
        folders: vec!["/".to_owned()],
        env: BTreeMap::new(),
        mark: None,
    };
    let (engine, sandbox) = (engine.clone(), receipt.id.clone());
    let container = receipt.container.clone().unwrap_or_default();
    tokio::spawn(async move {
        let looked = timeout(PATIENCE, captured::run(&engine, &container, &process, ANSWER)).await;
        let printed = looked.ok().and_then(Result::ok).flatten().unwrap_or_default();
        let found = serde_json::from_slice(&printed).unwrap_or_default();
        // Without a control plane nobody wants to know.
        let _ = send.send(Input::Looked(sandbox, found));
    });
}

/// A program with its words, on one line.
fn said(Asking { program, mut argv, .. }: Asking) -> String {
    redact::words(&mut argv);
    let words: Vec<String> = argv.iter().map(|word| quoted(word)).collect();
    cut(&format!("{}: {}", quoted(&program), words.join(" ")), PROGRAM)
}

#[cfg(test)]
mod tests;
