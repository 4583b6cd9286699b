//! Options that have a program run something, or read or write files that its own words do not name.

const RUNS: &str = "has the program run something else";
const WRITES: &str = "has the program write a file of your machine";
const READS: &str = "has the program read a file or settings of somebody's choice";
const ELSEWHERE: &str = "has the program work in another folder";

/// Long options of any program. Many programs take any unambiguous beginning of them.
const LONG: &[(&str, &str)] = &[
    ("--upload-pack", RUNS),
    ("--receive-pack", RUNS),
    ("--exec", RUNS),
    ("--exec-path", RUNS),
    ("--exec-batch", RUNS),
    ("--ext-diff", RUNS),
    ("--textconv", RUNS),
    ("--open-files-in-pager", RUNS),
    ("--template", RUNS),
    ("--config-env", RUNS),
    ("--checkpoint-action", RUNS),
    ("--to-command", RUNS),
    ("--use-compress-program", RUNS),
    ("--info-script", RUNS),
    ("--new-volume-script", RUNS),
    ("--rsh-command", RUNS),
    ("--rsh", RUNS),
    ("--rsync-path", RUNS),
    ("--use-askpass", RUNS),
    ("--compress-program", RUNS),
    ("--preprocessor", RUNS),
    ("--pre", RUNS),
    ("--hostname-bin", RUNS),
    ("--filter", RUNS),
    ("--eval", RUNS),
    ("--print", RUNS),
    ("--require", RUNS),
    ("--import", RUNS),
    ("--loader", RUNS),
    ("--experimental-loader", RUNS),
    ("--init-file", RUNS),
    ("--rcfile", RUNS),
    ("--command", RUNS),
    ("--plugin", RUNS),
    ("--pager", RUNS),
    ("--editor", RUNS),
    ("--browser", RUNS),
    ("--script-shell", RUNS),
    ("--node-options", RUNS),
    ("--entrypoint", RUNS),
    ("--privileged", RUNS),
    ("--volume", READS),
    ("--mount", READS),
    ("--output", WRITES),
    ("--output-document", WRITES),
    ("--output-dir", WRITES),
    ("--output-directory", WRITES),
    ("--log-file", WRITES),
    ("--dump-header", WRITES),
    ("--cookie-jar", WRITES),
    ("--trace", WRITES),
    ("--trace-ascii", WRITES),
    ("--in-place", WRITES),
    ("--target-directory", WRITES),
    ("--absolute-names", WRITES),
    ("--config", READS),
    ("--upload-file", READS),
    ("--post-file", READS),
    ("--body-file", READS),
    ("--data", READS),
    ("--data-binary", READS),
    ("--data-urlencode", READS),
    ("--form", READS),
    ("--files-from", READS),
    ("--file", READS),
    ("--makefile", READS),
    ("--manifest-path", READS),
    ("--git-dir", READS),
    ("--work-tree", ELSEWHERE),
    ("--directory", ELSEWHERE),
    ("--chdir", ELSEWHERE),
    ("--prefix", ELSEWHERE),
    ("--cwd", ELSEWHERE),
    ("--no-index", READS),
    ("--pathspec-from-file", READS),
];
/// Beginnings of words of one program, where a value may follow at once.
const SHORT: &[(&str, &[(&str, &str)])] = &[
    (
        "git",
        &[("-c", RUNS), ("-C", ELSEWHERE), ("-O", RUNS), ("-u", RUNS), ("-x", RUNS), ("-o", WRITES), ("-F", READS)],
    ),
    (
        "ssh",
        &[
            ("-o", RUNS),
            ("-F", READS),
            ("-E", WRITES),
            ("-J", RUNS),
            ("-S", RUNS),
            ("-L", RUNS),
            ("-R", RUNS),
            ("-D", RUNS),
            ("-A", RUNS),
        ],
    ),
    ("scp", &[("-o", RUNS), ("-F", READS), ("-S", RUNS), ("-J", RUNS), ("-D", RUNS)]),
    ("sftp", &[("-o", RUNS), ("-F", READS), ("-S", RUNS), ("-b", RUNS), ("-D", RUNS)]),
    ("rsync", &[("-e", RUNS), ("-f", READS)]),
    ("tar", &[("-I", RUNS), ("-F", RUNS), ("-C", ELSEWHERE), ("-P", WRITES), ("-T", READS), ("-f", WRITES)]),
    (
        "find",
        &[
            ("-exec", RUNS),
            ("-ok", RUNS),
            ("-delete", WRITES),
            ("-fprint", WRITES),
            ("-fls", WRITES),
            ("-files0-from", READS),
        ],
    ),
    (
        "curl",
        &[
            ("-o", WRITES),
            ("-O", WRITES),
            ("-K", READS),
            ("-T", READS),
            ("-F", READS),
            ("-d", READS),
            ("-c", WRITES),
            ("-D", WRITES),
        ],
    ),
    ("wget", &[("-O", WRITES), ("-o", WRITES), ("-a", WRITES), ("-P", WRITES), ("-i", READS), ("-e", RUNS)]),
    ("make", &[("-f", READS), ("-C", ELSEWHERE), ("-I", READS), ("-E", RUNS)]),
    ("node", &[("-r", RUNS), ("-e", RUNS), ("-p", RUNS)]),
    ("python", &[("-c", RUNS), ("-m", RUNS)]),
    ("perl", &[("-e", RUNS), ("-E", RUNS), ("-M", RUNS), ("-i", WRITES)]),
    ("ruby", &[("-e", RUNS), ("-r", RUNS), ("-i", WRITES)]),
    ("php", &[("-r", RUNS), ("-d", RUNS), ("-c", READS)]),
    ("sed", &[("-i", WRITES), ("-e", RUNS), ("-f", READS)]),
    ("sort", &[("-o", WRITES), ("-T", WRITES), ("-S", READS)]),
    ("docker", &[("-v", READS), ("-H", ELSEWHERE), ("-c", ELSEWHERE)]),
    ("podman", &[("-v", READS)]),
    ("zip", &[("-T", RUNS), ("-O", WRITES)]),
    ("man", &[("-P", RUNS), ("-H", RUNS)]),
    ("less", &[("-o", WRITES), ("-k", READS)]),
    ("xargs", &[("-a", READS)]),
    ("env", &[("-S", RUNS), ("-C", ELSEWHERE)]),
    ("gcc", &[("-o", WRITES), ("-wrapper", RUNS), ("-fplugin", RUNS), ("-B", RUNS), ("-specs", RUNS)]),
];
/// Settings of ssh that run something, in whatever word they stand.
const SETTINGS: &[&str] =
    &["proxycommand", "localcommand", "knownhostscommand", "proxyusefdpass", "pkcs11provider", "securitykeyprovider"];
