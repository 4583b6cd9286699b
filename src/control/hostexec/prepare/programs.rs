#![expect(clippy::disallowed_methods, reason = "adapter: programs on disk")]
//! The file that the first word of a command leads to: never by the agent's `PATH`, and never by its folder unless it says so
//! (SEC-62). What agents can write is read once, and what was read is what runs (SEC-63).

use std::fs;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, FileType, Mode, OFlags};
use sha2::{Digest, Sha256};

use super::Snapshot;
use super::place::{Entered, Place, real_path};
use crate::control::hostexec::command::{Content, File, Interpreter};
use crate::control::hostexec::script::{self, Form, FormError};
use crate::host::beneath::{self, Links, READ};
use crate::sandbox::hostexec::protocol::{Reason, Refusal};

/// Most bytes of a program that agents can write: it is held in memory while somebody decides.
const SNAPSHOT_LIMIT: u64 = 8 << 20;
/// Most bytes of a script whose text is shown.
const TEXT_LIMIT: usize = 256 << 10;
/// Most bytes of a program of the machine.
const PROGRAM_LIMIT: u64 = 2 << 30;

/// Most scripts that run each other (execve(2)).
const NESTED: usize = 5;
/// Most bytes that the kernel reads of a first line.
const HEAD: u64 = 256;
/// Bytes that are hashed at once.
const PIECE: usize = 64 << 10;

/// The program of a command.
pub(super) struct Found {
    pub(super) program: File,
    pub(super) interpreter: Option<Interpreter>,
    pub(super) content: Option<Content>,
    pub(super) snapshot: Option<Snapshot>,
}

/// Looks for the program of a command.
pub(super) fn find(word: &str, place: &Place, entered: &Entered, path: &[String]) -> Result<Found, Refusal> {
    found(word, place, entered, path).map_err(|refusal| in_words(word, refusal))
}

/// Whoever writes a whole line in quotes means its words.
fn in_words(word: &str, refusal: Refusal) -> Refusal {
    if refusal.reason == Reason::NotFound && word.contains(' ') {
        let text = format!("{}; without quotes around all of it, each word counts: hostexec {word}", refusal.text);
        return Refusal { text, ..refusal };
    }
    refusal
}

fn found(word: &str, place: &Place, entered: &Entered, path: &[String]) -> Result<Found, Refusal> {
    if !place.agents_write {
        return installed(&resolve(word, place, entered, path)?).map(Found::machine);
    }
    // Paths of the sandbox and relative ones are the workspace's.
    let own = match place.below(word) {
        Some(_) if !word.contains('/') => None,
        Some(below) if word.starts_with('/') => Some(below.to_owned()),
        Some(_) => Some(entered.join(word)),
        None => None,
    };
    let below = match own {
        Some(below) => below,
        None => {
            let found = resolve(word, place, entered, path)?;
            match found.strip_prefix(&place.source) {
                Ok(below) => below.to_owned(),
                Err(_) => {
                    runs_by_the_machine(&found, place, entered, path)?;
                    return installed(&found).map(Found::machine);
                }
            }
        }
    };
    agents(&below, entered, place, path)
}

impl Found {
    fn machine(program: File) -> Self {
        Self { program, interpreter: None, content: None, snapshot: None }
    }
}

/// Returns the path of a program that no agent can write, without links.
fn resolve(word: &str, place: &Place, entered: &Entered, path: &[String]) -> Result<PathBuf, Refusal> {
    let candidates = if word.contains('/') {
        let inside =
            if word.starts_with('/') { place.below(word).map(Path::to_owned) } else { Some(entered.join(word)) };
        vec![inside.map_or_else(|| PathBuf::from(word), |below| place.source.join(below))]
    } else {
        path.iter().map(|folder| Path::new(folder).join(word)).collect()
    };
    let usable = |path: &PathBuf| path.is_file() && rustix::fs::access(path.as_path(), Access::EXEC_OK).is_ok();
    candidates.iter().find(|path| usable(path)).and_then(|path| fs::canonicalize(path).ok()).ok_or_else(absent)
}

/// One text for all: what is on the host is not the agent's business.
fn absent() -> Refusal {
    Reason::NotFound.because("there is no such program on the host, or it cannot be run")
}

/// Makes sure that what runs a script of the machine is none that agents can write: a virtual environment of the workspace
/// leaves such scripts among the user's programs.
fn runs_by_the_machine(program: &Path, place: &Place, entered: &Entered, path: &[String]) -> Result<(), Refusal> {
    let mut program = program.to_owned();
    for _ in 0..NESTED {
        let file = fs::File::open(&program).map_err(|_| absent())?;
        let mut head = Vec::new();
        file.take(HEAD).read_to_end(&mut head).map_err(|_| absent())?;
        let line = match script::form(&head) {
            Ok(Form::Script(line)) => line,
            Err(FormError::Relative | FormError::Line) => return Err(agents_own()),
            // No script, or one for an env(1) that looks where every program is.
            Ok(Form::Machine) | Err(FormError::Neither | FormError::Env) => return Ok(()),
        };
        program = runner(&line, place, entered, path)?;
    }
    Ok(())
}

