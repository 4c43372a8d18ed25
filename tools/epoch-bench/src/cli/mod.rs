// SPDX-License-Identifier: MIT OR Apache-2.0

//! The command line.

mod choices;
mod compare;
mod diff;
mod doctor;
pub mod examples;
mod export;
mod given;
mod hook;
mod measure;
mod ministat;
pub mod options;
mod profile;
mod report;
mod run;
mod schema;
mod shell;
mod sweep;
mod timeline;
mod top;
mod torture;

use clap::{ColorChoice, Parser, Subcommand};

pub use compare::{CompareArgs, DrawArgs, PictureArgs};
pub use diff::DiffArgs;
pub use doctor::DoctorArgs;
pub use export::ExportArgs;
pub use given::Given;
pub use hook::HookArgs;
pub use measure::MeasureArgs;
pub use ministat::MinistatArgs;
use options::OptionsArgs;
pub use profile::ProfileArgs;
pub use report::ReportArgs;
pub use run::RunArgs;
pub use schema::{Saved, SchemaArgs};
pub use shell::{CompletionsArgs, ManArgs};
pub use sweep::SweepArgs;
pub use timeline::TimelineArgs;
pub use top::TopArgs;
pub use torture::TortureArgs;

/// Benchmark mmap/munmap under the trackers of epoch_bench.ko (mutex, epoch, ...), and test whether differences
/// are statistically significant
#[derive(Debug, Parser)]
#[command(
    name = "epoch-bench",
    version,
    after_help = "Exit codes: 0 success, 1 failure, 2 bad usage. SIGINT, SIGQUIT, SIGTERM \
                  and SIGHUP end the command as they end others, after it has put everything back."
)]
pub struct Cli {
    /// Subcommand.
    #[command(subcommand)]
    pub command: Command,

    /// Colour the output: always, never, or auto (on a terminal, unless NO_COLOR is set)
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true,
          value_parser = clap::value_parser!(ColorChoice))]
    pub color: ColorChoice,
}

const DOCTOR_HELP: &str = "\
OK: as it should be. WARN: works, but with fewer features, slower, or with results that are not \
reliable. MISSING: the modules cannot be built or loaded, or a command cannot run. UNKNOWN: could \
not be determined, and may be either.

The environment variables RUSTC, CC and BINDGEN select other compilers, as for make.

Exit codes: 0 nothing is MISSING, 1 something is MISSING, 2 bad usage.";

const COMPLETIONS_HELP: &str = "\
To install for all users: \
epoch-bench completions bash >/usr/share/bash-completion/completions/epoch-bench; \
for the current shell: source <(epoch-bench completions bash).";

const MAN_HELP: &str = "\
To install for all users: epoch-bench man /usr/local/share/man/man1; to read without installing: \
epoch-bench man DIR, and man DIR/epoch-bench.1.";

const DIFF_HELP: &str = "\
Samples of one run say nothing of how much runs and boots differ by themselves: the layout of \
memory, the frequency of CPUs and other guests of the host stay for a run, or for a boot. So what is \
compared are the means of boots, or of runs if all are of one boot, and a verdict takes two of each \
side, better five: name more files with --old and --new. Ratios of trackers that were measured side \
by side are compared, too: what a boot does to both cancels out.";

const PROFILE_HELP: &str = "\
Written to DIR: flame graphs (flame-TRACKER.svg), for two trackers also differential flame graphs \
(flame-FIRST-SECOND.svg and flame-SECOND-FIRST.svg), the stacks (folded/TRACKER.folded), and \
profile.json. Open the flame graphs in a browser: a click zooms in, Ctrl-F searches.

Requires perf. Without a PMU, as in most virtual machines, a timer is sampled instead of cycles.";

const ACTIVITY_HELP: &str = "\
Each result comes with the activity of the whole machine per iteration: context switches, \
inter-processor interrupts (IPIs: rescheduling and function calls), TLB shootdowns (on x86 \
included in the function calls), instructions if a PMU counts them, softirq time as a share of \
busy CPU time, and steal time as a share of all CPU time. The counts cover all processes and the \
kernel, because softirq time belongs to no process: other load distorts them. Counts that the \
machine does not provide are left out, and a line says why.";

const HOOK_HELP: &str = "\
The calls of COMMAND and all its descendants are hooked until COMMAND exits. Calls of a process \
that COMMAND asks for work but does not start, such as a daemon, are not: name it with --comm, or \
use --all.

The report goes to stderr. Exit codes: that of COMMAND; 128 plus the signal number if it was \
killed, 127 if it was not found, 126 if it could not be executed; of epoch-bench itself: \
1 failure, 2 bad usage.";

/// Subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Measure the throughput of one tracker; the output has will-it-scale's format
    #[command(after_long_help = ACTIVITY_HELP)]
    Run(RunArgs),
    /// Compare the throughput of several trackers with interleaved samples, and test whether they
    /// differ
    #[command(after_long_help = ACTIVITY_HELP)]
    Compare(CompareArgs),
    /// Measure scalability: compare trackers with 1, 2, 4, ... workers, and say where each peaks
    #[command(after_long_help = ACTIVITY_HELP)]
    Sweep(SweepArgs),
    /// Run a command with a tracker's blocks around its munmap calls, and measure call latency
    #[command(after_help = HOOK_HELP)]
    Hook(HookArgs),
    /// Stress-test trackers: look for waits that return too early
    Torture(TortureArgs),
    /// Show all epochs of the machine while they work: readers, grace periods, callbacks, stalls
    Top(TopArgs),
    /// Record sections, grace periods and callbacks of all epochs for some milliseconds, as a timeline
    /// for Perfetto
    Timeline(TimelineArgs),
    /// Sample kernel stacks with perf under one or two trackers, and draw flame graphs
    #[command(after_help = PROFILE_HELP)]
    Profile(ProfileArgs),
    /// Check prerequisites, and suggest fixes
    #[command(after_help = DOCTOR_HELP)]
    Doctor(DoctorArgs),
    /// Compare saved runs: of another kernel, another machine, another day
    #[command(after_long_help = DIFF_HELP)]
    Diff(DiffArgs),
    /// Plot a comparison or a sweep that was saved with --json, without measuring again
    Draw(DrawArgs),
    /// Print results saved with --json in the format of another tool: benchstat, hyperfine, ...
    Export(ExportArgs),
    /// Render results saved with --json as one self-contained HTML page
    Report(ReportArgs),
    /// Compare files of numbers; the output is that of FreeBSD's ministat
    #[command(disable_help_flag = false)]
    Ministat(MinistatArgs),
    /// Print the JSON Schema of the file that a command writes with --json
    Schema(SchemaArgs),
    /// Generate shell completions
    #[command(after_help = COMPLETIONS_HELP)]
    Completions(CompletionsArgs),
    /// Generate manual pages of this command and its subcommands
    #[command(after_help = MAN_HELP)]
    Man(ManArgs),
}

impl Command {
    /// Returns whether the command measures, and does not only print what there is.
    pub fn is_measurement(&self) -> bool {
        matches!(
            self,
            Self::Run(_)
                | Self::Compare(_)
                | Self::Sweep(_)
                | Self::Hook(_)
                | Self::Torture(_)
                | Self::Profile(_)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::ministat::Confidence;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    fn refused(args: &[&str]) -> String {
        let args = ["epoch-bench"].iter().chain(args);
        let error = Cli::try_parse_from(args).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        error.to_string()
    }

    #[test]
    fn absurd_numbers_are_refused() {
        for args in [
            ["run", "--tasks", "0"],
            ["run", "--tasks", "4097"],
            ["run", "--tasks", "-1"],
            ["run", "--samples", "0"],
            ["run", "--interval-ms", "0"],
            ["run", "--interval-ms", "99999999999"],
            ["run", "--warmup", "1001"],
            ["run", "--pages", "0"],
            ["run", "--keys", "0"],
            ["run", "--keys", "1048577"],
            ["run", "--waiters", "4096"],
            ["run", "--wait-rate", "1000001"],
            ["sweep", "--tasks", "1,0"],
            ["sweep", "--samples", "2"],
            ["profile", "--seconds", "0"],
            ["profile", "--frequency", "0"],
            ["profile", "--tasks", "0"],
            ["torture", "--seconds", "0"],
            ["torture", "--waiters", "0"],
            ["torture", "--switch-ms", "0"],
            ["hook", "--comm", "0123456789abcdef"],
            ["ministat", "-C", "0"],
            ["ministat", "-w", "1"],
            ["ministat", "-c", "97"],
            ["ministat", "-d", ""],
        ] {
            refused(&args);
        }
        refused(&["compare", "a", "b", "--samples", "2"]);
        for percent in ["0", "100", "-1", "nan", "x"] {
            refused(&["compare", "a", "b", "--within", percent]);
        }
        refused(&["profile", "a", "b", "c"]);
    }

    #[test]
    fn a_comparison_takes_at_most_nine_trackers() {
        refused(&["compare"]);
        refused(&["compare", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
        let args = ["epoch-bench", "compare", "a", "a"];
        let Command::Compare(args) = Cli::try_parse_from(args).unwrap().command else {
            panic!("compare was not parsed as such");
        };
        assert_eq!(args.trackers, ["a", "a"]);
        assert_eq!(args.confidence, Confidence::P95);
    }

    #[test]
    fn lists_are_separated_by_commas() {
        let args = [
            "epoch-bench",
            "sweep",
            "--trackers",
            "a,b",
            "--tasks=1,2,96",
        ];
        let Command::Sweep(args) = Cli::try_parse_from(args).unwrap().command else {
            panic!("sweep was not parsed as such");
        };
        assert_eq!(args.trackers, ["a", "b"]);
        assert_eq!(args.tasks, [1, 2, 96]);
        assert_eq!(
            args.given.fields().collect::<Vec<_>>(),
            ["tasks", "trackers"]
        );
    }

    #[test]
    fn words_after_the_dashes_are_the_command() {
        refused(&["hook", "true"]);
        refused(&["hook"]);
        refused(&["hook", "--all", "--comm", "sh", "--", "true"]);
        let args = [
            "epoch-bench",
            "hook",
            "--tracker",
            "spin,epoch",
            "--",
            "ls",
            "--all",
        ];
        let Command::Hook(args) = Cli::try_parse_from(args).unwrap().command else {
            panic!("hook was not parsed as such");
        };
        assert_eq!(args.tracker, ["spin", "epoch"]);
        assert_eq!(args.command, ["ls", "--all"]);
        assert!(!args.all);
    }
}
