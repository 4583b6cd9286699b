//! `cloister-guardian`: the data plane. Without arguments it serves on standard input and output.
#![expect(clippy::disallowed_methods, reason = "adapter: process, environment, randomness")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the only text is for people who start it by hand")]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use cloister::guardian::limits::Limits;
use cloister::guardian::protocol::PROXY_PORT;
use cloister::guardian::proxy::Proxy;
use cloister::guardian::world::Internet;
use cloister::guardian::{channel, descriptors, standard};
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        None => serve(),
        Some("--version") => {
            println!("cloister-guardian {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        Some(_) => {
            eprintln!(
                "usage: cloister-guardian [--version]\n\n`cloister start` starts it in a container of its own; there is nothing to set here"
            );
            ExitCode::from(2)
        }
    }
}

fn serve() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("cloister-guardian: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(run());
    // a read of standard input that is no pipe cannot be called off
    runtime.shutdown_timeout(Duration::ZERO);
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cloister-guardian: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until it is told to end. The end of standard input is not the end: the last policy stays in force.
async fn run() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut epoch = [0; 16];
    getrandom::fill(&mut epoch)?;
    let epoch: String = epoch.iter().map(|byte| format!("{byte:02x}")).collect();
    let limits = descriptors::within(Limits::default());
    let proxy = Proxy::new(Arc::new(Internet::new()), limits, PROXY_PORT);
    report_panics(proxy.clone());
    let (input, output) = standard::streams();
    tokio::spawn(channel::serve(input, output, proxy, epoch));
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

/// A panic ends one connection; somebody should hear of it.
fn report_panics(proxy: Proxy) {
    std::panic::set_hook(Box::new(move |panic| proxy.diagnose(format!("panic: {panic}"))));
}