/// Returns a program of the machine.
fn installed(path: &Path) -> Result<File, Refusal> {
    let opened = open(path).map_err(|_| absent())?;
    let described = describe(path, fs::File::from(opened)).map_err(|_| absent())?;
    described.ok_or_else(absent)
}

/// Opens a program of the machine by the path that [`File`] has.
pub(in super::super) fn open(path: &Path) -> Result<OwnedFd, rustix::io::Errno> {
    rustix::fs::open(path, READ | OFlags::NOFOLLOW, Mode::empty())
}

/// Returns what a file is; `None` if it is no regular one, or larger than any program.
pub(in super::super) fn describe(path: &Path, file: fs::File) -> io::Result<Option<File>> {
    let status = rustix::fs::fstat(&file)?;
    if beneath::kind(&status) != FileType::RegularFile {
        return Ok(None);
    }
    let Some(path) = path.to_str() else { return Ok(None) };
    let (mut hash, mut read) = (Sha256::new(), 0);
    let (mut file, mut piece) = (file.take(PROGRAM_LIMIT + 1), vec![0; PIECE]);
    loop {
        match file.read(&mut piece)? {
            0 => break,
            length => {
                hash.update(&piece[..length]);
                read += length as u64;
            }
        }
    }
    let sha256 = hexadecimal(&hash.finalize());
    let file = File { path: path.to_owned(), device: status.st_dev, inode: status.st_ino, sha256 };
    Ok((read <= PROGRAM_LIMIT).then_some(file))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a program that agents can write, and says what would run it.
fn agents(below: &Path, entered: &Entered, place: &Place, path: &[String]) -> Result<Found, Refusal> {
    let (opened, bytes) = contents(&entered.root, below)?;
    let status = rustix::fs::fstat(&opened).map_err(|_| absent())?;
    if status.st_mode & 0o111 == 0 {
        return Err(Reason::NotFound.because("the file in the workspace is not executable: `chmod +x` makes it so"));
    }
    let not_shown = || Reason::BadRequest.because("the path of the program cannot be shown");
    let real = real_path(&opened).and_then(|path| path.into_os_string().into_string().ok()).ok_or_else(not_shown)?;
    let form = script::form(&bytes)
        .map_err(|error| Reason::BadRequest.because(format!("the program does not run: {error}")))?;
    let interpreter = match &form {
        Form::Machine => None,
        Form::Script(line) => Some(interpreter(line, place, entered, path)?),
    };
    let text = matches!(form, Form::Script(_)).then(|| String::from_utf8(bytes.clone()).ok()).flatten();
    let text = text.filter(|text| text.len() <= TEXT_LIMIT);
    if interpreter.is_some() && text.is_none() {
        return Err(Reason::TooLarge.because("the script is not text, or too long for anybody to read before it runs"));
    }
    let sha256 = hexadecimal(&Sha256::digest(&bytes));
    let program = File { path: real, device: status.st_dev, inode: status.st_ino, sha256 };
    let content = Some(Content { bytes: bytes.len() as u64, text });
    Ok(Found { program, interpreter, content, snapshot: Some(Snapshot { bytes, path: below.to_owned() }) })
}

/// Reads a file of the workspace; no link on the way leads out of it.
pub(super) fn contents(root: &OwnedFd, below: &Path) -> Result<(OwnedFd, Vec<u8>), Refusal> {
    let missing = || Reason::NotFound.because("there is no such program in the workspace");
    let opened = beneath::open(root, below, READ, Links::Within).map_err(|_| missing())?;
    let again = opened.try_clone().map_err(|_| missing())?;
    let bytes = beneath::regular(again, SNAPSHOT_LIMIT + 1).map_err(|_| missing())?.ok_or_else(missing)?;
    if bytes.len() as u64 > SNAPSHOT_LIMIT {
        return Err(Reason::TooLarge.because(format!(
            "the program is larger than {} MiB, too large to be held while somebody decides",
            SNAPSHOT_LIMIT >> 20
        )));
    }
    Ok((opened, bytes))
}

/// Returns what runs a script: a program of the machine.
fn interpreter(
    line: &script::Interpreter,
    place: &Place,
    entered: &Entered,
    path: &[String],
) -> Result<Interpreter, Refusal> {
    let found = runner(line, place, entered, path)?;
    runs_by_the_machine(&found, place, entered, path)?;
    let argv = [vec![line.program.clone()], line.arguments.clone()].concat();
    Ok(Interpreter { argv, file: installed(&found)? })
}

/// Returns the path of what a first line names, without links; it lies outside of the workspace.
fn runner(line: &script::Interpreter, place: &Place, entered: &Entered, path: &[String]) -> Result<PathBuf, Refusal> {
    let program = line.program.as_str();
    // An absolute path in a script is one of the host, where it runs.
    let found = match program.strip_prefix('/') {
        Some(_) => fs::canonicalize(program).map_err(|_| absent())?,
        None => resolve(program, place, entered, path)?,
    };
    if found.starts_with(&place.source) { Err(agents_own()) } else { Ok(found) }
}

fn agents_own() -> Refusal {
    Reason::BadRequest.because("what would run the script lies in the workspace itself, or nobody can say what would")
}
