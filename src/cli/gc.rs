//! `cloister gc`: what stopped sandboxes left is removed for good.

use std::io::Write;

use super::cloned;
use super::exit;
use super::failure::Failure;
use super::output::Output;
use super::runtime;
use crate::engine::session::{self, Collected, Context, Garbage, Left, SessionError};
use crate::host::{stdin, terminal};
use crate::ui::text::{count, visible};

const EXAMPLES: &str = "\
Examples:
  cloister gc            shows what stopped sandboxes left, asks, and removes it
  cloister gc web        of the sandbox named web alone
  cloister gc --yes      asks nothing";

/// Remove what stopped sandboxes left
///
/// Volumes, home folders, images that were built, and what is known of sandboxes that were stopped, images of builds
/// whose sandbox never started, and images of your older guardians. Workspaces stay, and so does everything of a sandbox that runs. A clone with something in it that was
/// not pulled goes only where its sandbox is named.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Names of stopped sandboxes; without one, all of them
    pub names: Vec<String>,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

/// Shows what there is, and removes it once that is agreed to.
///
/// # Errors
/// A name is not known, its sandbox runs, nobody agrees, or something cannot be removed.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let mut garbage = Garbage::default();
    let look = async {
        garbage = session::garbage(&Context::open().await?, &args.names).await?;
        Ok::<_, SessionError>(exit::OK)
    };
    runtime::finish(look)?;
    Output { stderr: kept(&garbage.kept), ..Output::default() }.write()?;
    if garbage.sandboxes.is_empty() && garbage.unstarted.is_empty() && garbage.images.is_empty() {
        return Output { stderr: "nothing to remove\n".to_owned(), ..Output::default() }.write();
    }
    Output { stderr: listed(&garbage), ..Output::default() }.write()?;
    if !args.yes {
        agree()?;
    }
    let mut collected = Collected::default();
    let collect = async {
        collected = session::collect(&Context::open().await?, &garbage).await;
        Ok::<_, SessionError>(exit::OK)
    };
    runtime::finish(collect)?;
    let code = Output { stderr: ended(&collected), ..Output::default() }.write()?;
    let failures = collected.failed.iter().map(|error| Failure::explained(error).print());
    Ok(failures.fold(code, u8::max))
}

/// Asks whoever sits at the terminal.
fn agree() -> Result<(), Failure> {
    if !(terminal::stdin_is_terminal() && terminal::stderr_is_terminal()) {
        return Err(
            Failure::message("nothing was removed: nobody is there to agree").hint(["`cloister gc --yes` removes it"])
        );
    }
    let mut stderr = anstream::stderr().lock();
    // Where standard error is gone, so is the question, and the answer is no.
    let _ = write!(stderr, "remove all of this? [y/N] ").and_then(|()| stderr.flush());
    match stdin::line().trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::message("nothing was removed")),
    }
}

fn listed(garbage: &Garbage) -> String {
    let sandbox = |Left { name, workspace, gone, volumes, images, clone, .. }: &Left| {
        let volumes = if volumes.is_empty() { String::new() } else { format!(", {}", count(volumes.len(), "volume")) };
        let images = if images.is_empty() { String::new() } else { format!(", {}", count(images.len(), "image")) };
        let clone = clone.as_ref().map(cloned::lost).unwrap_or_default();
        let folder = if *gone { "is gone, and what was approved for it goes" } else { "stays" };
        format!("{}: home folder and state{volumes}{images}{clone}; {} {folder}\n", visible(name), visible(workspace))
    };
    let number = garbage.unstarted.iter().map(|one| one.images.len()).sum();
    let unstarted = (number > 0).then(|| format!("{} of builds whose sandbox never started\n", count(number, "image")));
    let images = garbage.images.iter().map(|image| format!("image {}\n", visible(image)));
    garbage.sandboxes.iter().map(sandbox).chain(unstarted).chain(images).collect()
}

/// Says what stays because it was not asked for by name.
fn kept(kept: &[Left]) -> String {
    let said = |Left { name, clone, .. }: &Left| {
        let clone = clone.as_ref().map(cloned::kept).unwrap_or_default();
        format!("{}: stays, for its clone {clone}; remove it by name: cloister gc {name}\n", visible(name))
    };
    kept.iter().map(said).collect()
}

fn ended(Collected { removed, started, unstarted, images, used, failed: _ }: &Collected) -> String {
    let named = |names: &[String], before: &str, after: &str| {
        names.iter().map(|name| format!("{before}{}{after}\n", visible(name))).collect::<String>()
    };
    let unstarted =
        if *unstarted > 0 { format!("{} of builds removed\n", count(*unstarted, "image")) } else { String::new() };
    [
        named(removed, "`", "` removed"),
        named(started, "`", "` started meanwhile, and stays"),
        unstarted,
        named(images, "image ", " removed"),
        named(used, "image ", " is in use, and stays"),
    ]
    .concat()
}

#[cfg(test)]
mod tests;
