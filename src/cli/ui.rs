#![expect(clippy::disallowed_methods, reason = "adapter: starts the user's browser")]
//! `cloister ui`: the page, in a browser.

use std::path::Path;
use std::process::{Command, Stdio};

use super::exit;
use super::failure::{Explained, Failure};
use super::output::Output;
use super::runtime;
use crate::control::client::{self, Connection, ControlError};
use crate::control::protocol::{Ask, Reply};
use crate::host::file;
use crate::host::identity::{Identity, IdentityError};
use crate::host::paths::Paths;

const EXAMPLES: &str = "\
Examples:
  cloister ui             opens the page
  cloister ui --no-open   prints the link alone
  cloister ui --metrics   what Prometheus needs to scrape what is counted";

/// Open the page on which requests are answered
///
/// Prints a link that logs one browser in, is good once, and for a minute; where there is a desktop, it is opened as well. The
/// page is served on 127.0.0.1 alone, by the control plane of your sandboxes.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Do not start a browser
    #[arg(long)]
    pub no_open: bool,
    /// Print where and how metrics are scraped, as a part of a configuration of Prometheus
    #[arg(long)]
    pub metrics: bool,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
enum UiError {
    /// Nobody knows who runs this.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The control plane cannot be asked.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// There is none.
    #[error("no sandbox runs, so there is no page")]
    Nothing,
}

impl Explained for UiError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Identity(error) => error.hint(),
            Self::Control(error) => error.hint(),
            Self::Nothing => Some("start one: `cloister start`".to_owned()),
        }
    }

    fn lines(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Prints a link, and opens it.
///
/// # Errors
/// No control plane lives.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let (mut link, mut scraped) = (String::new(), String::new());
    let identity = Identity::current().map_err(|error| Failure::explained(&UiError::from(error)))?;
    let paths = Paths::of(&identity.home);
    runtime::finish(async {
        let mut connection = Connection::open(&paths.state).await?.ok_or(UiError::Nothing)?;
        match connection.ask(if args.metrics { &Ask::Scrape } else { &Ask::Invite }).await? {
            Reply::Link(invitation) => link = invitation,
            Reply::Scrape { address, token_file } => scraped = scraping(&address, &token_file),
            _ => return Err(ControlError::Unexpected.into()),
        }
        Ok::<_, UiError>(exit::OK)
    })?;
    if args.metrics {
        return Output { stdout: scraped, ..Output::default() }.write();
    }
    let has_desktop = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    if has_desktop && !args.no_open {
        open(&client::folder(&paths.state).join("open.html"), &link);
    }
    Output { stdout: link + "\n", ..Output::default() }.write()
}

/// Returns a part of a configuration of Prometheus. Strings of JSON are strings of YAML.
fn scraping(address: &str, token_file: &str) -> String {
    let target = address.trim_start_matches("http://").trim_end_matches("/metrics");
    let text = |text: &str| serde_json::Value::from(text).to_string();
    format!(
        "# {address}\nscrape_configs:\n  - job_name: cloister\n    authorization:\n      credentials_file: {}\n    static_configs:\n      - targets: [{}]\n",
        text(token_file),
        text(target)
    )
}

/// Has the desktop open a file that leads to the link: everybody on the machine can read command lines.
fn open(file: &Path, link: &str) {
    let page =
        format!("<!doctype html><meta http-equiv=\"refresh\" content=\"0; url={link}\"><title>cloister</title>\n");
    if file::replace(file, page.as_bytes(), 0o600).is_ok() {
        let quiet =
            Command::new("xdg-open").arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        // The link is printed all the same.
        drop(quiet);
    }
}
