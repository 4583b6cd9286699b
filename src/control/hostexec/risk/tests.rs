use super::*;

const SEEN: Seen<'_> = Seen { program: "", is_agents_program: false, is_agents_folder: true, paths: &[], stdin: false };

fn codes(line: &str, seen: Seen<'_>) -> String {
    let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let mut codes: Vec<_> = warnings(&argv, seen).iter().map(Warning::code).collect();
    codes.dedup();
    codes.join(" ")
}

#[test]
fn what_is_dangerous_is_said() {
    let cases = [
        ("date", ""),
        ("echo hello", ""),
        ("ls -l", ""),
        // SEC-63
        ("make test", "workspace-code shell"),
        ("npm run build", "workspace-code"),
        ("cargo build", "workspace-code"),
        ("pytest", "workspace-code"),
        ("git status", "workspace-code"),
        ("/usr/bin/git push", "workspace-code"),
        ("python3.12 x.py", "workspace-code shell"),
        ("pip3 list", "workspace-code"),
        // SEC-66, HX-007, HX-010
        ("git log --output=/root/.bashrc", "workspace-code dangerous-option"),
        ("git log --outp=/root/.bashrc", "workspace-code dangerous-option"),
        ("git fetch --upload-pack=id", "workspace-code dangerous-option"),
        ("git fetch --upload-pa id", "workspace-code dangerous-option"),
        ("git -c core.pager=id log", "workspace-code dangerous-option"),
        ("git -ccore.pager=id log", "workspace-code dangerous-option"),
        ("git -C / log", "workspace-code dangerous-option"),
        ("git clone ext::sh", "workspace-code dangerous-option"),
        ("tar cf x --checkpoint-action=exec=id", "dangerous-option"),
        ("tar cf x --to-command=id", "dangerous-option"),
        ("ssh -o ProxyCommand=id host", "powerful dangerous-option"),
        ("ssh -oproxycommand=id host", "powerful dangerous-option"),
        ("rsync -e id a b", "powerful dangerous-option"),
        ("find . -execdir id", "workspace-code shell dangerous-option"),
        ("sort -o/root/x a", "dangerous-option"),
        ("sh -c id", "workspace-code shell"),
        ("env make", "workspace-code shell"),
        ("xargs rm", "workspace-code shell"),
        ("sudo make", "workspace-code powerful"),
        ("docker run -v /:/host alpine", "workspace-code powerful dangerous-option"),
        // UI-018
        ("echo \u{202e}x", "unseen"),
        ("echo a\nb", "unseen"),
        ("g\u{456}t push", "unseen"),
    ];
    for (line, expected) in cases {
        assert_eq!(codes(line, SEEN), expected, "{line}");
    }
}

#[test]
fn a_program_of_the_workspace_is_the_agents() {
    let program = |program| Seen { program, is_agents_program: true, ..SEEN };
    // HX-018
    assert_eq!(
        codes("node_modules/.bin/tsc", program("/home/u/web/node_modules/typescript/bin/tsc")),
        "workspace-binary"
    );
    assert_eq!(codes("./deploy.sh", program("/home/u/web/deploy.sh")), "workspace-program");
}

#[test]
fn a_link_does_not_hide_a_program() {
    assert_eq!(codes("harmless", Seen { program: "/usr/bin/make", ..SEEN }), "workspace-code shell");
}

#[test]
fn where_no_agent_writes_it_is_the_users_own_code() {
    let seen = Seen { is_agents_folder: false, paths: &["a"], ..SEEN };
    assert_eq!(codes("npm run build", seen), "");
    assert_eq!(codes("wc a", seen), "");
}

#[test]
fn paths_and_input_are_said() {
    assert_eq!(codes("wc a", Seen { paths: &["a"], stdin: true, ..SEEN }), "workspace-path input");
}

#[test]
fn only_what_an_agent_can_write_holds_a_command_back() {
    let argv: Vec<String> = ["sudo", "-c", "\u{202e}", "--output"].map(str::to_owned).to_vec();
    let found = warnings(&argv, Seen { is_agents_folder: false, stdin: true, ..SEEN });
    assert!(found.len() > 3 && !found.iter().any(Warning::is_agent_code), "{found:?}");
    assert!(warnings(&argv, SEEN).iter().any(Warning::is_agent_code), "sudo runs anything from this folder");
}

#[test]
fn no_sentence_can_be_made_to_lie() {
    let argv: Vec<String> = ["\u{1b}[2Jsh", "--output=\u{1b}]52;c;x\u{7}\n"].map(str::to_owned).to_vec();
    for warning in warnings(&argv, SEEN) {
        assert!(!warning.text().chars().any(char::is_control), "{warning:?}");
    }
}
