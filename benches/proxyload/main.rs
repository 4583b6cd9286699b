#![expect(clippy::disallowed_methods, reason = "a load generator: network, processes and the clock")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "one line of JSON is what it is for")]
//! `proxyload MODE`: load for an http proxy, and what the proxy's processes spend on it. One line of JSON each.
//!
//! `scripts/bench` starts it; it dials nothing but addresses of its own machine. The figure that holds on a busy machine
//! is the processor time of the proxy per operation; times of the clock are printed beside it.

mod arguments;
mod bulk;
mod client;
mod idle;
mod origin;
mod process;
mod repeat;
mod served;
mod statistics;

use std::process::ExitCode;

use arguments::{Arguments, Mode};
use clap::Parser;
use tokio::task::LocalSet;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = arguments.load.check_addresses().and_then(|()| run(arguments));
    match outcome {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("proxyload: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(Arguments { mode, load }: Arguments) -> std::io::Result<serde_json::Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async move {
        match mode {
            Mode::Connect | Mode::Http | Mode::Deny => repeat::closed(mode, load).await,
            Mode::Rate => repeat::open(load).await,
            Mode::Download | Mode::Upload => bulk::run(mode, load).await,
            Mode::Idle => idle::run(load).await,
            Mode::Origin { listen } => origin::serve(listen).await,
            Mode::Control(control) => served::control(control).await,
            Mode::Guardian => served::guardian().await,
        }
    })
}