/// Settings of git that run something, and its transports that do.
const GIT: &[&str] =
    &["ext::", "fd::", "core.sshcommand", "core.pager", "core.editor", "core.fsmonitor", "core.hookspath", "alias."];
/// Fewest letters of a long option that count as its beginning.
const BEGINNING: usize = "--out".len();

/// Returns the words that are such options, and what they do.
pub(super) fn dangerous<'a>(names: [&'a str; 2], argv: &'a [String]) -> impl Iterator<Item = (&'a str, &'static str)> {
    argv.iter().skip(1).filter_map(move |word| does(names, word).map(|does| (word.as_str(), does)))
}

fn does(names: [&str; 2], word: &str) -> Option<&'static str> {
    let lower = word.to_ascii_lowercase();
    if SETTINGS.iter().chain(GIT).any(|setting| lower.contains(setting)) {
        return Some(RUNS);
    }
    if word.starts_with("--") {
        let option = word.split('=').next().unwrap_or(word);
        let is_meant = |long: &str| option == long || option.len() >= BEGINNING && long.starts_with(option);
        return LONG.iter().find(|(long, _)| is_meant(long)).map(|(_, does)| *does);
    }
    let tables = SHORT.iter().filter(|(tool, _)| names.contains(tool));
    let mut options = tables.flat_map(|(_, options)| options.iter());
    options.find(|(option, _)| word.starts_with(option)).map(|(_, does)| *does)
}
