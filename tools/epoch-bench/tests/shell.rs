// SPDX-License-Identifier: MIT OR Apache-2.0

//! Completion scripts and manual pages, read by the programs for which they are made, if installed.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

const COMMANDS: [&str; 17] = [
    "run",
    "compare",
    "sweep",
    "hook",
    "torture",
    "timeline",
    "top",
    "profile",
    "doctor",
    "diff",
    "draw",
    "export",
    "report",
    "ministat",
    "schema",
    "completions",
    "man",
];

fn epoch_bench(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_epoch-bench"))
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Returns the output of a program; `None`, with a message, if it is not installed.
fn output_of(program: &str, args: &[&str]) -> Option<Output> {
    match Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
    {
        Ok(output) => Some(output),
        Err(error) => {
            let _ = writeln!(io::stderr(), "skipped: {program}: {error}");
            None
        }
    }
}

fn completions(shell: &str) -> String {
    let output = epoch_bench(&["completions", shell]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn each_shell_completes_each_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = completions(shell);
        for command in COMMANDS {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
}

/// bash must be installed: the scripts of this project need it, too.
#[test]
fn bash_completes_what_was_begun() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("completions");
    fs::write(&path, completions("bash")).unwrap();
    let path = path.to_str().unwrap();
    let parsed = output_of("bash", &["-n", path]).unwrap();
    assert!(parsed.status.success(), "{}", text(&parsed.stderr));

    let complete = |words: &str, count: usize| {
        // Calls the completion function as bash does.
        let script = format!(
            r#"source '{path}'; [[ $(complete -p epoch-bench) =~ -F\ ([^ ]+) ]]
            COMP_WORDS=({words}) COMP_CWORD={count}
            ${{BASH_REMATCH[1]}} epoch-bench "${{COMP_WORDS[-1]}}" "${{COMP_WORDS[-2]}}"
            echo "${{COMPREPLY[@]}}""#
        );
        let output = output_of("bash", &["-c", &script]).unwrap();
        text(&output.stdout).trim().to_owned()
    };
    assert_eq!(complete("epoch-bench doc", 1), "doctor");
    assert_eq!(complete("epoch-bench doctor --k", 2), "--kdir");
    let testcases = complete("epoch-bench run --testcase mmap1-", 3);
    assert_eq!(testcases, "mmap1-touch");
    assert_eq!(complete("epoch-bench compare mu", 2), "mutex");
    assert_eq!(
        complete("epoch-bench run --tracker ep", 3),
        "epoch epoch-keyed"
    );
    assert_eq!(complete("epoch-bench ministat -c 99", 3), "99 99.5");
    // Names of arguments are no words.
    for words in ["compare", "report", "draw", "man", "hook", "ministat"] {
        let offered = complete(&format!("epoch-bench {words} \"\""), 2);
        assert!(
            !offered.is_empty() && !offered.contains(['<', ']']),
            "{offered}"
        );
    }
}

fn man(dir: &Path) {
    let output = epoch_bench(&["man", dir.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
}

#[test]
fn each_command_has_a_page() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("share/man1");
    man(&dir);
    let mut names = vec!["epoch-bench.1".to_owned()];
    names.extend(COMMANDS.map(|command| format!("epoch-bench-{command}.1")));
    for name in &names {
        let page = fs::read_to_string(dir.join(name)).unwrap();
        for section in ["NAME", "SYNOPSIS", "OPTIONS", "EXAMPLES", "SEE ALSO"] {
            assert!(
                page.contains(&format!(".SH \"{section}\"\n"))
                    || page.contains(&format!(".SH {section}\n")),
                "{name}: {section}"
            );
        }
        assert!(!page.contains("SH EXTRA"), "{name}");
    }
    assert_eq!(fs::read_dir(&dir).unwrap().count(), names.len());
    // Once more, over existing files.
    man(&dir);

    for name in &names {
        let path = dir.join(name);
        let path = path.to_str().unwrap();
        let args = ["-man", "-ww", "-z", "-Tutf8", "-Kutf8", path];
        if let Some(output) = output_of("groff", &args) {
            assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
        }
    }
}

#[test]
fn pages_that_cannot_be_written_are_an_error() {
    let output = epoch_bench(&["man", "/dev/null/man1"]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = text(&output.stderr);
    assert!(stderr.contains("name a directory that you"), "{stderr}");
}
