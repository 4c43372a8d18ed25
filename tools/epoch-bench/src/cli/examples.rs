// SPDX-License-Identifier: MIT OR Apache-2.0

//! Examples of the command line, for the manual pages.

/// A command line, and its purpose.
pub struct Example {
    /// Its purpose.
    pub what: &'static str,
    /// The command line.
    pub line: &'static str,
}

const fn example(what: &'static str, line: &'static str) -> Example {
    Example { what, line }
}

/// Returns the examples of a subcommand, or of the command itself.
pub fn of(command: &str) -> &'static [Example] {
    match command {
        "run" => {
            const {
                &[
                    example(
                        "Measure tracker epoch with eight processes, in will-it-scale's format:",
                        "epoch-bench run --tracker epoch --tasks 8",
                    ),
                    example(
                        "Measure this kernel's own mmap and munmap, without the module:",
                        "epoch-bench run --where user --tasks 8 --json munmap.json",
                    ),
                ]
            }
        }
        "compare" => {
            const {
                &[
                    example(
                        "Compare a global mutex with an epoch, and keep the samples and a plot:",
                        "epoch-bench compare mutex epoch --json compare.json --svg compare.svg",
                    ),
                    example(
                        "Measure until the ratio is known to 2 %, and prove that it is within 3 %:",
                        "epoch-bench compare none epoch --until 2% --within 3%",
                    ),
                    example(
                        "Measure how often equals are called different on this machine:",
                        "epoch-bench compare epoch epoch --repeats 40",
                    ),
                ]
            }
        }
        "sweep" => {
            const {
                &[
                    example(
                        "Measure how three trackers scale, and keep the curves:",
                        "epoch-bench sweep --trackers none,mutex,epoch --json sweep.json --svg sweep.svg",
                    ),
                    example(
                        "Resume a sweep that was interrupted:",
                        "epoch-bench sweep --resume sweep.json",
                    ),
                ]
            }
        }
        "hook" => {
            const {
                &[example(
                    "Run a build with a block around each of its munmap calls:",
                    "epoch-bench hook --tracker mutex,epoch -- make -j8",
                )]
            }
        }
        "timeline" => {
            const {
                &[example(
                    "Record 5 ms of everything, to be opened in ui.perfetto.dev:",
                    "epoch-bench timeline --ms 5 --output epochs.json",
                )]
            }
        }
        "top" => {
            const {
                &[
                    example("Watch all epochs, once a second:", "epoch-bench top"),
                    example(
                        "Print the rates of a tenth of a second, once:",
                        "epoch-bench top --interval-ms 100 --count 1",
                    ),
                ]
            }
        }
        "torture" => {
            const {
                &[example(
                    "Look for waits that return too early, for a minute with each tracker:",
                    "epoch-bench torture --trackers all --seconds 60",
                )]
            }
        }
        "profile" => {
            const {
                &[example(
                    "Draw flame graphs of two trackers, and of the difference between them:",
                    "epoch-bench profile mutex epoch --event UNHALTED_CORE_CYCLES --out flames",
                )]
            }
        }
        "doctor" => {
            const {
                &[example(
                    "See what this machine lacks, and keep it for a report:",
                    "epoch-bench doctor --json doctor.json",
                )]
            }
        }
        "diff" => {
            const {
                &[
                    example(
                        "See what another kernel changed:",
                        "epoch-bench diff old.json new.json",
                    ),
                    example(
                        "Prove it, with three boots of each kernel:",
                        "epoch-bench diff old1.json new1.json --old old2.json old3.json --new new2.json new3.json",
                    ),
                ]
            }
        }
        "draw" => {
            const {
                &[example(
                    "Plot a saved comparison:",
                    "epoch-bench draw compare.json --svg compare.svg",
                )]
            }
        }
        "export" => {
            const {
                &[
                    example(
                        "Compare saved runs with Go's benchstat:",
                        "epoch-bench export run.json --format benchfmt --output run.txt",
                    ),
                    example(
                        "Plot a tracker's curve with will-it-scale's scripts:",
                        "epoch-bench export sweep.json --format will-it-scale --tracker epoch",
                    ),
                ]
            }
        }
        "report" => {
            const {
                &[example(
                    "Make one page of several files:",
                    "epoch-bench report compare.json sweep.json doctor.json --output report.html",
                )]
            }
        }
        "ministat" => {
            const {
                &[example(
                    "Compare the second columns of two files, at 99 % confidence, without a plot:",
                    "epoch-bench ministat -A -C 2 -c 99 before after",
                )]
            }
        }
        "schema" => {
            const {
                &[example(
                    "Print the form of the files that compare writes:",
                    "epoch-bench schema compare",
                )]
            }
        }
        "completions" => {
            const {
                &[example(
                    "Install completion for bash:",
                    "epoch-bench completions bash",
                )]
            }
        }
        "man" => {
            const {
                &[example(
                    "Install the manual pages:",
                    "epoch-bench man /usr/local/share/man/man1",
                )]
            }
        }
        _ => {
            const {
                &[
                    example("See whether this machine is ready:", "epoch-bench doctor"),
                    example(
                        "Compare a global mutex with an epoch:",
                        "epoch-bench compare mutex epoch",
                    ),
                ]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::{CommandFactory, Parser};

    #[test]
    fn each_command_has_an_example_that_is_right() {
        let command = Cli::command();
        let names = command.get_subcommands().map(|of| of.get_name());
        for name in names.chain(["epoch-bench"]) {
            let examples = of(name);
            assert!(!examples.is_empty(), "{name}");
            for Example { line, .. } in examples {
                let parsed = Cli::try_parse_from(line.split(' '));
                assert!(parsed.is_ok(), "{line}: {:?}", parsed.err());
                assert!(name == "epoch-bench" || line.split(' ').nth(1) == Some(name));
            }
        }
    }
}
